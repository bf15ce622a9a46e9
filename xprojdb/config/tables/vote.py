"""The table ``[vote]`` of a recipe: taggers of the target language that vote on projected labels."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Le
from pydantic import field_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Text, Texts

#: the tagger that learns from the projection, and the prefix of models of the database
SELF, TRAINED = "self", "trained:"


class VoteTable(Settings):
    """``[vote]``: taggers of the target language that vote on projected labels.

    :param taggers: ``self``: a small tagger, trained on the labels projected onto the other sentences of the corpus;
        ``trained:NAME``: a model that this database has trained, on the gold labels of other languages for example;
        empty: none.
    :param mode: ``auto``: they vote where the source entities come from a tagger, and not where people labelled them;
        ``always``.
    :param encoder: the encoder whose word states the tagger reads; by default the aligner's, if it has one.
    :param layer: the layer of the encoder.
    """

    taggers: Texts = ("self",)
    mode: Literal["auto", "always"] = "auto"
    encoder: Text | None = None
    layer: Annotated[int, Ge(0), Le(1000)] = 7

    @field_validator("taggers")
    @classmethod
    def _known(cls, taggers: tuple[str, ...]) -> tuple[str, ...]:
        for name in taggers:
            if name != SELF and not (name.startswith(TRAINED) and name != TRAINED):
                hint = 'use "self", or "trained:NAME" for a model that was trained with \'xprojdb train\''
                raise RecipeError(f"{name!r} is not a tagger that can vote", hint=hint, name=name)
        return tuple(dict.fromkeys(taggers))

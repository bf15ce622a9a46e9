"""The table ``[combine]`` of a recipe: how the labels of several sources become one set."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le
from pydantic import field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.types import Share, Texts, Weight


def _source_name(name: str) -> str:
    """A source by the name it is stored under: ``transfer``, a language, or ``LANG@RECIPE``."""
    lang, at, recipe = name.partition("@")
    return name if name == "transfer" else f"{language_code(lang)}{at}{recipe}"


class CombineTable(Settings):
    """``[combine]``: how the labels that a target language has from several sources become one set.

    :param method: ``none``: they stay apart; ``majority`` and ``weighted``: labelled spans that more than a share of
        the sources, or of their weight, have; ``joint``: the entities of all sources compete for one set of spans.
    :param min_support: the share that is not enough; by default 0.5 of votes, 0.3 of what a joint match could give.
    :param weights: of the sources, for ``weighted`` and ``joint``: ``equal``; ``agreement``: by their agreement with
        the consensus of equal ones; ``learned``: by truth inference; or a table by language, 1 where it names none.
    :param min_score: of ``joint``: scores that are not above it support nothing.
    :param power: of ``joint``: scores are raised to it.
    :param other_label: of ``joint``: the share of its support that an entity gives to other labels on its spans.
    :param first_word: of ``joint``: what a span loses whose first word is a function word; in shares.
    :param last_word: of ``joint``: the same for its last word.
    :param max_frequency: of ``joint``: words that are more than this share of the corpus are function words.
    :param terms: of ``joint``: what it is worth that a span's words are labelled wherever else they occur; above 0 the
        match is done twice, the second time with the terms of the first.
    :param recipes: other recipes that have been run on this database: what they project onto the language, by other
        aligners, taggers or methods, are sources as well, called ``LANG@RECIPE``.
    :param transfer: the target language's own tagger is one more source, called ``transfer``.
    """

    method: Literal["none", "majority", "weighted", "joint"] = "none"
    min_support: Share | None = None
    weights: Literal["equal", "agreement", "learned"] | dict[str, Weight] = "agreement"
    min_score: Share = 0.2
    power: Annotated[float, Gt(0), Le(16)] = 2.0
    other_label: Annotated[float, Ge(0), Le(1)] = 0.3
    first_word: Share = 0.0
    last_word: Share = 0.0
    max_frequency: Annotated[float, Gt(0), Le(1)] = 0.02
    terms: Share = 0.0
    recipes: Texts = ()
    transfer: bool = False

    @field_validator("weights")
    @classmethod
    def _known(cls, weights: str | dict[str, float]) -> str | dict[str, float]:
        if isinstance(weights, str):
            return weights
        return {_source_name(name): weight for name, weight in weights.items()}

    @model_validator(mode="after")
    def _of_the_method(self) -> CombineTable:
        of_joint = {"min_score", "power", "other_label", "first_word", "last_word", "max_frequency", "terms"}
        of_joint = of_joint if self.method != "joint" else set()
        foreign = sorted(self.model_fields_set & (of_joint | ({"weights"} if self.method == "majority" else set())))
        if foreign:
            belongs = "weighted or joint" if foreign[0] == "weights" else "joint"
            raise RecipeError(f"the method {self.method!r} has no {foreign[0]}", hint=f"it belongs to {belongs}")
        return self

    @property
    def learn(self) -> str | None:
        """How the weights are learned; None when they are given."""
        if self.method == "majority" or not isinstance(self.weights, str) or self.weights == "equal":
            return None
        return self.weights

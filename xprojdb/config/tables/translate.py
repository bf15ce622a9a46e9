"""The table ``[translate]`` of a recipe: what translates, and in which direction."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.prefixed import PrefixedName, options_of, plugin_of
from xprojdb.config.fields.types import Probability, Text


class TranslateTable(Settings):
    """``[translate]``: what translates; without it, translations are those that were imported.

    :param direction: ``translate-test``: sentences of the target languages are translated into the source languages,
        labelled there, and their labels projected back; ``translate-train``: labelled sentences of the source languages
        are translated, and their labels projected onto the translation; ``round-trip``: as translate-test, but the
        labelled translation is translated back with its entities marked, and that is what labels come from.
    :param model: ``hf:MODEL`` (an encoder-decoder of Hugging Face), ``ct2:MODEL`` (the same by CTranslate2),
        ``apertium``, ``openai:MODEL`` (a server that speaks OpenAI's protocol), or that of a plug-in.
    :param back_model: of ``round-trip``: what translates back; by default the same.
    :param revision: the revision the model must have.
    :param keep_truncated: keep translations that were cut at the limits of the model; by default they are filtered.
    :param min_similarity: of entities carried by markers: how like its own translation what is in brackets must be.
    :param options: of the translator: ``beams``, ``ratio`` and ``extra`` of ``hf:`` and ``ct2:`` (a translation has
        ``ratio · n + extra`` sub-words at most), for example.
    """

    direction: Literal["translate-test", "translate-train", "round-trip"] = "translate-test"
    model: PrefixedName
    back_model: PrefixedName | None = None
    revision: Text | None = None
    keep_truncated: bool = False
    min_similarity: Probability = 0.5
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_the_direction(self) -> TranslateTable:
        if self.back_model is not None and self.direction != "round-trip":
            raise RecipeError(
                f"{self.direction} does not translate back",
                hint='leave out back_model, or say direction = "round-trip"',
                key="back_model",
            )
        return self

    @model_validator(mode="after")
    def _known(self) -> TranslateTable:
        for key, name in (("model", self.model), ("back_model", self.back_model)):
            if name is not None:
                self.options_of(name, key)
        return self

    def options_of(self, name: str, key: str = "model") -> Any:
        """The options of one of the translators.

        :param name: with its prefix.
        :param key: that names it, for errors.
        :raises RecipeError: when there is no such translator, or it has no such options.
        """
        return options_of(plugin_of("translators", name, key), self.options, "options")

"""The table ``[translate]`` of a recipe: the translator and the direction."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.prefixed import PrefixedName, options_of, plugin_of
from xprojdb.config.fields.types import Probability, Text

MarkerKind = Literal["brackets", "xml"]


class TranslateTable(Settings):
    """``[translate]``: the translator; without it, imported translations are used.

    :param direction: ``translate-test``: translate sentences of the target languages into the source languages, label
        them there, and project the labels back; ``translate-train``: translate labelled sentences of the source
        languages, and project the labels onto the translations; ``round-trip``: like translate-test, but translate the
        labelled translation back with its entities marked, and project from that.
    :param model: for all languages, or a table by direction (``sw-en``) or language (``sw``): ``hf:MODEL`` (an
        encoder-decoder from Hugging Face), ``ct2:MODEL`` (the same, run by CTranslate2), ``apertium``,
        ``openai:MODEL`` (a server that speaks OpenAI's protocol), ``imported:NAME`` (translations imported under a
        name), or a plug-in.
    :param back_model: with ``round-trip``, the model that translates back; by default ``model``.
    :param revision: the revision the model must have.
    :param keep_truncated: keep translations that were cut at the model's limits; by default they are filtered.
    :param markers: what surrounds entities on the way: ``brackets`` (EasyProject: a bracketed phrase belongs to the
        entity whose own translation it resembles) or ``xml`` (LabelPigeon: each entity has a tag of its own,
        ``<a>Paris</a>``); the translator must keep them.
    :param min_similarity: with brackets, how similar a bracketed phrase must be to the translation of its entity.
    :param options: options of the translator, such as ``beams``, ``ratio`` and ``extra`` of ``hf:`` and ``ct2:`` (a
        translation has at most ``ratio · n + extra`` sub-words).
    """

    direction: Literal["translate-test", "translate-train", "round-trip"] = "translate-test"
    model: PrefixedName | dict[str, PrefixedName]
    back_model: PrefixedName | None = None
    revision: Text | None = None
    keep_truncated: bool = False
    markers: MarkerKind = "brackets"
    min_similarity: Probability = 0.5
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_the_direction(self) -> TranslateTable:
        if self.back_model is not None and self.direction != "round-trip":
            raise RecipeError(
                f"{self.direction} does not translate back",
                hint='leave out back_model, or set direction = "round-trip"',
                key="back_model",
            )
        return self

    @model_validator(mode="after")
    def _of_the_markers(self) -> TranslateTable:
        if self.markers == "xml" and "min_similarity" in self.model_fields_set:
            hint = "leave it out: a tag says which entity it belongs to"
            raise RecipeError("min_similarity belongs to markers = 'brackets'", hint=hint, key="min_similarity")
        return self

    @model_validator(mode="after")
    def _valid_options(self) -> TranslateTable:
        named = [("model", name) for name in self.names]
        named += [("back_model", self.back_model)] if self.back_model is not None else []
        if not named:
            raise RecipeError("the table of models is empty", hint='name one: model = { sw = "hf:MODEL" }', key="model")
        for key, name in named:
            self.options_of(name, key)
        return self

    @field_validator("model")
    @classmethod
    def _by_language(cls, model: str | dict[str, str]) -> str | dict[str, str]:
        if isinstance(model, str):
            return model
        return {"-".join(map(language_code, _direction(key))): name for key, name in model.items()}

    @property
    def names(self) -> list[str]:
        """The names of the translators, in the order of the table."""
        return [self.model] if isinstance(self.model, str) else [*self.model.values()]

    def model_for(self, original: str, rendering: str) -> str | None:
        """The translator of a direction: the one listed for it, or else for its source or its target language.

        :returns: None if the table has none.
        """
        if isinstance(self.model, str):
            return self.model
        keys = (f"{original}-{rendering}", original, rendering)
        return next((self.model[key] for key in keys if key in self.model), None)

    def options_of(self, name: str, key: str = "model") -> Any:
        """The options for one of the translators.

        :param name: the model, with its prefix.
        :param key: the key that names it, for errors.
        :raises RecipeError: when there is no such translator, or an option is unknown or invalid.
        """
        return options_of(plugin_of("translators", name, key), self.options, "options")


def _direction(key: str) -> tuple[str, ...]:
    """Split a key of the table into one language or two. Language codes may themselves contain hyphens."""
    parts = key.split("-")
    for place in range(1, len(parts)):
        pair = "-".join(parts[:place]), "-".join(parts[place:])
        if all(map(_is_language, pair)):
            return pair
    return (key,)


def _is_language(code: str) -> bool:
    try:
        language_code(code)
    except RecipeError:
        return False
    return True

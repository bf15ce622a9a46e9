"""The table ``[tag]`` of a recipe: the taggers that find entities."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from dataclasses import fields
from typing import Annotated, Any

from annotated_types import Ge, Le
from pydantic import ConfigDict, Field, field_validator, model_validator

from xprojdb import entry_points
from xprojdb.config.base import Settings
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.languages import language_code
from xprojdb.config.fields.prefixed import options_of, plugin_of


class TagTable(Settings):
    """``[tag]``: the taggers of the source languages; without it, gold entities are used.

    Other keys are those of the taggers in ``models``.

    :param model: the tagger of all source languages not listed in ``models``.
    :param models: a tagger for each source language: ``spacy:PACKAGE``, ``hf:MODEL`` for a token classifier from
        Hugging Face, ``openai:MODEL`` for a model behind a server, ``trained:NAME`` for a model that this database has
        trained, ``imported:NAME`` for predictions imported under a name, or a plug-in; other languages keep their gold
        entities. Taggers of target languages serve scorers and candidates.
    :param gazetteer: a name that is tagged in at least this share of its places in the corpus is tagged in all of them,
        in source languages; 0: none is.
    """

    model_config = ConfigDict(extra="allow")

    gazetteer: Annotated[float, Ge(0), Le(1)] = 0.0
    model: str | None = None
    models: dict[str, str] = Field(default_factory=dict)

    @field_validator("model")
    @classmethod
    def _known_model(cls, model: str | None) -> str | None:
        if model is not None:
            plugin_of("taggers", model, "")
        return model

    @field_validator("models")
    @classmethod
    def _installed(cls, models: dict[str, str]) -> dict[str, str]:
        for name in models.values():
            plugin_of("taggers", name, "")
        return {language_code(lang): name for lang, name in models.items()}

    @model_validator(mode="after")
    def _own_keys(self) -> TagTable:
        if not self.names:
            hint = 'name one: models = { en = "spacy:PACKAGE" }'
            raise RecipeError("no tagger is named", hint=hint, key="models")
        for name in self.names:
            self.config_of(name)
        used = {key for name in self.names for key in _keys(plugin_of("taggers", name, ""))}
        for key in self.options:
            if key not in used:
                raise self._unknown(key, used)
        return self

    @property
    def names(self) -> list[str]:
        """The names of all taggers."""
        return [*([self.model] if self.model else []), *self.models.values()]

    def name_for(self, lang: str, *, source: bool) -> str | None:
        """The tagger of a language; None if it has none.

        :param source: whether labels are projected from the language.
        """
        return self.models.get(lang, self.model if source else None)

    @property
    def options(self) -> dict[str, Any]:
        """The keys that belong to taggers."""
        return dict(self.__pydantic_extra__ or {})

    def config_of(self, name: str) -> Any:
        """Build the ``Config`` of a tagger from the keys it has.

        :param name: the model, with its prefix.
        """
        plugin = plugin_of("taggers", name, "models")
        keys = set(_keys(plugin))
        return options_of(plugin, {key: value for key, value in self.options.items() if key in keys}, "")

    def _unknown(self, key: str, used: set[str]) -> RecipeError:
        belongs = [name for name, plugin in entry_points.loaded("taggers") if key in set(_keys(plugin))]
        if belongs:
            names = " or ".join(f"{name}:…" for name in belongs)
            message, hint = f"no tagger in models has {key}", f"it belongs to {names}"
            return RecipeError(message, hint=hint, key=key, belongs=tuple(belongs))
        nearest = next(iter(difflib.get_close_matches(key, {"models", *used}, n=1, cutoff=0.4)), None)
        keys = ", ".join(["models", *sorted(used)])
        hint = f"did you mean {nearest}?" if nearest else f"known keys: {keys}"
        return RecipeError("unknown key {key}", hint=hint, key=key, nearest=nearest)


def _keys(plugin: Any) -> Iterator[str]:
    return (field.name for field in fields(plugin.Config))

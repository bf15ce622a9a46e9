"""The tagger ``spacy:PACKAGE``: a spaCy pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from xprojdb.models.taggers.spacy import SpacyTagger, TaggerParams, spacy_revision
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.stage import TagParams
from xprojdb.steps.tag.variant import TaggerConfig, TaggerPlugin


@dataclass(frozen=True, kw_only=True)
class SpacyConfig(TaggerConfig):
    """``[tag]`` with ``spacy:``.

    :param trim: leave English articles and the possessive 's out of entities, as gold annotations do; ``"language"``:
        the articles and clitics of the language.
    """

    trim: bool | Literal["language"] = TaggerParams.trim


@dataclass(frozen=True, kw_only=True)
class SpacyParams(TagParams):
    """Parameters of a ``spacy`` tag step."""

    trim: bool | Literal["language"]


class Spacy(TaggerPlugin):
    """The plug-in ``spacy``."""

    name: ClassVar[str] = "spacy"
    Config = SpacyConfig
    metavar = "PACKAGE"

    def revision(self, model: str) -> str:
        return spacy_revision(model)

    def params(self, config: SpacyConfig, lang: str) -> dict[str, Any]:
        return SpacyParams(lang=lang, trim=config.trim).to_params()

    def load(self, spec: StepSpec) -> Any:
        params = SpacyParams.from_params(spec.params)
        return SpacyTagger(spec.model or "", TaggerParams(trim=params.trim, lang=params.lang))

"""The tagger ``hf:MODEL``: a token classifier from Hugging Face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.taggers.token_classifier import Aggregation, ClassifierParams, TokenClassifier, classifier_labels
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.tag.stage import TagParams
from xprojdb.steps.tag.variant import TaggerConfig, TaggerPlugin


@dataclass(frozen=True, kw_only=True)
class HfConfig(TaggerConfig):
    """``[tag]`` with ``hf:``.

    :param subwords: how the labels of sub-words become a word's label: ``first``, ``max`` or ``average``.
    :param keep_scores: store word probabilities even if no scorer needs them.
    """

    subwords: Aggregation = ClassifierParams.subwords
    keep_scores: bool = False


@dataclass(frozen=True, kw_only=True)
class HfParams(TagParams):
    """Parameters of an ``hf`` tag step."""

    subwords: Aggregation


class Hf(TaggerPlugin):
    """The plug-in ``hf``."""

    name: ClassVar[str] = "hf"
    Config = HfConfig
    has_scores = True

    def revision(self, model: str) -> str:
        folder = resolve(model)
        classifier_labels(folder, model)
        return folder.revision

    def canonical(self, model: str) -> str:
        return canonical_id(model)

    def labels(self, model: str, config: HfConfig | None = None) -> tuple[str, ...]:  # noqa: ARG002
        return classifier_labels(resolve(model), model)

    def params(self, config: HfConfig, lang: str) -> dict[str, Any]:
        return HfParams(lang=lang, subwords=config.subwords).to_params()

    def keeps_scores(self, config: HfConfig) -> bool:
        return config.keep_scores

    def load(self, spec: StepSpec) -> Any:
        params = ClassifierParams(HfParams.from_params(spec.params).subwords)
        return TokenClassifier(spec.model or "", params, revision=spec.revision)

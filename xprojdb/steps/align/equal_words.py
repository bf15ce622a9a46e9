"""The aligner ``equal_words``: links words that are spelled the same, without a model."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from xprojdb.config.tables.align import WordsConfig
from xprojdb.models.aligners.equal_words import EqualWordsAligner, EqualWordsParams, Repeats, Words
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, AlignParams
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class EqualWordsConfig(EqualWordsParams, WordsConfig):
    """``[align]`` with ``aligner = "equal_words"``: link names, numbers and other words spelled the same."""


@dataclass(frozen=True, kw_only=True)
class EqualWordsStepParams(AlignParams):
    """Parameters of an ``equal_words`` align step."""

    aligner: str = "equal_words"
    words: Words
    repeats: Repeats


class EqualWords(AlignerPlugin):
    """The plug-in ``equal_words``."""

    name: ClassVar[str] = "equal_words"
    Config = EqualWordsConfig

    def spec(self, config: EqualWordsConfig) -> StepSpec:
        own = {name: getattr(config, name) for name in asdict(EqualWordsParams())}
        return StepSpec(KIND, VERSION, EqualWordsStepParams(**own).to_params())

    def load(self, spec: StepSpec) -> Any:
        params = EqualWordsStepParams.from_params(spec.params)
        return EqualWordsAligner(EqualWordsParams(params.words, params.repeats))

    def title(self, spec: StepSpec) -> str:  # noqa: ARG002
        return "by equal words"

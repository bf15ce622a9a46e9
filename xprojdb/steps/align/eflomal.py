"""The aligner ``eflomal``: a statistical aligner trained on the corpus."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, ClassVar

from annotated_types import Gt, Le

from xprojdb.config.tables.align import WordsConfig
from xprojdb.models.aligners.eflomal import EflomalParams, Symmetrization, eflomal_version
from xprojdb.steps.align.variant import KIND, VERSION, AlignerPlugin, AlignParams, load_aligner
from xprojdb.steps.fit.link_counts import LinkCounts, LinkCountsParams
from xprojdb.steps.params import left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Stage


@dataclass(frozen=True, kw_only=True)
class EflomalConfig(EflomalParams, WordsConfig):
    """``[align]`` with ``aligner = "eflomal"``: trained on all translations of the corpus between two languages.

    :param iterations: training iterations, relative to the number eflomal would choose.
    """

    iterations: Annotated[float, Gt(0), Le(100)] = 0.3


@dataclass(frozen=True, kw_only=True)
class EflomalStepParams(AlignParams):
    """Parameters of an eflomal align step; ``iterations`` moves to the training step."""

    aligner: str = "eflomal"
    symmetrization: Symmetrization
    min_probability: float
    iterations: float | None = left_out(None)


class EflomalPlugin(AlignerPlugin):
    """The plug-in ``eflomal``."""

    name: ClassVar[str] = "eflomal"
    Config = EflomalConfig

    def spec(self, config: EflomalConfig) -> StepSpec:
        own = {name: getattr(config, name) for name in asdict(EflomalParams())}
        params = EflomalStepParams(**own, iterations=config.iterations)
        return StepSpec(KIND, VERSION, params.to_params(), "eflomal", eflomal_version())

    def for_languages(self, spec: StepSpec, pair: Bitext) -> StepSpec:
        params = EflomalStepParams.from_params(spec.params)
        training = LinkCountsParams(
            lang=pair.original_lang,
            rendering_lang=pair.rendering_lang,
            iterations=params.iterations or EflomalConfig.iterations,
            segment=params.segment,
        )
        counts = StepSpec(LinkCounts.kind, LinkCounts.version, training.to_params(), spec.model, spec.revision)
        return replace(spec, params=replace(params, iterations=None).to_params(), inputs={"counts": counts})

    def load(self, spec: StepSpec) -> Any:
        """Load the trainer or, for an align step, the aligner that uses what it learned."""
        from xprojdb.models.aligners.eflomal import Eflomal

        if spec.kind == LinkCounts.kind:
            return Eflomal(iterations=LinkCountsParams.from_params(spec.params).iterations)
        params = EflomalStepParams.from_params(spec.params)
        return Eflomal(EflomalParams(params.symmetrization, params.min_probability))

    def stage(self, spec: StepSpec) -> Stage:
        from xprojdb.steps.align.stage import AlignTrained

        return AlignTrained(spec, lambda: load_aligner(spec))

    def title(self, spec: StepSpec) -> str:
        return f"with eflomal {spec.revision} ({EflomalStepParams.from_params(spec.params).symmetrization})"

    def keeps_weak_links(self, config: EflomalConfig) -> bool:
        return config.symmetrization == "soft"

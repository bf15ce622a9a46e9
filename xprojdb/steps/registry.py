"""Find the stage that runs a step, by the step's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xprojdb.errors import OtherVersion
from xprojdb.steps.align.variant import VERSION as ALIGN_VERSION
from xprojdb.steps.align.variant import align_stage, load_aligner
from xprojdb.steps.combine.reliability import ReliabilityFit
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.fit.entity_renderings import EntityRenderingsFit
from xprojdb.steps.fit.link_counts import LinkCounts
from xprojdb.steps.fit.mean_vectors import MeanVectors
from xprojdb.steps.fit.name_habits import NameHabitsFit
from xprojdb.steps.fit.surface_forms import SurfaceFormsFit
from xprojdb.steps.fit.tagged_names import TaggedNamesFit
from xprojdb.steps.fit.target_tagger import TargetTaggerFit
from xprojdb.steps.fit.terms import TermsFit
from xprojdb.steps.fit.tuned_encoder import TunedEncoder
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.project.evidence import EvidenceFit
from xprojdb.steps.project.heuristic import ProjectHeuristically
from xprojdb.steps.project.markers import ProjectMarkers
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.project.revised import ProjectRevised
from xprojdb.steps.quality.stage import TranslationQuality
from xprojdb.steps.score.variant import score_stage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage
from xprojdb.steps.tag.gazetteer import Gazetteer
from xprojdb.steps.tag.imported import ImportedTags
from xprojdb.steps.tag.openai import TagServed
from xprojdb.steps.tag.variant import load_tagger, tag_stage
from xprojdb.steps.train.measure import Measure
from xprojdb.steps.train.params import SampleParams
from xprojdb.steps.train.stage import Train, TrainedBefore
from xprojdb.steps.train.tagger import MODEL, TagTrained
from xprojdb.steps.translate.carry import Carry
from xprojdb.steps.translate.imported import ImportedTranslations
from xprojdb.steps.translate.stage import Translate
from xprojdb.steps.translate.variant import load_step_translator

Factory = Callable[[StepSpec], Stage | None]
#: stages without a model
_PLAIN: tuple[Any, ...] = (
    ProjectMatch,
    ProjectHeuristically,
    ProjectMarkers,
    ProjectRevised,
    WordFrequencies,
    TaggedNamesFit,
    Gazetteer,
    NameHabitsFit,
    TermsFit,
    EntityRenderingsFit,
    SurfaceFormsFit,
    TargetTaggerFit,
    EvidenceFit,
    ReliabilityFit,
    TranslationQuality,
    Combine,
    Measure,
)
#: stages with a model, and the functions that load it
_LOADING: tuple[tuple[Any, Callable[[StepSpec], Any]], ...] = (
    (MeanVectors, lambda spec: load_aligner(spec, "encoder")),
    (LinkCounts, lambda spec: load_aligner(spec, "eflomal")),
    (TunedEncoder, lambda spec: load_aligner(spec, "tuned")),
    (Translate, load_step_translator),
    (Carry, load_step_translator),
)
#: the kinds of steps whose items are corpora
FITS = frozenset(
    stage.kind
    for stage in (
        WordFrequencies,
        TaggedNamesFit,
        NameHabitsFit,
        LinkCounts,
        MeanVectors,
        TermsFit,
        EntityRenderingsFit,
        SurfaceFormsFit,
        TargetTaggerFit,
        TunedEncoder,
        EvidenceFit,
        ReliabilityFit,
    )
)
#: the kinds of the steps that make models, and of those that these read: a plan that uses a model does not train it
MODELS = frozenset({Train.kind, SampleParams.kind})
#: the kinds of steps that make translations
LINKING = frozenset({Translate.kind, Carry.kind})


def stage_of(spec: StepSpec) -> Stage:
    """The stage for a step, ready to be bound and opened. No model is loaded.

    A step whose plug-in is not installed has a stage as well, which can be shown but not opened.

    :raises OtherVersion: when this version of xprojdb has no such stage, or a different version of it.
    """
    factory = _FACTORIES.get(spec.kind)
    stage = factory(spec) if factory is not None else None
    if stage is None:
        raise OtherVersion(
            f"this version of xprojdb has no stage {spec.kind!r} of version {spec.version}",
            hint="run the recipe again to plan steps of the current versions next to the old ones",
            kind=spec.kind,
            version=spec.version,
        )
    return stage


def _imported(stage: Any, factory: Factory) -> Factory:
    """A factory that makes a stage filled by an import if the model's name says so, and otherwise calls another one."""

    def make(spec: StepSpec) -> Stage | None:
        ours = (spec.model or "").startswith("imported:") and spec.version == stage.version
        return stage(spec) if ours else factory(spec)

    return make


def _plain(stage: Any) -> Factory:
    return lambda spec: stage(spec) if spec.version == stage.version else None


def _loading(stage: Any, load: Callable[[StepSpec], Any]) -> Factory:
    return lambda spec: stage(spec, lambda: load(spec)) if spec.version == stage.version else None


def _tag(spec: StepSpec) -> Stage | None:
    if spec.version == TagServed.version and (spec.model or "").startswith("openai:"):
        return TagServed(spec, lambda: load_tagger(spec))
    return TagTrained(spec) if MODEL in spec.inputs and spec.version == TagTrained.version else tag_stage(spec)


_FACTORIES: Mapping[str, Factory] = {
    **{stage.kind: _plain(stage) for stage in _PLAIN},
    **{stage.kind: _loading(stage, load) for stage, load in _LOADING},
    "align": lambda spec: align_stage(spec) if spec.version == ALIGN_VERSION else None,
    "score": score_stage,
    Train.kind: lambda spec: _plain(Train)(spec) or _plain(TrainedBefore)(spec),
    "tag": _imported(ImportedTags, _tag),
    "translate": _imported(ImportedTranslations, _loading(Translate, load_step_translator)),
}

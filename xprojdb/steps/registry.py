"""The stage that runs a step, by the step's kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from xprojdb.errors import DatabaseError
from xprojdb.steps.align.variant import VERSION as ALIGN_VERSION
from xprojdb.steps.align.variant import align_stage, load_aligner
from xprojdb.steps.combine.reliability import ReliabilityFit
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.fit.entity_renderings import EntityRenderingsFit
from xprojdb.steps.fit.link_counts import LinkCounts
from xprojdb.steps.fit.mean_vectors import MeanVectors
from xprojdb.steps.fit.name_habits import NameHabitsFit
from xprojdb.steps.fit.surface_forms import SurfaceFormsFit
from xprojdb.steps.fit.terms import TermsFit
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.project.heuristic import ProjectHeuristically
from xprojdb.steps.project.markers import ProjectMarkers
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.score.variant import score_stage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage
from xprojdb.steps.tag.variant import tag_stage
from xprojdb.steps.translate.carry import Carry
from xprojdb.steps.translate.stage import Translate
from xprojdb.steps.translate.variant import load_step_translator

Factory = Callable[[StepSpec], Stage | None]
#: stages that load nothing
_PLAIN: tuple[Any, ...] = (
    ProjectMatch,
    ProjectHeuristically,
    ProjectMarkers,
    WordFrequencies,
    NameHabitsFit,
    TermsFit,
    EntityRenderingsFit,
    SurfaceFormsFit,
    ReliabilityFit,
    Combine,
)
#: stages that load a model, and what loads it
_LOADING: tuple[tuple[Any, Callable[[StepSpec], Any]], ...] = (
    (MeanVectors, lambda spec: load_aligner(spec, "encoder")),
    (LinkCounts, lambda spec: load_aligner(spec, "eflomal")),
    (Translate, load_step_translator),
    (Carry, load_step_translator),
)
#: the kinds of the steps whose items are corpora
FITS = frozenset(
    each.kind
    for each in (
        WordFrequencies,
        NameHabitsFit,
        LinkCounts,
        MeanVectors,
        TermsFit,
        EntityRenderingsFit,
        SurfaceFormsFit,
        ReliabilityFit,
    )
)
#: the kinds of the steps that make translations
LINKING = frozenset({Translate.kind, Carry.kind})


def stage_of(spec: StepSpec) -> Stage:
    """The stage for a step, ready to be bound and opened; no model is loaded.

    A step whose plug-in is not installed has a stage, too: it can be shown, and refuses to be opened.

    :raises DatabaseError: when this version of the code has no such stage, or another version of it.
    """
    factory = _FACTORIES.get(spec.kind)
    stage = factory(spec) if factory is not None else None
    if stage is None:
        raise DatabaseError(
            f"this version of xprojdb has no stage {spec.kind!r} of version {spec.version}",
            hint="run the recipe again: it plans steps of today's versions beside the old ones",
            kind=spec.kind,
            version=spec.version,
        )
    return stage


def _plain(stage: Any) -> Factory:
    return lambda spec: stage(spec) if spec.version == stage.version else None


def _loading(stage: Any, load: Callable[[StepSpec], Any]) -> Factory:
    return lambda spec: stage(spec, lambda: load(spec)) if spec.version == stage.version else None


_FACTORIES: Mapping[str, Factory] = {
    **{stage.kind: _plain(stage) for stage in _PLAIN},
    **{stage.kind: _loading(stage, load) for stage, load in _LOADING},
    "align": lambda spec: align_stage(spec) if spec.version == ALIGN_VERSION else None,
    "score": score_stage,
    "tag": tag_stage,
}

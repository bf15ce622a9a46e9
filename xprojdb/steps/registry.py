"""The stage that runs a step, by the step's kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from xprojdb.errors import DatabaseError
from xprojdb.steps.align.imported import ImportedLinks
from xprojdb.steps.align.stage import Align, AlignCentred, AlignTrained
from xprojdb.steps.align.vote import VoteLinks
from xprojdb.steps.combine.reliability import ReliabilityFit
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.fit.entity_renderings import EntityRenderingsFit
from xprojdb.steps.fit.link_counts import LinkCounts
from xprojdb.steps.fit.mean_vectors import MeanVectors
from xprojdb.steps.fit.surface_forms import SurfaceFormsFit
from xprojdb.steps.fit.terms import TermsFit
from xprojdb.steps.fit.word_frequencies import WordFrequencies
from xprojdb.steps.project.heuristic import ProjectHeuristically
from xprojdb.steps.project.markers import ProjectMarkers
from xprojdb.steps.project.match import ProjectMatch
from xprojdb.steps.score.scorers import SCORERS
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage
from xprojdb.steps.tag.stage import Tag
from xprojdb.steps.translate.carry import Carry
from xprojdb.steps.translate.stage import Translate

if TYPE_CHECKING:
    from xprojdb.models.aligners.eflomal import Eflomal
    from xprojdb.models.aligners.encoder import EncoderAligner
    from xprojdb.models.aligners.equal_words import EqualWordsAligner
    from xprojdb.models.aligners.transalign import TransAligner
    from xprojdb.models.taggers.spacy import Tagger
    from xprojdb.models.translators.translator import Translator


#: the kinds of the steps whose items are corpora
FITS = frozenset(
    each.kind
    for each in (
        WordFrequencies,
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

    :raises DatabaseError: when this version of the code has no such stage, or another version of it.
    """
    for stage in _PLAIN:
        if (spec.kind, spec.version) == (stage.kind, stage.version):
            return cast("Stage", stage(spec))
    for loading, load in _LOADING:
        if (spec.kind, spec.version) == (loading.kind, loading.version):
            return cast("Stage", loading(spec, partial(load, spec)))
    if spec.kind == Align.kind and spec.version == Align.version:
        return _align_stage(spec)
    if spec.kind == "score" and spec.params["score"] in SCORERS:
        scorer = SCORERS[spec.params["score"]]
        if spec.version == scorer.version:
            return scorer(spec)
    raise DatabaseError(
        f"this version of xprojdb has no stage {spec.kind!r} of version {spec.version}",
        hint="run the recipe again: it plans steps of today's versions beside the old ones",
        kind=spec.kind,
        version=spec.version,
    )


def _align_stage(spec: StepSpec) -> Stage:
    aligner = spec.params.get("aligner", "encoder")
    if aligner == "vote":
        return VoteLinks(spec)
    if aligner == "imported":
        return ImportedLinks(spec)
    if aligner == "eflomal":
        return AlignTrained(spec, partial(_of_words(_load_eflomal), spec))
    if aligner == "transalign":
        return Align(spec, partial(_of_words(_load_transaligner), spec))
    if aligner == "exact":
        return Align(spec, partial(_of_words(_load_exact), spec))
    stage = AlignCentred if "original_mean" in spec.inputs else Align
    return stage(spec, partial(_of_words(_load_aligner), spec))


def _of_words(load: Callable[[StepSpec], Any]) -> Callable[[StepSpec], Any]:
    """What makes an aligner; where sentences are in smaller units than words, one that is told words."""

    def wrapped(spec: StepSpec) -> Any:
        sides = spec.params.get("segment")
        if not sides:
            return load(spec)
        from xprojdb.models.aligners.segmented import UnitAligner

        return UnitAligner(load(spec), *(sides.get(side, {}).get("lang") for side in ("original", "rendering")))

    return wrapped


def _load_eflomal(spec: StepSpec) -> Eflomal:
    """That which trains, or that which aligns with what was learned."""
    from xprojdb.models.aligners.eflomal import Eflomal, EflomalParams

    if spec.kind == LinkCounts.kind:
        return Eflomal(iterations=spec.params["iterations"])
    return Eflomal(EflomalParams(spec.params["rule"], spec.params["threshold"]))


def _load_transaligner(spec: StepSpec) -> TransAligner:
    from xprojdb.models.aligners.transalign import load_transaligner

    assert spec.model is not None
    return load_transaligner(spec.model, spec.revision, dict(spec.params))


def _load_exact(spec: StepSpec) -> EqualWordsAligner:
    from xprojdb.models.aligners.equal_words import EqualWordsAligner, EqualWordsParams

    return EqualWordsAligner(EqualWordsParams(spec.params["words"], spec.params["repeats"]))


def _load_aligner(spec: StepSpec) -> EncoderAligner:
    from xprojdb.models.aligners.encoder import AlignerParams, EncoderAligner
    from xprojdb.models.encoders.encoder import Encoder

    assert spec.model is not None
    params = {name: value for name, value in spec.params.items() if name not in ("lang", "segment")}
    return EncoderAligner(Encoder(spec.model, revision=spec.revision), AlignerParams.from_json(params))


def _load_translator(spec: StepSpec) -> Translator:
    from xprojdb.models.translators.translator import load_translator

    assert spec.model is not None
    return load_translator(spec.model, spec.params["options"], spec.revision)


def _load_tagger(spec: StepSpec) -> Tagger:
    from xprojdb.models.taggers.spacy import SpacyTagger, TaggerParams
    from xprojdb.models.taggers.token_classifier import ClassifierParams, TokenClassifier

    assert spec.model is not None
    if spec.model.startswith("hf:"):
        params = ClassifierParams(spec.params["subwords"])
        return TokenClassifier(spec.model.removeprefix("hf:"), params, revision=spec.revision)
    return SpacyTagger(spec.model.removeprefix("spacy:"), TaggerParams(trim=spec.params["trim"]))


#: stages that load nothing
_PLAIN: tuple[Any, ...] = (
    ProjectMatch,
    ProjectHeuristically,
    ProjectMarkers,
    WordFrequencies,
    TermsFit,
    EntityRenderingsFit,
    SurfaceFormsFit,
    ReliabilityFit,
    Combine,
)
#: stages that load a model, and what loads it
_LOADING: tuple[tuple[Any, Callable[[StepSpec], Any]], ...] = (
    (MeanVectors, _of_words(_load_aligner)),
    (LinkCounts, _of_words(_load_eflomal)),
    (Tag, _load_tagger),
    (Translate, _load_translator),
    (Carry, _load_translator),
)

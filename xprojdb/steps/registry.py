"""The stage that runs a step, by the step's kind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from xprojdb.errors import DatabaseError
from xprojdb.steps.align import Align, AlignCentred
from xprojdb.steps.carry import Carry
from xprojdb.steps.combining.combine import Combine
from xprojdb.steps.combining.reliability import Reliability
from xprojdb.steps.heuristic import ProjectHeuristically
from xprojdb.steps.learning.forms import FormsFit
from xprojdb.steps.learning.frequencies import Frequencies
from xprojdb.steps.learning.means import Means
from xprojdb.steps.learning.renderings import RenderingsFit
from xprojdb.steps.learning.terms import TermsFit
from xprojdb.steps.project import Project
from xprojdb.steps.project_markers import ProjectMarkers
from xprojdb.steps.scoring.scorers import SCORERS
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage
from xprojdb.steps.tag import Tag
from xprojdb.steps.translate import Translate

if TYPE_CHECKING:
    from xprojdb.models.aligners import EncoderAligner
    from xprojdb.models.taggers import Tagger
    from xprojdb.models.translators import Translator


#: the kinds of the steps whose items are corpora
FITS = frozenset(each.kind for each in (Frequencies, Means, TermsFit, RenderingsFit, FormsFit, Reliability))


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
        aligner = AlignCentred if "original_mean" in spec.inputs else Align
        return aligner(spec, partial(_load_aligner, spec))
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


def _load_aligner(spec: StepSpec) -> EncoderAligner:
    from xprojdb.models.aligners import AlignerParams, EncoderAligner
    from xprojdb.models.encoder import Encoder

    assert spec.model is not None
    params = {name: value for name, value in spec.params.items() if name != "lang"}
    return EncoderAligner(Encoder(spec.model, revision=spec.revision), AlignerParams.from_json(params))


def _load_translator(spec: StepSpec) -> Translator:
    from xprojdb.models.translators import load_translator

    assert spec.model is not None
    return load_translator(spec.model, spec.params["options"], spec.revision)


def _load_tagger(spec: StepSpec) -> Tagger:
    from xprojdb.models.taggers import SpacyTagger, TaggerParams
    from xprojdb.models.token_classifier import ClassifierParams, TokenClassifier

    assert spec.model is not None
    if spec.model.startswith("hf:"):
        params = ClassifierParams(spec.params["subwords"])
        return TokenClassifier(spec.model.removeprefix("hf:"), params, revision=spec.revision)
    return SpacyTagger(spec.model.removeprefix("spacy:"), TaggerParams(trim=spec.params["trim"]))


#: stages that load nothing
_PLAIN: tuple[Any, ...] = (
    Project,
    ProjectHeuristically,
    ProjectMarkers,
    Frequencies,
    TermsFit,
    RenderingsFit,
    FormsFit,
    Reliability,
    Combine,
)
#: stages that load a model, and what loads it
_LOADING: tuple[tuple[Any, Callable[[StepSpec], Any]], ...] = (
    (Means, _load_aligner),
    (Tag, _load_tagger),
    (Translate, _load_translator),
    (Carry, _load_translator),
)

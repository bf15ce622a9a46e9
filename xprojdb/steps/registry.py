"""The stage that runs a step, by the step's kind."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xprojdb.errors import DatabaseError
from xprojdb.steps.align import Align
from xprojdb.steps.project import Project
from xprojdb.steps.score import Score
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Stage
from xprojdb.steps.tag import Tag

if TYPE_CHECKING:
    from xprojdb.models.aligners import Aligner
    from xprojdb.models.taggers import Tagger


def stage_of(spec: StepSpec) -> Stage:
    """The stage for a step, ready to be bound and opened; no model is loaded.

    :raises DatabaseError: when this version of the code has no such stage, or another version of it.
    """
    if spec.kind == Align.kind and spec.version == Align.version:
        return Align(spec, partial(_load_aligner, spec))
    if spec.kind == Tag.kind and spec.version == Tag.version:
        return Tag(spec, partial(_load_tagger, spec))
    for stage in (Score, Project):
        if (spec.kind, spec.version) == (stage.kind, stage.version):
            return stage(spec)
    raise DatabaseError(
        f"this version of xprojdb has no stage {spec.kind!r} of version {spec.version}",
        hint="run the recipe again: it plans steps of today's versions beside the old ones",
        kind=spec.kind,
        version=spec.version,
    )


def _load_aligner(spec: StepSpec) -> Aligner:
    from xprojdb.models.aligners import AlignerParams, EncoderAligner
    from xprojdb.models.encoder import Encoder

    assert spec.model is not None
    return EncoderAligner(Encoder(spec.model, revision=spec.revision), AlignerParams.from_json(dict(spec.params)))


def _load_tagger(spec: StepSpec) -> Tagger:
    from xprojdb.models.taggers import SpacyTagger, TaggerParams

    assert spec.model is not None
    return SpacyTagger(spec.model.removeprefix("spacy:"), TaggerParams(trim=spec.params["trim"]))

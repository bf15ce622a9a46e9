"""Plan the vote of taggers on projected labels."""

from __future__ import annotations

from collections.abc import Mapping

from xprojdb.config.recipe import Recipe
from xprojdb.config.tables.vote import SELF, TRAINED, VoteTable
from xprojdb.models.store import canonical_id, resolve
from xprojdb.planning.bitexts import DirectedBitext
from xprojdb.steps.align.encoder import precision_of
from xprojdb.steps.fit.target_tagger import LEAST, TargetTaggerFit, TargetTaggerParams
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.project.evidence import EvidenceFit, EvidenceParams
from xprojdb.steps.project.revised import EVIDENCE, PROJECTED, ProjectRevised, RevisedParams
from xprojdb.steps.project.voters import MODEL, TAGGER
from xprojdb.steps.spec import GOLD, StepSpec
from xprojdb.steps.tag.trained import trained_steps

#: a tagger that learns from this many sentences and entities still tempers a model of other languages
LEAST_BESIDE_MODELS = 60


def voted_on(recipe: Recipe, projected: StepSpec, bitext: DirectedBitext, align: StepSpec | None) -> StepSpec:
    """The step that lets taggers vote on the labels of a projection, or the projection itself if they do not.

    With ``mode = "auto"``, they only vote where a tagger found the source entities: people have labelled everything.
    """
    table = recipe.vote
    if table is None or not table.taggers or recipe.combine.method != "none":
        return projected
    if table.mode == "auto" and projected.inputs["entities"] == GOLD:
        return projected
    own = LabellingParams.from_params(projected.params)
    revised = RevisedParams(
        labelled=own.labelled,
        labels=own.labels,
        weights=projected.params.get("weights", {}),
        min_quality=projected.params.get("min_quality"),
    )
    models = [spec for name in table.taggers if name != SELF for spec in trained_steps(name.removeprefix(TRAINED))]
    taggers = {f"{MODEL}{number}": spec for number, spec in enumerate(models)}
    if SELF in table.taggers:
        least = LEAST_BESIDE_MODELS if models else LEAST
        taggers[TAGGER] = _learning(recipe, table, projected, bitext, align, least)
    inputs = {role: spec for role, spec in projected.inputs.items() if role != "forms"} | taggers
    inputs[EVIDENCE] = _evidence(recipe, projected, bitext, taggers)
    inputs[PROJECTED] = projected
    return StepSpec(ProjectRevised.kind, ProjectRevised.version, revised.to_params(), inputs=inputs)


def _learning(
    recipe: Recipe,
    table: VoteTable,
    projected: StepSpec,
    bitext: DirectedBitext,
    align: StepSpec | None,
    least: int,
) -> StepSpec:
    """The step that learns a tagger from a projection."""
    source, target = bitext.languages
    vectors = _vectors_of(recipe, table, align)
    params = TargetTaggerParams(
        labelled=LabellingParams.from_params(projected.params).labelled,
        labels=None,
        source=source,
        lang=target,
        layer=table.layer,
        precision=precision_of(vectors),
        least=least,
        refit=recipe.project.refit,
    )
    inputs = {"labels": projected}
    encoder = _encoder(table, vectors)
    return StepSpec(TargetTaggerFit.kind, TargetTaggerFit.version, params.to_params(), *encoder, inputs)


def _evidence(recipe: Recipe, projected: StepSpec, bitext: DirectedBitext, taggers: Mapping[str, StepSpec]) -> StepSpec:
    """The step that learns what a projected label is worth."""
    source, target = bitext.languages
    own = LabellingParams.from_params(projected.params)
    params = EvidenceParams(
        labelled=own.labelled, labels=own.labels, source=source, lang=target, refit=recipe.project.refit
    )
    inputs = {"labels": projected, **taggers}
    return StepSpec(EvidenceFit.kind, EvidenceFit.version, params.to_params(), inputs=inputs)


def _vectors_of(recipe: Recipe, table: VoteTable, align: StepSpec | None) -> StepSpec | None:
    """The align step whose vectors a tagger reads: that of an encoder, unless the recipe names another encoder."""
    has_encoder = align is not None and align.model and align.revision and recipe.align.variant == "encoder"
    return align if table.encoder is None and has_encoder else None


def _encoder(table: VoteTable, align: StepSpec | None) -> tuple[str, str]:
    if align is not None and align.model and align.revision:
        return align.model, align.revision
    name = table.encoder or "e5-small"
    return canonical_id(name), resolve(name).revision

"""Plan the vote of taggers on projected labels."""

from __future__ import annotations

from xprojdb.config.recipe import Recipe
from xprojdb.config.tables.vote import SELF, TRAINED, VoteTable
from xprojdb.matching.combination.tagger_votes import VotingRule
from xprojdb.models.store import canonical_id, resolve
from xprojdb.planning.bitexts import DirectedBitext
from xprojdb.steps.fit.target_tagger import TargetTaggerFit, TargetTaggerParams
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.project.revised import PROJECTED, ProjectRevised, RevisedParams
from xprojdb.steps.project.voters import MODEL, TAGGER
from xprojdb.steps.spec import GOLD, StepSpec
from xprojdb.steps.tag.trained import trained_steps

#: what a projected tag, and what the lack of one, is worth against log probabilities of taggers
RULE = VotingRule(projected=5.0, outside=1.0)


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
        projected=RULE.projected,
        outside=RULE.outside,
        weights=projected.params.get("weights", {}),
        min_quality=projected.params.get("min_quality"),
    )
    inputs = {role: spec for role, spec in projected.inputs.items() if role != "forms"}
    if SELF in table.taggers:
        inputs[TAGGER] = _learning(recipe, table, projected, bitext, align)
    models = [spec for name in table.taggers if name != SELF for spec in trained_steps(name.removeprefix(TRAINED))]
    inputs |= {f"{MODEL}{number}": spec for number, spec in enumerate(models)}
    inputs[PROJECTED] = projected
    return StepSpec(ProjectRevised.kind, ProjectRevised.version, revised.to_params(), inputs=inputs)


def _learning(
    recipe: Recipe, table: VoteTable, projected: StepSpec, bitext: DirectedBitext, align: StepSpec | None
) -> StepSpec:
    """The step that learns a tagger from a projection."""
    source, target = bitext.languages
    params = TargetTaggerParams(
        labelled=LabellingParams.from_params(projected.params).labelled,
        labels=None,
        source=source,
        lang=target,
        layer=table.layer,
        refit=recipe.project.refit,
    )
    inputs = {"labels": projected}
    return StepSpec(
        TargetTaggerFit.kind, TargetTaggerFit.version, params.to_params(), *_encoder(recipe, table, align), inputs
    )


def _encoder(recipe: Recipe, table: VoteTable, align: StepSpec | None) -> tuple[str, str]:
    """The aligner's encoder, unless the recipe names another one."""
    if (
        table.encoder is None
        and align is not None
        and align.model
        and align.revision
        and recipe.align.variant == "encoder"
    ):
        return align.model, align.revision
    name = table.encoder or "e5-small"
    return canonical_id(name), resolve(name).revision

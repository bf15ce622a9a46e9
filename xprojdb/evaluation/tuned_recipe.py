"""Keep the result of tuning: a recipe whose project steps have the settings of one point."""

from __future__ import annotations

from dataclasses import replace

from xprojdb.config.canonical import stored_scorer_name
from xprojdb.db.runs import RecipeRecord
from xprojdb.digest import canonical_json, digest_of
from xprojdb.errors import UsageError
from xprojdb.evaluation.tune import Point
from xprojdb.planning.plan import Plan
from xprojdb.steps.project.match import ProjectMatch, ProjectParams
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import StepSpec


def kept_plan(plan: Plan, point: Point, name: str) -> Plan:
    """Copy a plan with the settings of a point in its matches; running it needs no model.

    :param name: the name of the new recipe in the database.
    :raises UsageError: when the point raises scores to a power, which is a setting of the scorer.
    """
    if point.powers:
        scorer, power = next(iter(point.powers.items()))
        raise UsageError(
            f"the best point raises {scorer} to the power of {power:g}, which is a setting of the scorer",
            hint=f"multiply the power of {scorer} in the recipe by {power:g} and run it, then keep without --power",
            scorer=scorer,
            power=power,
        )
    settings = {"weights": dict(point.weights), "min_score": point.threshold, "solver": point.solver}
    text = f"{plan.recipe.text.rstrip()}\n\n# kept from a grid: {canonical_json(settings)}\n"
    tuned = Plan(RecipeRecord(name, digest_of({"recipe": plan.recipe.digest, **settings}), text))
    for projection in plan.unrevised:
        if isinstance(projection.step, ProjectMatch):
            spec = _changed(projection.step.spec, point)
            for stage in plan.stages:
                if stage.spec in _inputs(spec) and projection.pair in plan.pairs[stage.spec]:
                    tuned.add(stage, projection.pair)
            tuned.add(stage_of(spec), projection.pair)
    return tuned


def _changed(spec: StepSpec, point: Point) -> StepSpec:
    params = ProjectParams.from_params(spec.params)
    weights = {stored_scorer_name(name): weight for name, weight in point.weights.items()}
    changed = replace(params, weights=weights, min_score=point.threshold, solver=point.solver)
    unused = {f"score:{name}" for name in params.weights.keys() - weights.keys()}
    inputs = {role: input_spec for role, input_spec in spec.inputs.items() if role not in unused}
    return replace(spec, params=changed.to_params(), inputs=inputs)


def _inputs(spec: StepSpec) -> set[StepSpec]:
    """All steps that a step depends on."""
    return set(spec.inputs.values()).union(*map(_inputs, spec.inputs.values()))

"""Plans in the database: the steps behind each recipe name, so that neither its file nor its models are needed."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import Connection, insert, select, update

from xprojdb.db import Database
from xprojdb.db.runs import RecipeRecord
from xprojdb.db.tables import recipe, step
from xprojdb.digest import canonical_json
from xprojdb.errors import GroundMoved, UsageError
from xprojdb.planning.plan import Plan
from xprojdb.steps.combine.stage import Combine
from xprojdb.steps.project.stage import ProjectStage
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import find_step, find_steps, load_specs, register_step
from xprojdb.steps.stage import Bitext
from xprojdb.steps.vanished import check_corpora


def check_plan(connection: Connection, plan: Plan) -> None:
    """Refuse a plan for corpora that are being deleted or no longer exist.

    :raises GroundMoved: with the field ``corpus``.
    """
    check_corpora(connection, {pair.corpus_id for pairs in plan.pairs.values() for pair in pairs})


def bind_plan(database: Database, plan: Plan) -> None:
    """Store the steps of a plan, and the plan under its recipe's name, and bind every stage to its ids.

    Writes nothing if everything is stored already.

    :raises GroundMoved: when a corpus was deleted since the plan was made.
    """
    with database.read() as connection:
        check_plan(connection, plan)
        stored = _is_stored(connection, plan)
    if not stored:
        with database.write() as connection:
            check_plan(connection, plan)
            for stage in plan.stages:
                register_step(connection, stage.spec)
            _store(connection, plan)
    with database.read() as connection:
        _bind(connection, plan)


def find_plan(database: Database, name: str) -> Plan | None:
    """The plan of the recipe of a name; None if there is none."""
    with database.read() as connection:
        row = connection.execute(select(recipe.c.id).where(recipe.c.name == name)).first()
    return load_plan(database, name) if row is not None else None


def load_plan(database: Database, name: str | None = None) -> Plan:
    """Load the stored plan of a recipe.

    :param name: the recipe; may be left out if the database has only one that makes labels, and others only train.
    :raises UsageError: when there is no such recipe, or there are several and no name was given.
    """
    with database.read() as connection:
        row = _find(connection, name)
        plan = Plan(RecipeRecord(row.name, row.digest, row.text))
        stages = json.loads(row.plan)
        specs = load_specs(connection, [planned["step"] for planned in stages])
        for planned in stages:
            stage = stage_of(specs[planned["step"]])
            for pair in planned["pairs"]:
                plan.add(stage, _pair(pair))
        _bind(connection, plan)
    return plan


def _find(connection: Connection, name: str | None) -> Any:
    rows = connection.execute(select(recipe).order_by(recipe.c.name)).all()
    named = [row for row in rows if name in (None, row.name)]
    if len(named) == 1:
        return named[0]
    names = ", ".join(row.name for row in rows)
    if not rows:
        raise UsageError("no recipe has been run on this database", hint="xprojdb run RECIPE.toml", name=name)
    if name is None:
        named = [row for row in rows if _makes_labels(connection, row)]
        if len(named) == 1:
            return named[0]
        names = ", ".join(row.name for row in named or rows)
        raise UsageError("this database has several recipes", hint=f"choose one with --recipe: {names}", name=name)
    raise UsageError(f"no recipe {name!r} has been run on this database", hint=f"it has {names}", name=name)


def _makes_labels(connection: Connection, row: Any) -> bool:
    specs = load_specs(connection, [planned["step"] for planned in json.loads(row.plan)])
    return any(isinstance(stage_of(spec), (ProjectStage, Combine)) for spec in specs.values())


def _is_stored(connection: Connection, plan: Plan) -> bool:
    if any(find_step(connection, stage.spec) is None for stage in plan.stages):
        return False
    row = connection.execute(select(recipe).where(recipe.c.name == plan.recipe.name)).first()
    return row is not None and (row.digest, row.plan) == (plan.recipe.digest, _plan_json(connection, plan))


def _store(connection: Connection, plan: Plan) -> None:
    record = plan.recipe
    values = {"digest": record.digest, "text": record.text, "plan": _plan_json(connection, plan)}
    changed = connection.execute(update(recipe).where(recipe.c.name == record.name).values(**values)).rowcount
    if not changed:
        connection.execute(insert(recipe).values(name=record.name, **values))


def _plan_json(connection: Connection, plan: Plan) -> str:
    return canonical_json(
        [{"step": find_step(connection, stage.spec), "pairs": plan.pairs[stage.spec]} for stage in plan.stages]
    )


def _pair(fields: list[Any]) -> Bitext:
    *scope, splits = fields
    return Bitext._make([*scope, tuple(splits)])


def _bind(connection: Connection, plan: Plan) -> None:
    specs = [stage.spec for stage in plan.stages]
    ids = find_steps(connection, {*specs, *(inner for spec in specs for inner in spec.inputs.values())})
    for stage in plan.stages:
        own = ids.get(stage.spec)
        if own is None:
            hint = "run the recipe again to create the step again"
            message = f"the step {stage.spec.kind} {stage.spec.short} was deleted in the meantime"
            raise GroundMoved(message, hint=hint, step=stage.spec.digest)
        stage.bind(own, {role: ids[spec] for role, spec in stage.spec.inputs.items() if spec in ids})


def stored_plugin(database: Database, name: str) -> str | None:
    """The distribution, ``NAME==VERSION``, of a plug-in that stored steps were planned with, or None.

    :param name: the name of the plug-in, with or without a model: ``lengths``, or ``mytagger:MODEL``.
    """
    with database.read() as connection:
        rows = connection.execute(select(step.c.params, step.c.model).where(step.c.params.contains('"plugin":')))
        for text, model in rows.unique():
            params = json.loads(text)
            names = {params.get("aligner"), params.get("score"), (model or "").partition(":")[0]}
            if params.get("plugin") and name.partition(":")[0] in names:
                return str(params["plugin"])
    return None

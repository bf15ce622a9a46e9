"""Preview what a plan would do, without storing anything."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Select, exists

from xprojdb.db import Database, bulk
from xprojdb.db.tables import outcome
from xprojdb.execution.pending import count_items, in_shard, without_outcome
from xprojdb.execution.run import chosen_stages
from xprojdb.planning.diff import change_of, earlier_specs
from xprojdb.planning.plan import Plan
from xprojdb.steps.registry import LINKING
from xprojdb.steps.served import Served
from xprojdb.steps.shard import Shard
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.stage import Bitext, Stage, require_done


@dataclass(frozen=True, slots=True)
class Preview:
    """A preview of one step.

    :param digest: the step's digest.
    :param is_stored: whether the database already has the step.
    :param pending: items that a run would process now, if none fails on the way.
    :param change: why items are pending: what is new about the step, or that the items are; empty if none are.
    :param sends: what would be sent to a server: ``requests``, ``characters`` and approximate ``tokens``; None without
        a server. A lower bound if earlier steps have yet to make the sentences or find the entities.
    """

    title: str
    digest: str
    is_stored: bool
    pending: int
    change: str
    sends: dict[str, int] | None = None


def preview_plan(
    database: Database,
    plan: Plan,
    *,
    only: Sequence[str] = (),
    limit: int | None = None,
    shard: Shard | None = None,
) -> list[Preview]:
    """Preview, for every step of a plan, what a run would do now, and which change causes it.

    :param only, limit, shard: as for :func:`xprojdb.execution.run.run_plan`; later steps see only existing results of
        steps that are left out.
    """
    chosen = chosen_stages(plan, only)
    for stage in plan.stages:
        stage.shard = shard
    with database.read() as connection:
        earlier = earlier_specs(connection, plan.recipe.name)
        titles = plan.titles
        return [_preview(connection, plan, stage, titles[stage.spec], chosen, earlier, limit) for stage in chosen]


def _preview(
    connection: Connection,
    plan: Plan,
    stage: Stage,
    title: str,
    chosen: Sequence[Stage],
    earlier: Sequence[StepSpec],
    limit: int | None,
) -> Preview:
    step_id = find_step(connection, stage.spec)
    running = {running_stage.spec for running_stage in chosen}
    pending = _pending(connection, plan, running, stage, plan.pairs[stage.spec])
    pending += _unmade(connection, plan, running, stage)
    pending = pending if limit is None else min(pending, limit)
    change = "" if not pending else change_of(stage.spec, earlier) if step_id is None else "new or undone items"
    sends = _sends(connection, plan, running, stage, limit) if isinstance(stage, Served) else None
    return Preview(title, stage.spec.digest, step_id is not None, pending, change, sends)


def _sends(
    connection: Connection, plan: Plan, running: Set[StepSpec], stage: Served, limit: int | None
) -> dict[str, int] | None:
    if not stage.is_served:
        return None
    step_id = find_step(connection, stage.spec)
    stage.bind(
        step_id or 0, {role: find_step(connection, input_spec) or 0 for role, input_spec in stage.spec.inputs.items()}
    )
    totals = {"requests": 0, "characters": 0, "tokens": 0}
    for pair in plan.pairs[stage.spec]:
        query = _undone(connection, plan, running, stage, step_id, pair)
        if query is None:
            continue
        for block in bulk.stream(connection, query.order_by(query.selected_columns[0]).limit(limit)):
            cost = stage.would_send(connection, [item for (item,) in block])
            totals = {name: totals[name] + count for name, count in cost._asdict().items()}
            limit = None if limit is None else limit - len(block)
    return totals


def _pending(connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage, pairs: Sequence[Bitext]) -> int:
    step_id = find_step(connection, stage.spec)
    queries = (_undone(connection, plan, running, stage, step_id, pair) for pair in pairs)
    return count_items(connection, [query for query in queries if query is not None])


def _unmade(connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage) -> int:
    """Count items that do not exist yet: translations that earlier steps of the same run would make."""
    return stage.unmade(
        [_translations_before(connection, plan, running, stage, pair) for pair in plan.pairs[stage.spec]]
    )


def _translations_before(connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage, pair: Bitext) -> int:
    makers = [candidate for candidate in plan.stages if candidate.spec in running]
    maker = next((candidate for candidate in makers if candidate.spec.digest == pair.link), None)
    if maker is stage:
        sentences = stage.spec.inputs.get("sentences")
        maker = next((candidate for candidate in makers if candidate.spec == sentences), None)
    if maker is None:
        return 0
    pairs = [candidate for candidate in plan.pairs[maker.spec] if candidate.corpus_id == pair.corpus_id]
    before = sum(_translations_before(connection, plan, running, maker, candidate) for candidate in pairs)
    return _pending(connection, plan, running, maker, pairs) + before


def _undone(
    connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage, step_id: int | None, pair: Bitext
) -> Select[tuple[int]] | None:
    """The items without an outcome whose inputs are done, or would be in the same run; None if there can be none."""
    query = in_shard(connection, stage, stage.items(pair))
    if step_id is not None:
        query = without_outcome(query, step_id)
    for number, (input_spec, item) in enumerate(_needs(plan, stage).items()):
        input_id = find_step(connection, input_spec)
        if input_spec not in running:
            if input_id is None:
                return None
            query = require_done(query, f"input{number}", input_id, item)
        elif input_id is not None:
            refused = exists().where(outcome.c.step_id == input_id, outcome.c.item_id == item)
            query = query.where(~refused.where(outcome.c.status.in_(("failed", "filtered"))))
    return query


def _needs(plan: Plan, stage: Stage) -> dict[StepSpec, ColumnElement[int]]:
    """The inputs of a stage, and those of the stages in the same plan that it waits for.

    The inputs of a step that makes translations are left out: its translations imply them.
    """
    columns: dict[StepSpec, ColumnElement[int]] = {}
    for role, item in stage.needs().items():
        input_spec = stage.spec.inputs[role]
        columns[input_spec] = item
        if input_spec.kind in LINKING:
            continue
        for earlier in plan.stages:
            if earlier.spec == input_spec:
                columns |= _needs(plan, earlier)
    return columns

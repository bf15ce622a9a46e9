"""What a plan would do, without storing anything."""

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
from xprojdb.steps.shard import Shard
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.stage import Bitext, Stage, require_done
from xprojdb.steps.translate.stage import Translating


@dataclass(frozen=True, slots=True)
class Preview:
    """What would be done for one step.

    :param digest: the step's.
    :param known: whether this database has the step already.
    :param pending: items that a run would do now, if none fails on the way.
    :param change: why anything is pending: what is new about the step, or that its items are; empty: nothing is.
    :param sends: what a server would be sent: ``requests``, ``characters`` and, about, ``tokens``; None without one.
        At least so much, where earlier steps would make the sentences or find the entities that it is sent.
    """

    title: str
    digest: str
    known: bool
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
    """Tell, for every step of a plan, what a run would do now, and from which change.

    :param only, limit, shard: as :func:`xprojdb.execution.run.run_plan` takes them; without the steps that are left
        out, later ones find only what is there already.
    """
    chosen = chosen_stages(plan, only)
    for stage in plan.stages:
        stage.shard = shard
    with database.read() as connection:
        earlier = earlier_specs(connection, plan.recipe.name)
        return [_preview(connection, plan, stage, chosen, earlier, limit) for stage in chosen]


def _preview(
    connection: Connection,
    plan: Plan,
    stage: Stage,
    chosen: Sequence[Stage],
    earlier: Sequence[StepSpec],
    limit: int | None,
) -> Preview:
    known = find_step(connection, stage.spec)
    running = {each.spec for each in chosen}
    pending = _pending(connection, plan, running, stage, plan.pairs[stage.spec])
    pending += _unmade(connection, plan, running, stage)
    pending = pending if limit is None else min(pending, limit)
    change = "" if not pending else change_of(stage.spec, earlier) if known is None else "new or undone items"
    sends = _sends(connection, plan, running, stage, limit) if isinstance(stage, Translating) else None
    return Preview(stage.title, stage.spec.digest, known is not None, pending, change, sends)


def _sends(
    connection: Connection, plan: Plan, running: Set[StepSpec], stage: Translating, limit: int | None
) -> dict[str, int] | None:
    if not stage.is_served:
        return None
    known = find_step(connection, stage.spec)
    stage.bind(known or 0, {role: find_step(connection, given) or 0 for role, given in stage.spec.inputs.items()})
    found = {"requests": 0, "characters": 0, "tokens": 0}
    for pair in plan.pairs[stage.spec]:
        query = _undone(connection, plan, running, stage, known, pair)
        if query is None:
            continue
        for block in bulk.stream(connection, query.order_by(query.selected_columns[0]).limit(limit)):
            cost = stage.would_send(connection, [item for (item,) in block])
            found = {name: found[name] + count for name, count in cost._asdict().items()}
            limit = None if limit is None else limit - len(block)
    return found


def _pending(connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage, pairs: Sequence[Bitext]) -> int:
    known = find_step(connection, stage.spec)
    queries = (_undone(connection, plan, running, stage, known, pair) for pair in pairs)
    return count_items(connection, [query for query in queries if query is not None])


def _unmade(connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage) -> int:
    """The items that are not there yet: translations that earlier steps of the same run would make."""
    return stage.unmade([_made_before(connection, plan, running, stage, pair) for pair in plan.pairs[stage.spec]])


def _made_before(connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage, pair: Bitext) -> int:
    makers = [each for each in plan.stages if each.spec in running]
    maker = next((each for each in makers if each.spec.digest == pair.link), None)
    if maker is stage:
        given = stage.spec.inputs.get("sentences")
        maker = next((each for each in makers if each.spec == given), None)
    if maker is None:
        return 0
    pairs = [each for each in plan.pairs[maker.spec] if each.corpus_id == pair.corpus_id]
    before = sum(_made_before(connection, plan, running, maker, each) for each in pairs)
    return _pending(connection, plan, running, maker, pairs) + before


def _undone(
    connection: Connection, plan: Plan, running: Set[StepSpec], stage: Stage, known: int | None, pair: Bitext
) -> Select[tuple[int]] | None:
    """The items without an outcome whose inputs are done or would be by the same run; None: there cannot be any."""
    query = in_shard(connection, stage, stage.items(pair))
    if known is not None:
        query = without_outcome(query, known)
    for number, (given, item) in enumerate(_needs(plan, stage).items()):
        step_id = find_step(connection, given)
        if given not in running:
            if step_id is None:
                return None
            query = require_done(query, f"input{number}", step_id, item)
        elif step_id is not None:
            refused = exists().where(outcome.c.step_id == step_id, outcome.c.item_id == item)
            query = query.where(~refused.where(outcome.c.status.in_(("failed", "filtered"))))
    return query


def _needs(plan: Plan, stage: Stage) -> dict[StepSpec, ColumnElement[int]]:
    """A stage's inputs and those of the stages in the same plan that it waits for.

    What a step that makes translations waited for is not asked again of the translations.
    """
    found: dict[StepSpec, ColumnElement[int]] = {}
    for role, item in stage.needs().items():
        given = stage.spec.inputs[role]
        found[given] = item
        if given.kind in LINKING:
            continue
        for earlier in plan.stages:
            if earlier.spec == given:
                found |= _needs(plan, earlier)
    return found

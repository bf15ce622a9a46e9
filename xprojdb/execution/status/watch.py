"""Active runs, as recorded in the database: their progress, their speed, and whether they are alive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, Select, select

from xprojdb.db import Database
from xprojdb.db.heartbeat import is_gone
from xprojdb.db.tables import recipe, run
from xprojdb.execution.progress import StepReport
from xprojdb.planning.store import load_plan

#: seconds without a heartbeat after which a run on another machine is assumed to have ended
SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A run as of its last heartbeat.

    :param lost: it was never recorded as ended, but its process has ended or stopped sending heartbeats.
    :param steps: the steps of its recipe, in order; ``total`` is None for those it has not reached.
    """

    id: int
    command: str
    recipe: str | None
    host: str
    started_at: str
    heartbeat_at: str | None
    status: str
    lost: bool
    steps: list[StepReport]

    @property
    def going_on(self) -> bool:
        return self.status == "running" and not self.lost


def rate(step: StepReport) -> float | None:
    """Items per second, or None if unknown."""
    return step.done / step.seconds if step.done and step.seconds else None


def remaining(step: StepReport) -> float | None:
    """Seconds the remaining items will take at that rate, or None if unknown."""
    speed = rate(step)
    return None if speed is None or step.total is None else max(step.total - step.done, 0) / speed


def read_runs(database: Database, ids: Sequence[int] = ()) -> list[WatchedRun]:
    """Read the active runs, and the given runs even if they have ended."""
    with database.read() as connection:
        rows = connection.execute(_watched(ids)).all()
        recipes = set(connection.execute(select(recipe.c.name)).scalars())
    plans = {row.recipe_name: _steps(database, row.recipe_name) for row in rows if row.recipe_name in recipes}
    runs = [_watched_run(row, plans.get(row.recipe_name, [])) for row in rows]
    return [run for run in runs if run.going_on or run.id in ids]


def is_lost(status: str, process: str | None, heartbeat_at: str | None) -> bool:
    """Whether a run has ended without recording it.

    :param process: its name from :func:`xprojdb.db.heartbeat.this_process`; None if unknown.
    :param heartbeat_at: its last heartbeat; None if it sends none.
    """
    if status != "running":
        return False
    if process is not None and is_gone(process):
        return True
    if heartbeat_at is None:
        return False
    return (datetime.now(UTC) - datetime.fromisoformat(heartbeat_at)).total_seconds() > SILENCE


def _watched(ids: Sequence[int]) -> Select[Any]:
    condition = (run.c.status == "running") | run.c.id.in_(ids)
    return select(run).where(condition).order_by(run.c.id)


def _steps(database: Database, name: str) -> list[StepReport]:
    return [StepReport(stage.step_id, stage.title, stage.item_kind) for stage in load_plan(database, name).stages]


def _watched_run(row: Row[Any], planned: Sequence[StepReport]) -> WatchedRun:
    reports = json.loads(row.counts or "{}").get("steps", [])
    steps = {step["step_id"]: StepReport(**step) for step in reports}
    order = dict.fromkeys([step.step_id for step in planned] + list(steps))
    unseen = {step.step_id: step for step in planned}
    lost = is_lost(row.status, row.process, row.heartbeat_at)
    columns = (row.id, row.command, row.recipe_name, row.host, row.started_at, row.heartbeat_at, row.status)
    return WatchedRun(*columns, lost, [steps.get(key) or unseen[key] for key in order])

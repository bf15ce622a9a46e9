"""Runs that are going on, as the database tells of them: how far each is, how fast, and whether it is alive."""

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

#: seconds without a sign of life after which a run on another machine is taken to have ended
SILENCE = 60.0


@dataclass(frozen=True, slots=True)
class WatchedRun:
    """A run as it stood when it last gave a sign of life.

    :param lost: it has not said that it ended, but its process has, or gives no sign of life any more.
    :param steps: of its recipe, in the order they run; ``total`` is None for those that it has not come to.
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
    """Items a second; None when it cannot be told yet."""
    return step.done / step.seconds if step.done and step.seconds else None


def remaining(step: StepReport) -> float | None:
    """Seconds that the rest will take at that rate."""
    speed = rate(step)
    return None if speed is None or step.total is None else max(step.total - step.done, 0) / speed


def read_runs(database: Database, ids: Sequence[int] = ()) -> list[WatchedRun]:
    """The runs that are going on, and the named ones whatever has become of them."""
    with database.read() as connection:
        rows = connection.execute(_watched(ids)).all()
        known = set(connection.execute(select(recipe.c.name)).scalars())
    plans = {row.recipe_name: _steps(database, row.recipe_name) for row in rows if row.recipe_name in known}
    runs = [_watched_run(row, plans.get(row.recipe_name, [])) for row in rows]
    return [run for run in runs if run.going_on or run.id in ids]


def is_lost(status: str, process: str | None, heartbeat_at: str | None) -> bool:
    """Whether a run that never said that it ended has ended all the same.

    :param process: as :func:`xprojdb.db.heartbeat.this_process` named it; None: unknown.
    :param heartbeat_at: its last sign of life; None: it gives none.
    """
    if status != "running":
        return False
    if process is not None and is_gone(process):
        return True
    if heartbeat_at is None:
        return False
    return (datetime.now(UTC) - datetime.fromisoformat(heartbeat_at)).total_seconds() > SILENCE


def _watched(ids: Sequence[int]) -> Select[Any]:
    wanted = (run.c.status == "running") | run.c.id.in_(ids)
    return select(run).where(wanted).order_by(run.c.id)


def _steps(database: Database, name: str) -> list[StepReport]:
    return [StepReport(stage.step_id, stage.title, stage.item_kind) for stage in load_plan(database, name).stages]


def _watched_run(row: Row[Any], planned: Sequence[StepReport]) -> WatchedRun:
    told = json.loads(row.counts or "{}").get("steps", [])
    steps = {step["step_id"]: StepReport(**step) for step in told}
    order = dict.fromkeys([step.step_id for step in planned] + list(steps))
    unseen = {step.step_id: step for step in planned}
    lost = is_lost(row.status, row.process, row.heartbeat_at)
    columns = (row.id, row.command, row.recipe_name, row.host, row.started_at, row.heartbeat_at, row.status)
    return WatchedRun(*columns, lost, [steps.get(key) or unseen[key] for key in order])

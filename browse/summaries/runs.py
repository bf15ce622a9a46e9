"""Runs, as the page of runs shows them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import run
from xprojdb.execution.status.watch import WatchedRun, is_lost, read_runs, remaining

#: runs that have ended and are listed
LATEST = 50


@dataclass(frozen=True, slots=True)
class RunPage:
    """What is going on and what has ended.

    :param going_on: with the seconds that each of their steps will still take, where that can be told.
    """

    going_on: list[tuple[WatchedRun, list[float | None]]]
    ended: list[dict[str, Any]] = field(default_factory=list)


def read_run_page(database: Database) -> RunPage:
    """The runs of a database, the latest first."""
    running = [(each, [remaining(step) for step in each.steps]) for each in read_runs(database)]
    with database.read() as connection:
        rows = connection.execute(select(run).order_by(run.c.id.desc()).limit(LATEST)).mappings().all()
    live = {each.id for each, _ in running}
    return RunPage(running, [_ended(dict(row)) for row in rows if row["id"] not in live])


def _ended(row: dict[str, Any]) -> dict[str, Any]:
    counts = json.loads(row["counts"] or "{}")
    counts.pop("steps", None)
    lost = is_lost(row["status"], row["process"], row["heartbeat_at"])
    told = [f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in counts.items()]
    return {**row, "status": "lost" if lost else row["status"], "counts": ", ".join(told)}

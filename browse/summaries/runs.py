"""The content of the page of runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import run
from xprojdb.execution.status.watch import WatchedRun, is_lost, read_runs, remaining

#: how many ended runs are listed
LATEST = 50


@dataclass(frozen=True, slots=True)
class RunPage:
    """The runs in progress and those that have ended.

    :param going_on: each run with the remaining seconds of its steps, where known.
    """

    going_on: list[tuple[WatchedRun, list[float | None]]]
    ended: list[dict[str, Any]] = field(default_factory=list)


def read_run_page(database: Database) -> RunPage:
    """The runs of a database, latest first."""
    running = [(running_run, [remaining(step) for step in running_run.steps]) for running_run in read_runs(database)]
    with database.read() as connection:
        rows = connection.execute(select(run).order_by(run.c.id.desc()).limit(LATEST)).mappings().all()
    live = {running_run.id for running_run, _ in running}
    return RunPage(running, [_ended(dict(row)) for row in rows if row["id"] not in live])


def _ended(row: dict[str, Any]) -> dict[str, Any]:
    counts = json.loads(row["counts"] or "{}")
    counts.pop("steps", None)
    lost = is_lost(row["status"], row["process"], row["heartbeat_at"])
    counts_text = [
        f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}" for name, value in counts.items()
    ]
    return {**row, "status": "lost" if lost else row["status"], "counts": ", ".join(counts_text)}

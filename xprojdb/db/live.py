"""Active runs of any process; commands that would change what they work on check here first."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, Engine, delete, func, select, update

from xprojdb.db.driver_errors import translated_errors
from xprojdb.db.heartbeat import clock, is_gone
from xprojdb.db.tables import lease, run
from xprojdb.errors import RunsAlive

#: seconds without a heartbeat after which a process on another machine is assumed to have ended
SILENCE = 120.0


@dataclass(frozen=True, slots=True)
class LiveRun:
    """An active run.

    :param key: its key, or None for a process that has taken items but not written anything yet.
    :param process: its name from :func:`xprojdb.db.heartbeat.this_process`.
    """

    key: int | None
    command: str
    recipe: str | None
    process: str

    @property
    def description(self) -> str:
        """What runs, and where, for display."""
        host, pid, _ = self.process.rsplit(":", 2)
        what = f"run {self.key}" if self.key is not None else "a run that is starting"
        of = f" of {self.recipe}" if self.recipe else ""
        return f"{what}{of} (process {pid} on {host})"


def live_runs(connection: Connection) -> list[LiveRun]:
    """The runs whose process is alive, and live processes that hold leases."""
    now = clock(connection)
    columns = (run.c.id, run.c.command, run.c.recipe_name, run.c.process, run.c.started_at, run.c.heartbeat_at)
    runs = [
        LiveRun(row.id, row.command, row.recipe_name, row.process)
        for row in connection.execute(select(*columns).where(run.c.status == "running").order_by(run.c.id))
        if row.process and _lives(row.process, _seconds(row.heartbeat_at or row.started_at) + SILENCE, now)
    ]
    seen = {live.process for live in runs}
    owners = select(lease.c.owner, func.max(lease.c.expires_at)).group_by(lease.c.owner).order_by(lease.c.owner)
    for owner, until in connection.execute(owners):
        if owner not in seen and _lives(owner, until, now):
            runs.append(LiveRun(None, "run", None, owner))
    return runs


def refuse_live_runs(connection: Connection, what: str) -> None:
    """Refuse to continue while runs are active. Needs the write transaction that would continue.

    :param what: the command that would change what they work on.
    :raises RunsAlive: when runs are active.
    """
    alive = live_runs(connection)
    if alive:
        raise RunsAlive(
            f"{what} would change what active runs work on: {', '.join(live.description for live in alive)}",
            hint="wait for them, stop them with Ctrl-C, or add --end-runs; everything they have written is kept",
            runs=tuple(alive),
        )


def claim_ground(connection: Connection, what: str) -> None:
    """Refuse to continue while runs are active, and end those of other machines that have been silent for too long.

    Such a process may only be suspended. When it goes on, it must not store what it computed from what is about to
    change. Needs the write transaction that would continue.

    :param what: as for :func:`refuse_live_runs`.
    :raises RunsAlive: when runs are active.
    """
    refuse_live_runs(connection, what)
    columns = (run.c.id, run.c.command, run.c.recipe_name, run.c.process)
    running = connection.execute(select(*columns).where(run.c.status == "running", run.c.process.is_not(None)))
    _end(connection, [LiveRun(*row) for row in running if not is_gone(row.process)])
    connection.execute(delete(lease))


def end_live_runs(engine: Engine) -> Sequence[LiveRun]:
    """End all active runs: they write nothing more, and report that when they try to.

    :returns: the runs that were ended.
    """
    with (
        translated_errors(engine),
        engine.connect().execution_options(xprojdb_write="wait") as connection,
        connection.begin(),
    ):
        alive = live_runs(connection)
        _end(connection, alive)
    return alive


def claimed_steps(connection: Connection) -> set[int]:
    """The steps of which a live process has taken items."""
    now = clock(connection)
    rows = connection.execute(select(lease.c.step_id, lease.c.owner, lease.c.expires_at))
    return {step_id for step_id, owner, until in rows if _lives(owner, until, now)}


def _end(connection: Connection, runs: Iterable[LiveRun]) -> None:
    ended = {"status": "stopped", "ended_at": datetime.now(UTC).isoformat(timespec="seconds")}
    for ended_run in runs:
        connection.execute(update(run).where(run.c.id == ended_run.key).values(ended))
        connection.execute(delete(lease).where(lease.c.owner == ended_run.process))


def _lives(process: str, until: float, now: float) -> bool:
    host = process.rsplit(":", 2)[0]
    return not is_gone(process) if host == platform.node() else until > now


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()

"""Runs that are under way, whoever does them: what would pull the ground from under them asks here first."""

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

#: seconds without a sign of life after which a process on another machine is taken to have ended
SILENCE = 120.0


@dataclass(frozen=True, slots=True)
class LiveRun:
    """A run that is under way.

    :param key: None for a process that has taken items and has not written yet.
    :param process: as :func:`xprojdb.db.heartbeat.this_process` names it.
    """

    key: int | None
    command: str
    recipe: str | None
    process: str

    @property
    def told(self) -> str:
        """For people: what it is, and where."""
        host, pid, _ = self.process.rsplit(":", 2)
        what = f"run {self.key}" if self.key is not None else "a run that begins"
        of = f" of {self.recipe}" if self.recipe else ""
        return f"{what}{of} (process {pid} on {host})"


def live_runs(connection: Connection) -> list[LiveRun]:
    """The runs whose process lives, and processes that hold items; those that have ended do not count."""
    now = clock(connection)
    columns = (run.c.id, run.c.command, run.c.recipe_name, run.c.process, run.c.started_at, run.c.heartbeat_at)
    found = [
        LiveRun(row.id, row.command, row.recipe_name, row.process)
        for row in connection.execute(select(*columns).where(run.c.status == "running").order_by(run.c.id))
        if row.process and _lives(row.process, _seconds(row.heartbeat_at or row.started_at) + SILENCE, now)
    ]
    known = {each.process for each in found}
    owners = select(lease.c.owner, func.max(lease.c.expires_at)).group_by(lease.c.owner).order_by(lease.c.owner)
    for owner, until in connection.execute(owners):
        if owner not in known and _lives(owner, until, now):
            found.append(LiveRun(None, "run", None, owner))
    return found


def refuse_live_runs(connection: Connection, what: str) -> None:
    """Refuse to go on while runs are under way. Needs the write transaction that goes on.

    :param what: the command that would change what they work on.
    :raises RunsAlive: when there are some.
    """
    alive = live_runs(connection)
    if alive:
        raise RunsAlive(
            f"{what} would change what is being worked on: {', '.join(each.told for each in alive)}",
            hint="wait for it or stop it with Ctrl-C, or add --end-runs: what it has written is kept",
            runs=tuple(alive),
        )


def end_live_runs(engine: Engine) -> Sequence[LiveRun]:
    """End all runs that are under way: they write nothing more, and tell so when they come to write.

    :returns: which they were.
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
    """The steps of which a living process has taken items."""
    now = clock(connection)
    rows = connection.execute(select(lease.c.step_id, lease.c.owner, lease.c.expires_at))
    return {step_id for step_id, owner, until in rows if _lives(owner, until, now)}


def _end(connection: Connection, runs: Iterable[LiveRun]) -> None:
    ended = {"status": "stopped", "ended_at": datetime.now(UTC).isoformat(timespec="seconds")}
    for each in runs:
        connection.execute(update(run).where(run.c.id == each.key).values(ended))
        connection.execute(delete(lease).where(lease.c.owner == each.process))


def _lives(process: str, until: float, now: float) -> bool:
    host = process.rsplit(":", 2)[0]
    return not is_gone(process) if host == platform.node() else until > now


def _seconds(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()

"""Several runs at once on one database: each item once, none missed, whoever of them is killed."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from children import HANG, wait_until
from driving import open_gate, start_driver
from projection_sample import Diagonal, english, german, import_sample, outcomes, plan_of, results
from sqlalchemy import func, insert, select, update

from xprojdb.db import Database, open_database
from xprojdb.db.heartbeat import clock, this_process
from xprojdb.db.tables import alignment, lease, outcome, run
from xprojdb.execution.run import run_plan
from xprojdb.planning.store import bind_plan
from xprojdb.steps.align.stage import Align

Write = Callable[..., Path]
COUNT = 1_000
ELSEWHERE = "another-machine:1:1"


def _count(database: Database, table: object) -> int:
    with database.read() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())  # type: ignore[arg-type]


def _claim(database: Database, step_id: int, first: int, last: int, owner: str, seconds: float) -> None:
    with database.write() as connection:
        names = ("step_id", "first_item", "last_item", "owner", "expires_at")
        values = (step_id, first, last, owner, clock(connection) + seconds)
        connection.execute(insert(lease).values(dict(zip(names, values, strict=True))))


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """From when it is called, nothing in this process may wait for time to pass, as a run does for others."""

    def refuse(_seconds: float) -> None:
        raise AssertionError("waits for others")

    return lambda: monkeypatch.setattr(time, "sleep", refuse)


@pytest.mark.slow
def test_what_another_has_taken_is_left_to_it_until_its_lease_ends(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 4)
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    plan = plan_of(database, tmp_path, aligner=(aligner := Diagonal()))
    bind_plan(database, plan)
    _claim(database, plan.stages[0].step_id, 5, 10, ELSEWHERE, HANG)
    seen: list[int] = []

    def look() -> None:
        wait_until(lambda: len(outcomes(database, "project")) == 14)
        seen.extend(sorted(outcomes(database, "align")))
        with database.write() as connection:
            connection.execute(update(lease).values(expires_at=clock(connection) - 1))

    watching = threading.Thread(target=look, daemon=True)
    watching.start()
    report = run_plan(database, plan)
    watching.join()
    assert seen == [*range(1, 5), *range(11, 21)]
    assert [step.done for step in report.steps] == [20] * 3
    assert sum(aligner.seen) == 20
    assert _count(database, lease) == 0


@pytest.mark.parametrize("owner", ["ended", "own", "lapsed"])
def test_claims_of_those_who_are_gone_hold_nobody_up(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, owner: str, no_waiting: Callable[[], None]
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(sqlite_database, tmp_path)
    bind_plan(sqlite_database, plan)
    host, pid, _ = this_process().rsplit(":", 2)
    owners = {"ended": f"{host}:{pid}:1", "own": this_process(), "lapsed": ELSEWHERE}
    _claim(sqlite_database, plan.stages[0].step_id, 1, 3, owners[owner], -1 if owner == "lapsed" else HANG)
    no_waiting()
    assert run_plan(sqlite_database, plan).done == 18
    assert _count(sqlite_database, lease) == 0


def test_a_batch_that_others_have_begun_is_done_without_their_items(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    """The last safety, when a lease ended too early: what is recorded is recorded once."""
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})

    class Overtaken(Diagonal):
        def align(self, pairs: object) -> object:
            if not self.seen:
                with database.write() as connection:
                    rows = [(plan.stages[0].step_id, item, "empty", None, 1) for item in (3, 4)]
                    names = ("step_id", "item_id", "status", "reason", "run_id")
                    connection.execute(insert(outcome), [dict(zip(names, row, strict=True)) for row in rows])
            return super().align(pairs)  # type: ignore[arg-type]

    plan = plan_of(database, tmp_path, aligner=(aligner := Overtaken()))
    report = run_plan(database, plan)
    assert aligner.seen == [10, 8]
    assert report.steps[0].done == 8
    assert _count(database, alignment) == 8
    assert _count(database, lease) == 0


@pytest.mark.slow
def test_four_drivers_one_of_them_killed_do_every_item_once(
    database: Database, address: str, write_conll: Write, tmp_path: Path, sqlite_template: Path
) -> None:
    import_sample(database, write_conll, {"en": english(COUNT), "de": german(COUNT)})
    plan = plan_of(database, tmp_path)
    drivers = [start_driver(address, tmp_path) for _ in range(4)]
    wait_until(lambda: len(_done(database)) == 4, *drivers)
    os.kill(drivers[0].pid, signal.SIGKILL)
    open_gate(tmp_path)
    communicates = [driver.communicate(timeout=HANG) for driver in drivers]
    assert [driver.returncode for driver in drivers] == [-signal.SIGKILL, 0, 0, 0], communicates
    assert run_plan(database, plan).done == 0
    alone = tmp_path / "alone.db"
    alone.write_bytes(sqlite_template.read_bytes())
    with open_database(alone) as single:
        import_sample(single, write_conll, {"en": english(COUNT), "de": german(COUNT)})
        run_plan(single, plan_of(single, tmp_path))
        assert results(database) == results(single)
    assert _count(database, lease) == 0
    assert sum(_done(database).values()) == 3 * COUNT


def _done(database: Database) -> dict[int, int]:
    """How many items each run has done."""
    by_run = select(outcome.c.run_id, func.count()).join(run, run.c.id == outcome.c.run_id)
    with database.read() as connection:
        return dict(connection.execute(by_run.where(run.c.command == "run").group_by(outcome.c.run_id)).all())


@pytest.mark.slow
def test_workers_end_with_their_driver(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, no_waiting: Callable[[], None]
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(COUNT), "de": german(COUNT)})
    driver = start_driver(str(sqlite_database.engine.url.database), tmp_path, workers=2)
    wait_until(lambda: _count(sqlite_database, alignment), driver)
    workers = _children(driver.pid)
    assert len(workers) >= 2
    driver.kill()
    driver.communicate(timeout=HANG)
    wait_until(lambda: not any(map(_lives, workers)))
    done = _count(sqlite_database, alignment)
    # What it had taken is free at once: its process has ended.
    assert _count(sqlite_database, lease) > 0
    no_waiting()
    assert run_plan(sqlite_database, plan_of(sqlite_database, tmp_path)).steps[0].done == COUNT - done
    assert _count(sqlite_database, lease) == 0


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def test_an_expired_lease_on_what_is_done_keeps_no_run_waiting(
    database: Database, write_conll: Write, tmp_path: Path, no_waiting: Callable[[], None]
) -> None:
    """A step that learns from a corpus waits for what others have in hand; nobody takes finished items again."""
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    settings = "[project]\nlabel_consistency = 0.5\n"
    plan = plan_of(database, tmp_path, settings, aligner=Diagonal())
    run_plan(database, plan, only=["align"])
    _claim(database, plan.stages[0].step_id, 5, 10, ELSEWHERE, -1.0)
    no_waiting()
    report = run_plan(database, plan_of(database, tmp_path, settings, aligner=Diagonal()))
    assert not report.stopped
    assert len(outcomes(database, "project")) == 20

"""Runs seen from outside: failed items by name, how far a run is, and one that was killed."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from children import HANG, start, wait_until
from conftest import XPROJDB
from driving import open_gate, start_driver
from projection_sample import Diagonal, english, german, import_sample, plan_of
from sqlalchemy import select, update

from xprojdb.db import Database
from xprojdb.db.heartbeat import is_gone, this_process
from xprojdb.db.tables import alignment, run
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import read_status
from xprojdb.execution.status.failures import read_failed
from xprojdb.execution.status.watch import rate, read_runs, remaining
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.steps.align.stage import Align

Write = Callable[..., Path]


def test_failed_items_are_named_with_their_reason_and_traceback(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    lines = english(8)
    lines[2] = "poison in Turin/B-LOC"
    import_sample(database, write_conll, {"en": lines, "de": german(8)})
    assert read_failed(database) == []
    report = run_plan(database, plan_of(database, tmp_path))
    (failed,) = read_failed(database)
    assert (failed.reason, failed.message, failed.run_id) == ("RuntimeError", "cannot bear poison", report.run_id)
    assert [name.split("/")[:2] for name in failed.names] == [["news", "en"], ["news", "de"]]
    assert "in align" in failed.traceback
    assert failed.title.startswith("align with")


@pytest.mark.slow
def test_failed_items_from_a_shell(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, run_cli: Callable[..., Any]
) -> None:
    lines = english(8)
    lines[2] = "poison in Turin/B-LOC"
    import_sample(sqlite_database, write_conll, {"en": lines, "de": german(8)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    address = str(sqlite_database.engine.url.database)
    plain = run_cli("--db", address, "status", "--failed")
    assert "RuntimeError: cannot bear poison" in plain.stdout
    assert "Traceback" not in plain.stdout
    assert "Traceback" in run_cli("--db", address, "status", "--failed", "--traceback").stdout
    (answer,) = json.loads(run_cli("--db", address, "status", "--failed", "--json").stdout)
    assert answer["reason"] == "RuntimeError"
    assert run_cli("--db", address, "status", "--traceback").code == 2


def test_a_run_tells_how_far_it_is(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 4)
    monkeypatch.setattr("xprojdb.execution.writer._SEEN_WITH_BATCHES", 0.0)
    import_sample(database, write_conll, {"en": english(12), "de": german(12)})
    seen: list[Any] = []

    class Looking(Diagonal):
        def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
            time.sleep(0.01)
            seen.extend(read_runs(database))
            return super().align(pairs)

    report = run_plan(database, plan_of(database, tmp_path, aligner=Looking()))
    assert [(entry.steps[0].done, entry.steps[0].total) for entry in seen[1:]] == [(4, 12), (8, 12)]
    assert seen[0].steps[0].total is None
    (watched,) = {entry.id for entry in seen}
    assert watched == report.run_id
    assert all(entry.going_on and len(entry.steps) == 3 for entry in seen)
    assert read_runs(database) == []
    (ended,) = read_runs(database, [watched])
    assert (ended.status, [step.done for step in ended.steps]) == ("done", [12] * 3)
    speed = rate(ended.steps[0])
    assert speed is not None
    assert speed > 0
    assert remaining(ended.steps[0]) == 0


@pytest.mark.slow
def test_a_killed_run_gives_no_sign_of_life(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, run_cli: Callable[..., Any]
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(600), "de": german(600)})
    address = str(sqlite_database.engine.url.database)
    driver = start_driver(address, tmp_path)
    wait_until(lambda: _aligned(sqlite_database), driver)
    (running,) = read_runs(sqlite_database)
    assert (running.going_on, running.recipe) == (True, "sample")
    driver.kill()
    driver.communicate(timeout=HANG)
    (killed,) = read_runs(sqlite_database, [running.id])
    assert (killed.lost, killed.going_on, killed.status) == (True, False, "running")
    assert read_status(sqlite_database).runs[0]["lost"]
    assert "no heartbeat since" in run_cli("--db", address, "status").stdout
    watched = run_cli("--db", address, "status", "--watch")
    assert (watched.code, watched.stdout.strip()) == (0, "no run is in progress")


@pytest.mark.slow
def test_watching_ends_with_the_run(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, child_env: dict[str, str]
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(200), "de": german(200)})
    address = str(sqlite_database.engine.url.database)
    driver = start_driver(address, tmp_path)
    wait_until(lambda: _aligned(sqlite_database), driver)
    command = [XPROJDB, "--db", address, "status", "--watch", "--json"]
    watching = start(command, stdout=subprocess.PIPE, env=child_env)
    (first,) = json.loads(watching.stdout.readline())
    assert first["status"] == "running"
    open_gate(tmp_path)
    driver.communicate(timeout=HANG)
    pictures = [json.loads(line) for line in watching.stdout]
    assert (driver.returncode, watching.wait(HANG)) == (0, 0)
    (last,) = pictures[-1]
    assert (last["status"], [step["done"] for step in last["steps"]]) == ("done", [200] * 3)


def test_a_silent_run_of_another_machine_is_lost(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(4), "de": german(4)})
    report = run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    for heartbeat_at, lost in (("2020-01-01T00:00:00+00:00", True), (None, False)):
        values = {"status": "running", "process": "another-machine:1:1", "heartbeat_at": heartbeat_at}
        with sqlite_database.write() as connection:
            connection.execute(update(run).where(run.c.id == report.run_id).values(values))
        assert read_status(sqlite_database).runs[0]["lost"] is lost


def test_a_process_is_known_by_its_start() -> None:
    host, pid, start = this_process().rsplit(":", 2)
    assert not is_gone(this_process())
    assert is_gone(f"{host}:{pid}:{start}0")
    assert not is_gone(f"not-{host}:{pid}:{start}0")


def _aligned(database: Database) -> bool:
    with database.read() as connection:
        return connection.execute(select(alignment).limit(1)).first() is not None

"""One flipped byte in a text: every command says so in one line, and verify takes it out."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, import_sample, plan_of

from xprojdb.db import Database, open_database
from xprojdb.db.runs import begin_run
from xprojdb.errors import RunsAlive
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.verify import verify

pytestmark = pytest.mark.slow

PLACES = [
    ("sentence", "words"), ("sentence", "external_id"), ("sentence", "lang"), ("entity", "label"), ("label", "label"),
    ("outcome", "status"), ("alignment", "links"), ("step", "params"), ("recipe", "text"), ("recipe", "plan"),
    ("corpus", "name"), ("run", "command"), ("source_file", "name"),
]  # fmt: skip
COMMANDS = [
    ("status",), ("explain", "news/de/all-1"), ("evaluate",), ("export", "conll", "out"),
    ("export", "jsonl", "out"), ("query", "SELECT * FROM sentence"), ("diff", "sample", "sample"), ("gc",),
    ("ask", "low-margin"),
]  # fmt: skip


@pytest.fixture
def done(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Path:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    sqlite_database.close()
    return tmp_path / "test.db"


def flip(path: Path, table: str, column: str) -> None:
    """Make the first byte of a letter in some row's text one that begins nothing."""
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA foreign_keys = OFF")
        (old,) = connection.execute(
            f"SELECT CAST({column} AS BLOB) FROM {table} WHERE {column} > '' LIMIT 1"
        ).fetchone()
        middle = len(old) // 2
        new = old[:middle] + b"\xff" + old[middle + 1 :]
        statement = f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE CAST({column} AS BLOB) = ?"
        connection.execute(statement, (new, old))
    connection.close()


@pytest.mark.parametrize(("table", "column"), PLACES)
def test_verify_names_the_row_and_takes_it_out(done: Path, table: str, column: str) -> None:
    flip(done, table, column)
    with open_database(done) as database:
        report = verify(database)
        assert [check.name for check in report.checks if check.count] == ["texts that cannot be read"]
        assert report.checks[0].examples[0].startswith(table)
        assert "\\xff" in report.checks[0].examples[0]
        mended = verify(database, repair=True)
        assert mended.taken
        assert not mended.left
        assert not verify(database).damage


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_says_that_the_database_is_damaged(done: Path, run_cli: Any, command: tuple[str, ...]) -> None:
    for table, column in (("sentence", "words"), ("label", "label"), ("step", "params"), ("recipe", "plan")):
        flip(done, table, column)
    ended = run_cli("--db", done, *command)
    error, hint = ended.stderr.splitlines()
    assert (ended.code, ended.stdout) == (1, "")
    assert "is damaged" in error
    assert "verify --repair" in hint


def test_the_schema_is_no_worse_for_it(done: Path, run_cli: Any) -> None:
    flip(done, "sentence", "words")
    checked = run_cli("--db", done, "db", "check")
    assert (checked.code, checked.stderr) == (0, "")


def test_a_repair_waits_for_runs(done: Path) -> None:
    flip(done, "label", "label")
    with open_database(str(done)) as database:
        with database.write() as connection:
            begin_run(connection, "run")
        damage = verify(database).damage
        assert damage
        with pytest.raises(RunsAlive):
            verify(database, repair=True)
        assert verify(database).damage == damage


@pytest.mark.parametrize(
    "change",
    [
        """UPDATE step SET params = '{"labels": 3}' WHERE kind = 'project'""",
        """UPDATE recipe SET plan = '[{"step": 99, "pairs": []}]'""",
        """DELETE FROM step_input WHERE role = 'entities'""",
    ],
)
def test_a_step_that_was_altered_is_damage_and_no_bug(done: Path, run_cli: Any, change: str) -> None:
    with sqlite3.connect(done) as connection:
        connection.execute(change)
    connection.close()
    ended = run_cli("--db", done, "explain", "news/de/all-1")
    assert ended.code == 1
    assert "is damaged" in ended.stderr.splitlines()[0]
    run_cli("--db", done, "verify", "--repair")
    ended = run_cli("--db", done, "explain", "news/de/all-1")
    assert "Traceback" not in ended.stderr
    assert "is damaged" not in ended.stderr


@pytest.mark.parametrize(
    ("change", "shown"),
    [
        ("""UPDATE sentence SET words = replace(words, 'Turin', 'Tur\\ud800in')""", "\\\\ud800"),
        ("""UPDATE export SET checksums = '{"a'""", "checksums"),
    ],
)
def test_halves_of_characters_and_lost_checksums_are_mended(
    done: Path, run_cli: Any, tmp_path: Path, change: str, shown: str
) -> None:
    run_cli("--db", done, "export", "jsonl", tmp_path / "out")
    with sqlite3.connect(done) as connection:
        assert connection.execute(change).rowcount
    connection.close()
    with open_database(done) as database:
        report = verify(database)
        assert shown in report.checks[0].examples[0]
        assert not verify(database, repair=True).left
        assert not verify(database).damage


def test_checksums_that_cannot_be_read_are_damage_and_no_bug(done: Path, run_cli: Any, tmp_path: Path) -> None:
    run_cli("--db", done, "export", "jsonl", tmp_path / "out")
    with sqlite3.connect(done) as connection:
        connection.execute("""UPDATE export SET checksums = '{"a'""")
    connection.close()
    ended = run_cli("--db", done, "export", "jsonl", tmp_path / "out")
    assert "is damaged" in ended.stderr.splitlines()[0]

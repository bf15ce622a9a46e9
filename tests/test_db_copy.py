"""A database moves between SQLite and PostgreSQL with every row, and no half copy passes for a whole one."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged import COMBINE, build, by_name, import_news
from several_sample import run_combined
from sqlalchemy import URL, insert, select

from xprojdb.db import Database, open_database
from xprojdb.db.runs import begin_run
from xprojdb.db.tables import LASTING, run, word_score
from xprojdb.errors import DatabaseError, UsageError
from xprojdb.execution.run import run_plan
from xprojdb.maintenance import database_copy
from xprojdb.maintenance.database_copy import copy_database, table_sum
from xprojdb.maintenance.verify import verify

Write = Callable[..., Path]


@pytest.fixture
def filled(database: Database, write_conll: Write, tmp_path: Path) -> Database:
    """A database with rows in most tables, bytes among them."""
    build(database, write_conll, tmp_path)
    with database.write() as connection:
        connection.execute(insert(word_score).values(step_id=1, sentence_id=5, probabilities=b"\x00\xff'\n"))
    return database


@pytest.fixture
def elsewhere(dialect: str, tmp_path: Path, postgres_server: URL) -> Any:
    """An address on the other kind of database, with nothing there."""
    from conftest import _postgres_database

    if dialect == "postgresql":
        yield str(tmp_path / "copy.db")
        return
    with _postgres_database(postgres_server) as url:
        yield url.render_as_string(hide_password=False)


def _address(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def _rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as connection:
        return {table.name: sorted(map(tuple, connection.execute(select(table))), key=repr) for table in LASTING}


def test_a_copy_has_every_row_and_goes_on(filled: Database, elsewhere: str, write_conll: Write, tmp_path: Path) -> None:
    copied = copy_database(_address(filled), elsewhere)
    with open_database(elsewhere) as other:
        rows = _rows(other)
        assert rows == _rows(filled)
        assert {name: entry.rows for name, entry in copied.tables.items()} == {
            name: len(entry) for name, entry in rows.items()
        }
        for table in LASTING:
            assert table_sum(other, table) == table_sum(filled, table) == copied.tables[table.name]
        with other.write() as connection:
            assert begin_run(connection, "next") == max(row[0] for row in rows["run"]) + 1
            connection.execute(run.delete().where(run.c.command == "next"))
        # Every table's next row finds a free id: another import and its run.
        import_news(other, write_conll, "again")
        plan = run_combined(other, tmp_path, COMBINE)
        assert run_plan(other, plan).run_id is None
        with other.write() as connection:
            connection.execute(word_score.delete())
        assert verify(other).damage == 0


def test_there_and_back_again(filled: Database, elsewhere: str, tmp_path: Path) -> None:
    copy_database(_address(filled), elsewhere)
    copy_database(elsewhere, tmp_path / "back.db")
    with open_database(tmp_path / "back.db") as back:
        assert _rows(back) == _rows(filled)


def test_an_interrupted_copy_is_told_and_begun_anew(filled: Database, elsewhere: str) -> None:
    def stop(table: str, _rows: int) -> None:
        if table == "sentence":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_database(_address(filled), elsewhere, watch=stop)
    with pytest.raises(DatabaseError) as refused:
        open_database(elsewhere, create=True)
    assert "db copy" in refused.value.hint
    copy_database(_address(filled), elsewhere)
    with open_database(elsewhere) as other:
        assert by_name(other) == by_name(filled)


def test_a_copy_that_differs_is_not_opened(filled: Database, elsewhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = database_copy.bulk.insert

    def lossy(connection: Any, table: Any, columns: Any, rows: Any) -> int:
        return whole(connection, table, columns, [(*row[:-1], 5.0) if table.name == "vote" else row for row in rows])

    monkeypatch.setattr(database_copy.bulk, "insert", lossy)
    with pytest.raises(DatabaseError) as refused:
        copy_database(_address(filled), elsewhere)
    assert refused.value.table == "vote"
    assert refused.value.expected.rows == refused.value.found.rows
    with pytest.raises(DatabaseError):
        open_database(elsewhere)


def test_a_target_with_rows_is_refused(filled: Database, tmp_path: Path, row_counts: Any) -> None:
    target = tmp_path / "full.db"
    with open_database(target, create=True) as other, other.write() as connection:
        begin_run(connection, "something")
    with pytest.raises(DatabaseError) as refused:
        copy_database(_address(filled), target)
    assert refused.value.table == "run"
    with open_database(target) as other:
        assert row_counts(other)["run"] == 1
    with pytest.raises((UsageError, DatabaseError)):
        copy_database(_address(filled), _address(filled))


def test_an_empty_target_with_tables_is_filled(filled: Database, tmp_path: Path) -> None:
    open_database(tmp_path / "empty.db", create=True).close()
    copy_database(_address(filled), tmp_path / "empty.db")
    with open_database(tmp_path / "empty.db") as other:
        assert _rows(other) == _rows(filled)


def test_what_postgresql_cannot_hold_is_told(sqlite_database: Database, postgres_server: URL) -> None:
    from conftest import _postgres_database

    with sqlite_database.write() as connection:
        begin_run(connection, "zero \x00 byte")
    with _postgres_database(postgres_server) as url, pytest.raises(DatabaseError) as refused:
        copy_database(_address(sqlite_database), url.render_as_string(hide_password=False))
    assert refused.value.table == "run"


@pytest.mark.slow
def test_the_command_tells_every_table(run_cli: Any, filled: Database, tmp_path: Path) -> None:
    done = run_cli("db", "copy", _address(filled), tmp_path / "copy.db", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["tables"]["sentence"]["rows"] == 16
    again = run_cli("db", "copy", _address(filled), tmp_path / "copy.db")
    assert again.code == 1
    assert "Traceback" not in again.stderr

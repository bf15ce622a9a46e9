"""A key is never given twice: not after deletions, not in a copy, not after an upgrade of an older database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged import COMBINE, build
from projection_sample import english, german, import_sample
from sqlalchemy import delete, func, insert, inspect, select

from xprojdb.db import Database, bulk, open_database, schema
from xprojdb.db.runs import begin_run
from xprojdb.db.tables import LASTING, alignment, metadata, outcome, run, sentence, step, translation
from xprojdb.maintenance.corpus_deletion import delete_corpus
from xprojdb.maintenance.database_copy import copy_database

Write = Callable[..., Path]
KEYED = [table for table in LASTING if "id" in table.columns]


def _last(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {table.name: bulk.last_id(connection, table) for table in KEYED}


def _rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    with database.read() as connection:
        return {
            table.name: sorted(map(tuple, connection.execute(select(table))), key=repr)
            for table in LASTING
            if table is not step
        }


def _address(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def test_what_comes_after_a_deletion_has_new_keys(database: Database, write_conll: Write) -> None:
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    before = _last(database)
    assert (before["sentence"], before["translation"]) == (12, 6)
    delete_corpus(database, "news")
    with database.write() as connection:
        connection.execute(delete(run))
    assert _last(database) == before
    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    with database.read() as connection:
        for table in KEYED:
            first = connection.execute(select(func.min(table.c.id))).scalar()
            assert first is None or table is step or first > before[table.name], table.name


def test_a_copy_gives_no_key_that_its_source_has_given(
    database: Database, write_conll: Write, tmp_path: Path, postgres_server: Any
) -> None:
    from conftest import _postgres_database

    import_sample(database, write_conll, {"en": english(6), "de": german(6)})
    delete_corpus(database, "news")
    result = _last(database)
    copy_database(_address(database), tmp_path / "copy.db")
    with open_database(tmp_path / "copy.db") as copied:
        assert _last(copied) == result
    with _postgres_database(postgres_server) as url:
        address = url.render_as_string(hide_password=False)
        copy_database(tmp_path / "copy.db", address)
        with open_database(address) as copied:
            assert _last(copied) == result


def test_what_runs_in_the_source_does_not_run_in_a_copy(sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.write() as connection:
        begin_run(connection, "run")
    copy_database(_address(sqlite_database), tmp_path / "copy.db")
    for path, status in ((_address(sqlite_database), "running"), (tmp_path / "copy.db", "stopped")):
        with open_database(path) as entry, entry.read() as connection:
            assert connection.execute(select(run.c.status)).scalar_one() == status


def test_an_older_database_keeps_its_rows_and_gives_none_of_their_keys(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    build(database, write_conll, tmp_path, COMBINE)
    with database.write() as connection:
        # As a deletion during a run left them behind: of no translation, of no run, of no step.
        align = connection.execute(select(step.c.id).where(step.c.kind == "align").limit(1)).scalar_one()
        connection.execute(insert(alignment).values(step_id=align, translation_id=900, links="0-0:0.5"))
        connection.execute(insert(outcome).values(step_id=align, item_id=901, status="ok", run_id=70))
        connection.execute(insert(outcome).values(step_id=55, item_id=3, status="ok", run_id=1))
    rows, steps = _rows(database), _last(database)["step"]
    schema.downgrade(database.engine, "0007")
    assert "after_run" not in {column["name"] for column in inspect(database.engine).get_columns("step")}
    schema.upgrade(database.engine)
    schema.check(database.engine)
    assert _rows(database) == rows
    last = _last(database)
    assert (last["translation"], last["run"], last["step"]) == (901, 70, 55)
    assert last["step"] > steps
    with database.write() as connection:
        assert begin_run(connection, "next") == 71
        assert bulk.next_id(connection, translation) == 902
        assert bulk.next_id(connection, sentence) == last["sentence"] + 1


def test_the_tables_with_kept_keys_are_so_in_the_migration(sqlite_database: Database) -> None:
    """Alembic does not compare this."""
    with sqlite_database.read() as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql LIKE '%PRIMARY KEY AUTOINCREMENT%'"
        values = set(connection.exec_driver_sql(query).scalars())
    wanted = {name for name, table in metadata.tables.items() if table.dialect_options["sqlite"]["autoincrement"]}
    assert values == wanted == {table.name for table in KEYED}


@pytest.mark.parametrize("again", [False, True])
def test_keys_that_are_given_by_hand_count(database: Database, again: bool) -> None:
    columns = ("id", "name", "digest", "text", "plan")
    recipe = metadata.tables["recipe"]
    with database.write() as connection:
        bulk.insert(connection, recipe, columns, [(7, "a", "", "", "[]")])
        if again:
            bulk.insert(connection, recipe, columns, [(7, "a", "", "", "[]"), (9, "b", "", "", "[]")])
        connection.execute(delete(recipe))
        values = {"name": "c", "digest": "", "text": "", "plan": "[]"}
        value = connection.execute(insert(recipe).values(**values).returning(recipe.c.id)).scalar_one()
    assert value == (10 if again else 8)

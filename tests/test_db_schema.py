import json
import re
import sqlite3
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from xprojdb.db import open_database, schema
from xprojdb.db.opening import connect
from xprojdb.db.tables import metadata
from xprojdb.errors import DatabaseError, UsageError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

HEAD = "0016"
TABLES = set(metadata.tables)


@pytest.fixture
def engine(bare_address):
    engine = connect(bare_address, create=True)
    yield engine
    engine.dispose()


def tables(engine):
    return set(inspect(engine).get_table_names())


def execute(address, *statements):
    engine = connect(address, create=True)
    with engine.connect().execution_options(xprojdb_write=True) as connection, connection.begin():
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def test_the_revisions_are_those_of_alembic():
    script = ScriptDirectory.from_config(schema._config(None))
    assert schema.revisions() == tuple(revision.revision for revision in script.walk_revisions())[::-1]
    assert schema.revisions()[-1] == script.get_current_head()


def test_upgrade_from_nothing_makes_every_table_and_check_finds_no_difference(engine):
    schema.upgrade(engine)
    assert tables(engine) == TABLES | {schema.VERSION_TABLE}
    schema.check(engine)


def test_upgrade_again_changes_nothing(engine):
    schema.upgrade(engine)
    before = schema.state(engine)
    schema.upgrade(engine)
    assert schema.state(engine) == before
    assert (before.current, before.is_known) == (before.head, True)


def test_downgrade_to_base_leaves_no_table(engine):
    schema.upgrade(engine)
    schema.downgrade(engine, "base")
    assert tables(engine) == {schema.VERSION_TABLE}
    assert schema.state(engine).empty
    schema.upgrade(engine)
    schema.check(engine)


def test_downgrade_of_a_filled_database(address, write_conll):
    file = write_conll("a.conll", "Ana/B-PER sings", "She waits")
    with open_database(address) as database:
        import_files(database, CorpusInfo("c"), [corpus_file(file, "en")])
        import_files(database, CorpusInfo("c"), [corpus_file(file, "de")], parallel=False)
        schema.downgrade(database.engine, "base")
        assert tables(database.engine) == {schema.VERSION_TABLE}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("ALTER TABLE corpus ADD COLUMN colour TEXT", "colour"),
        ("ALTER TABLE corpus DROP COLUMN citation", "citation"),
        ("CREATE TABLE notes (id INTEGER PRIMARY KEY)", "notes"),
        ("DROP INDEX ix_translation_scope", "ix_translation_scope"),
    ],
)
def test_check_tells_differences(address, change, told):
    execute(address, change)
    with open_database(address) as database, pytest.raises(DatabaseError) as caught:
        schema.check(database.engine)
    assert [told in line for line in caught.value.differences] == [True]


@pytest.mark.parametrize("move", [schema.upgrade, schema.downgrade])
def test_an_unknown_revision(engine, move):
    schema.upgrade(engine)
    with pytest.raises(UsageError) as caught:
        move(engine, "0815")
    assert caught.value.revision == "0815"
    assert schema.state(engine).current == schema.state(engine).head


def test_without_tables_it_is_made_only_when_asked(bare_address, dialect):
    with pytest.raises(DatabaseError) as caught:
        open_database(bare_address)
    assert "db upgrade" in caught.value.hint
    if dialect == "sqlite":
        assert not Path(bare_address).exists()
    with open_database(bare_address, create=True) as database:
        assert tables(database.engine) >= TABLES


def test_a_revision_of_a_newer_version_refuses(address):
    execute(address, f"UPDATE {schema.VERSION_TABLE} SET version_num = '9999'")
    for create in (False, True):
        with pytest.raises(DatabaseError) as caught:
            open_database(address, create=create)
        assert (caught.value.current, caught.value.head) == ("9999", HEAD)
        assert "newer" in caught.value.hint
    engine = connect(address)
    with pytest.raises(DatabaseError):
        schema.upgrade(engine)
    engine.dispose()


def test_an_older_revision_names_the_command_to_run(address):
    engine = connect(address)
    schema.downgrade(engine, "0001")
    engine.dispose()
    with pytest.raises(DatabaseError) as caught:
        open_database(address)
    assert (caught.value.current, caught.value.head) == ("0001", HEAD)
    assert re.fullmatch(r"xprojdb --db \S+ db upgrade", caught.value.hint)


@pytest.mark.parametrize(
    "statements",
    [
        ["CREATE TABLE sentence (id INTEGER)"],
        ["CREATE TABLE step (id INTEGER)", "CREATE TABLE alembic_version (version_num VARCHAR(32))",
         "INSERT INTO alembic_version VALUES ('0001')"],
    ],
)  # fmt: skip
def test_a_database_of_another_program_refuses_and_stays_as_it_is(bare_address, statements):
    execute(bare_address, *statements)
    engine = connect(bare_address)
    before = tables(engine)
    for attempt in (open_database, lambda at: open_database(at, create=True), lambda _: schema.upgrade(engine),
                    lambda _: schema.downgrade(engine, "base")):  # fmt: skip
        with pytest.raises(DatabaseError) as caught:
            attempt(bare_address)
        assert set(caught.value.tables) == before
    assert tables(engine) == before
    engine.dispose()


@pytest.mark.slow
def test_the_commands(run_cli, bare_address):
    at = ("--db", bare_address, "db")
    result = run_cli(*at, "upgrade")
    assert (result.code, result.stderr) == (0, "")
    assert json.loads(run_cli(*at, "current", "--json").stdout)["current"] == HEAD
    checked = run_cli(*at, "check")
    assert (checked.code, checked.stderr, checked.stdout.count("\n")) == (0, "", 1)
    assert "No new upgrade operations" not in checked.stdout
    assert run_cli(*at, "downgrade", "base", "--yes").code == 0
    assert "is at revision base" in run_cli(*at, "current").stdout
    refused = run_cli(*at, "check")
    assert (refused.code, "Traceback" in refused.stderr) == (1, False)


def test_check_of_a_changed_table_ends_with_a_message(run_cli, address):
    execute(address, "ALTER TABLE corpus ADD COLUMN colour TEXT")
    done = run_cli("--db", address, "db", "check")
    assert (done.code, done.stdout) == (1, "")
    assert "colour" in done.stderr
    assert "Traceback" not in done.stderr


def test_upgrade_to_an_unknown_revision_ends_with_a_message(run_cli, address):
    done = run_cli("--db", address, "db", "upgrade", "0815")
    assert (done.code, done.stdout) == (2, "")
    assert "0815" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_rowid_tables_are_so_in_the_migration(sqlite_database):
    """Alembic does not compare this, and it halves their size."""
    path = sqlite_database.engine.url.database
    with sqlite3.connect(path) as connection:
        names = {name for name, wr in connection.execute("SELECT name, wr FROM pragma_table_list") if wr}
    wanted = {name for name, table in metadata.tables.items() if table.dialect_options["sqlite"]["with_rowid"] is False}
    assert names == wanted
    assert wanted

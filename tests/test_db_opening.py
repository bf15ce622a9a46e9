import sqlite3
import threading
import time
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import DBAPIError

from xprojdb.db import open_database, postgresql, sqlite
from xprojdb.db.opening import connect, parse_address
from xprojdb.db.tables import corpus
from xprojdb.errors import DatabaseError, UsageError


def names(database):
    with database.read() as connection:
        return set(connection.execute(select(corpus.c.name)).scalars())


def add(connection, name):
    connection.execute(insert(corpus).values(name=name))


def refusal(address, **options):
    with pytest.raises(DatabaseError) as caught:
        open_database(address, **options)
    return caught.value


def test_what_was_written_is_read(database):
    with database.write() as connection:
        add(connection, "c")
    assert names(database) == {"c"}


def test_an_error_rolls_everything_back(database):
    with pytest.raises(ZeroDivisionError), database.write() as connection:
        add(connection, "c")
        raise ZeroDivisionError
    assert names(database) == set()


def test_reading_sees_one_state_throughout(database):
    with database.read() as reader:
        query = select(corpus.c.name)
        assert reader.execute(query).all() == []
        with database.write() as writer:
            add(writer, "c")
        assert reader.execute(query).all() == []
    assert names(database) == {"c"}


def test_reading_cannot_write(database):
    with pytest.raises((DatabaseError, DBAPIError)), database.read() as connection:
        add(connection, "c")
    assert names(database) == set()
    with database.write() as connection:
        add(connection, "d")
    assert names(database) == {"d"}


def test_writers_take_turns(database):
    entered = threading.Event()

    def second():
        entered.set()
        with database.write() as connection:
            add(connection, "second" if connection.execute(select(corpus.c.name)).all() else "alone")

    with database.write() as connection:
        add(connection, "first")
        thread = threading.Thread(target=second)
        thread.start()
        entered.wait()
        time.sleep(0.2)
    thread.join()
    assert names(database) == {"first", "second"}


def test_a_writer_that_does_not_end_is_told(address, monkeypatch):
    monkeypatch.setattr(sqlite, "BUSY_TIMEOUT_MS", 100)
    monkeypatch.setattr(postgresql, "LOCK_TIMEOUT_MS", 100)
    with open_database(address) as one, open_database(address) as other, one.write() as connection:
        add(connection, "c")
        with pytest.raises(DatabaseError) as caught, other.write():
            pass
    assert caught.value.fault == "busy"


def test_programming_errors_pass_unchanged(database):
    with database.write() as connection:
        add(connection, "connection is locked, disk is full")
    with pytest.raises(DBAPIError), database.write() as connection:
        add(connection, "connection is locked, disk is full")
    with pytest.raises(DBAPIError), database.read() as connection:
        connection.exec_driver_sql("SELECT nothing FROM nowhere")


def test_a_missing_file(tmp_path):
    error = refusal(tmp_path / "none.db")
    assert error.path == str(tmp_path / "none.db")
    assert "db upgrade" in error.hint
    assert not (tmp_path / "none.db").exists()


@pytest.mark.parametrize("create", [True, False])
def test_a_missing_folder(tmp_path, create):
    assert refusal(tmp_path / "none" / "x.db", create=create).path == str(tmp_path / "none" / "x.db")
    assert not (tmp_path / "none").exists()


def test_a_folder(tmp_path):
    assert refusal(tmp_path, create=True).path == str(tmp_path)


@pytest.mark.parametrize("create", [True, False])
def test_a_file_that_is_no_database(tmp_path, create):
    path = tmp_path / "corpus.conll"
    path.write_bytes(b"Ana\tB-PER\n" * 500)
    assert refusal(path, create=create).fault == "no database"
    assert path.read_bytes() == b"Ana\tB-PER\n" * 500


def test_a_damaged_file(sqlite_database):
    with sqlite_database.write() as connection:
        for number in range(5000):
            add(connection, f"corpus-{number}")
    path = Path(sqlite_database.engine.url.database)
    sqlite_database.close()
    with path.open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 400_000)
    with pytest.raises(DatabaseError) as caught, open_database(path) as opened:
        names(opened)
    assert caught.value.fault == "damaged"


def test_a_read_only_database_is_read_and_not_written(sqlite_template, tmp_path, read_only):
    folder = tmp_path / "archive"
    folder.mkdir()
    path = folder / "old one?.db"
    path.write_bytes(sqlite_template.read_bytes())
    with open_database(path) as opened, opened.write() as connection:
        add(connection, "c")
    read_only(folder)
    with open_database(path) as opened:
        assert names(opened) == {"c"}
        with pytest.raises(DatabaseError) as caught, opened.write() as connection:
            add(connection, "d")
        assert caught.value.fault == "read-only"
        assert caught.value.message.startswith(f"{path} cannot be written")
        assert (opened.url, names(opened)) == (str(path), {"c"})


def test_sqlite_uris(sqlite_template):
    with open_database(f"sqlite:///file:{sqlite_template}?mode=ro&uri=true") as opened:
        assert names(opened) == set()


def test_in_memory():
    with open_database(":memory:", create=True) as opened:
        with opened.write() as connection:
            add(connection, "c")
        assert names(opened) == {"c"}


def test_a_full_disk_loses_nothing_that_was_there(sqlite_database):
    with sqlite_database.write() as connection:
        add(connection, "before")
    with pytest.raises(DatabaseError) as caught, sqlite_database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 2}")
        for number in range(10_000):
            add(connection, f"corpus-{number}")
    assert caught.value.fault == "full"
    assert names(sqlite_database) == {"before"}
    with sqlite3.connect(sqlite_database.engine.url.database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_server_that_is_not_there():
    error = refusal("postgresql://someone:secret@127.0.0.1:1/x")
    assert error.fault == "unreachable"
    assert "secret" not in str(error) + error.hint + repr(error.fields)


def test_a_database_that_is_not_there(postgres_server):
    address = postgres_server.set(database="nowhere").render_as_string(hide_password=False)
    assert refusal(address, create=True).fault == "unreachable"


@pytest.mark.parametrize("dialect", ["postgresql"])
def test_a_server_that_ends_the_connection(database):
    with pytest.raises(DatabaseError) as caught, database.write() as connection:
        add(connection, "c")
        process = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with database.read() as other:
            other.exec_driver_sql(f"SELECT pg_terminate_backend({process}, 60000)")
        add(connection, "d")
    assert caught.value.fault == "lost"
    assert names(database) == set()


@pytest.mark.parametrize("address", ["mysql://host/x", "://", "postgresql://host:port/x", "", "oracle+nothing://x"])
def test_addresses_of_nothing(address):
    with pytest.raises(UsageError) as caught:
        connect(address)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("address", "backend", "database"),
    [
        ("a b.db", "sqlite", "a b.db"),
        ("/x/y.db", "sqlite", "/x/y.db"),
        ("sqlite:////x/y.db", "sqlite", "/x/y.db"),
        ("postgresql://host/name", "postgresql", "name"),
        ("postgres://host/name", "postgresql", "name"),
        ("postgresql+psycopg://host/name", "postgresql", "name"),
    ],
)
def test_addresses(address, backend, database):
    url = parse_address(address)
    assert (url.get_backend_name(), url.database) == (backend, database)


def test_the_address_shown_has_no_password(sqlite_database):
    assert sqlite_database.url == sqlite_database.engine.url.database
    with pytest.raises(UsageError) as caught:
        connect("mysql://someone:secret@host/x")
    assert "secret" not in caught.value.address

"""Everything specific to SQLite."""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    ColumnElement,
    Connection,
    Engine,
    Integer,
    LargeBinary,
    Select,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.exc import DataError

from xprojdb.db.mounts import MOUNTINFO, mount_of
from xprojdb.errors import DatabaseError

# Readers never wait with a write-ahead log; a second writer waits this long before giving up.
BUSY_TIMEOUT_MS = 60_000
#: the schema name of a second database attached to a connection
ATTACHED = "attached"
WRITE_AHEAD, ROLLBACK = "WAL", "DELETE"
#: the versions for writing and reading in the header of a file with a write-ahead log
_LOGS_AHEAD = b"\x02\x02"
#: the most values bound to one statement, which every version of SQLite accepts
_VALUES = 999

_FAULTS = {
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_PERM: "refused",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_NOTADB: "no database",
    sqlite3.SQLITE_CORRUPT: "damaged",
    sqlite3.SQLITE_CANTOPEN: "cannot open",
    sqlite3.SQLITE_IOERR: "input/output",
}


def make_engine(url: URL, *, create: bool, mountinfo: Path = MOUNTINFO, attached: Path | None = None) -> Engine:
    """An engine whose transactions begin as :class:`xprojdb.db.Database` promises.

    On a network file system it has a rollback journal: the index of a write-ahead log is memory that only the processes
    of one machine share, and two machines that used it would destroy the file.

    :param mountinfo: the system's list of mounts.
    :param attached: another database file, whose tables can be read as ``attached.TABLE``.
    :raises DatabaseError: when the file or its folder is missing, or on a file system without locks.
    """
    path, journal = file_of(url), WRITE_AHEAD
    if path is not None:
        _check_path(path, create=create)
        if on_read_only_disk(path):
            # The write-ahead log's index cannot be created there, but nobody can change the file either.
            url = URL.create("sqlite", database=f"file:{_quoted(path)}", query={"immutable": "1", "uri": "true"})
        elif is_remote(path, mountinfo):
            journal = ROLLBACK
            _leave_write_ahead_log(path)
    arguments = {} if attached is None else {"uri": True}
    engine = create_engine(url, execution_options={"xprojdb_journal": journal}, connect_args=arguments)
    event.listen(engine, "connect", _configure)
    if attached is not None:
        event.listen(engine, "connect", partial(_attach, attached))
    event.listen(engine, "begin", _begin)
    return engine


def with_cache(engine: Engine, kibibytes: int) -> Engine:
    """An engine on the same file whose connections each keep that much of it in memory, instead of 64 MiB."""
    own = create_engine(engine.url, execution_options=engine.get_execution_options())
    event.listen(own, "connect", _configure)
    event.listen(own, "connect", lambda connection, _: connection.execute(f"PRAGMA cache_size = -{kibibytes}"))
    event.listen(own, "begin", _begin)
    return own


def file_of(url: URL) -> Path | None:
    """The database file of a URL; None for a database in memory or an SQLite URI."""
    if url.database in (None, "", ":memory:") or str(url.database).startswith("file:"):
        return None
    return Path(str(url.database))


def _check_path(path: Path, *, create: bool) -> None:
    if not path.parent.is_dir():
        raise DatabaseError(f"the folder {path.parent} does not exist", hint=f"mkdir -p {path.parent}", path=str(path))
    if path.is_dir():
        raise DatabaseError(f"{path} is a folder, not a database", hint="pass a file as --db", path=str(path))
    if not path.exists() and not create:
        raise DatabaseError(
            f"there is no database at {path}",
            hint=f"create an empty one with xprojdb --db {path} db upgrade, or import something",
            path=str(path),
        )


def is_remote(path: Path, mountinfo: Path = MOUNTINFO) -> bool:
    """Whether a file is on a network file system, whose locks must work.

    :raises DatabaseError: when it is on one without; with the fields ``path`` and ``file_system``.
    """
    mount = mount_of(path, mountinfo)
    if mount is None or not mount.is_remote:
        return False
    if not mount.has_locks:
        raise DatabaseError(
            f"{path} is on a network file system ({mount.kind}) that has no locks between machines",
            hint="use a PostgreSQL URL, or a file on a local disk and 'db copy' it when done",
            path=str(path),
            file_system=mount.kind,
        )
    return True


def has_rollback_journal(engine: Engine) -> bool:
    """Whether a database is an SQLite file on a network file system, where readers block writers."""
    return engine.get_execution_options().get("xprojdb_journal") == ROLLBACK


def _leave_write_ahead_log(path: Path) -> None:
    """Switch the journal of a file that came from a local disk, which keeps its mode until told otherwise.

    :raises DatabaseError: when another process has it open in that way.
    """
    if not (path.exists() and path.stat().st_size and os.access(path, os.W_OK)):
        return
    with path.open("rb") as stream:
        if stream.read(20)[18:] != _LOGS_AHEAD:
            return
    connection = sqlite3.connect(path, timeout=BUSY_TIMEOUT_MS / 1_000)
    try:
        connection.execute(f"PRAGMA journal_mode = {ROLLBACK}")
    except sqlite3.OperationalError as error:
        raise DatabaseError(
            f"{path} is on a network file system, and another process uses it with a write-ahead log ({error})",
            hint="end that process first, or use a PostgreSQL URL",
            path=str(path),
        ) from error
    finally:
        connection.close()


def on_read_only_disk(path: Path) -> bool:
    """Whether neither a file nor its folder can be written to."""
    if not hasattr(os, "statvfs") or not path.exists():
        return False
    return bool(os.statvfs(path).f_flag & os.ST_RDONLY)


def _quoted(path: Path) -> str:
    return path.absolute().as_uri().removeprefix("file://")


def _configure(connection: sqlite3.Connection, _record: Any) -> None:
    # Turn off the driver's implicit transactions; _begin starts them.
    connection.isolation_level = None
    connection.create_function("xprojdb_share", 2, _share, deterministic=True)
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA cache_size = -65536")
    connection.execute("PRAGMA temp_store = MEMORY")
    # Write the log back less often: the default would do so after every batch, which costs a twentieth of a run.
    connection.execute("PRAGMA wal_autocheckpoint = 4096")


def _attach(path: Path, connection: sqlite3.Connection, _record: Any) -> None:
    connection.execute(f"ATTACH DATABASE ? AS {ATTACHED}", (f"file:{_quoted(path)}?mode=ro",))
    # Merging takes every key it writes from a table of keys and checks every row at the end;
    # looking up each key of each row would be a third check.
    connection.execute("PRAGMA foreign_keys = OFF")
    # Temporary tables grow with the databases.
    connection.execute("PRAGMA temp_store = FILE")


def _begin(connection: Connection) -> None:
    mode = connection.get_execution_options().get("xprojdb_write")
    if not mode:
        connection.exec_driver_sql("PRAGMA query_only = ON")
        connection.exec_driver_sql("BEGIN")
        return
    connection.exec_driver_sql("PRAGMA query_only = OFF")
    # Write-ahead logging is a property of the file; setting it again costs nothing.
    journal = connection.get_execution_options().get("xprojdb_journal", WRITE_AHEAD)
    connection.exec_driver_sql(f"PRAGMA journal_mode = {journal}")
    # Without full synchronisation, a rollback journal may be lost in a power failure.
    connection.exec_driver_sql(f"PRAGMA synchronous = {'NORMAL' if journal == WRITE_AHEAD else 'FULL'}")
    if mode == "now":
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
    try:
        # A deferred transaction that reads first would fail immediately when another process writes.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def changes(connection: Connection) -> int:
    """The number of rows this connection has changed."""
    return int(_driver(connection).total_changes)


def _driver(connection: Connection) -> sqlite3.Connection:
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    return driver


def fault(error: BaseException) -> str | None:
    """Classify a driver error as one of ``FAULTS``, or None for a bug in this program."""
    if "Could not decode to UTF-8" in str(error):
        return "texts"
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else _FAULTS.get(code & 0xFF)


def insert(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """``executemany`` on the driver's connection, with many rows per statement.

    One statement per row would start, descend from the root of the table and finish for every row; one statement for
    many rows takes half the time, and SQLAlchemy's own insert of dictionaries four times as long.
    """
    driver = _driver(connection)
    before, together = driver.total_changes, max(1, _VALUES // len(columns))
    rest: list[tuple[Any, ...]] = []
    driver.executemany(_insert(table, columns, together), _joined(iter(rows), together, rest))
    driver.executemany(_insert(table, columns, 1), rest)
    return driver.total_changes - before


def _insert(table: str, columns: Sequence[str], count: int) -> str:
    marks = ",".join([f"({','.join('?' * len(columns))})"] * count)
    # Not OR IGNORE, which would also ignore violations of NOT NULL or CHECK.
    return f"INSERT INTO {table} ({','.join(columns)}) VALUES {marks} ON CONFLICT DO NOTHING"


def _joined(rows: Iterator[tuple[Any, ...]], together: int, rest: list[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Join the values of ``together`` rows at a time.

    :param rest: receives the remaining rows at the end.
    """
    while len(part := list(islice(rows, together))) == together:
        yield tuple(chain.from_iterable(part))
    rest += part


def among(column: ColumnElement[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """Uses ``json_each``, since SQLite has no arrays and limits the number of bound values."""
    keys = func.json_each(bindparam(None, json.dumps(list(ids)))).table_valued("value")
    return column.in_(select(keys.c.value))


def among_texts(column: ColumnElement[str], texts: Sequence[str]) -> ColumnElement[bool]:
    """Uses ``json_each``, like :func:`among`."""
    keys = func.json_each(bindparam(None, json.dumps(list(texts)))).table_valued("value")
    return column.in_(select(keys.c.value))


def joined(
    connection: Connection, statement: Select[Any], separator: str, *, ordered: bool
) -> tuple[int, list[bytes | None]] | None:
    """See :func:`xprojdb.db.bulk.joined`."""
    columns = [column.label(f"c{number}") for number, column in enumerate(statement.selected_columns)]
    rows = statement.with_only_columns(*columns).subquery() if ordered else None
    values: Sequence[ColumnElement[Any]] = list(statement.selected_columns if rows is None else rows.columns)
    # As a literal: a function call or a bound value would be evaluated for each row.
    between: ColumnElement[str] = literal_column(f"'{separator}'")
    texts = [cast(func.group_concat(column, between), LargeBinary) for column in values]
    doubtful = [place for place, column in enumerate(statement.selected_columns) if _may_hide_null(column)]
    asked: list[ColumnElement[Any]] = [func.count(), *(func.count(values[place]) for place in doubtful), *texts]
    # Without a subquery where none is needed: SQLite copies each of its values once more for each use.
    whole = statement.with_only_columns(*asked, maintain_column_froms=True) if rows is None else select(*asked)
    try:
        with closing(connection.execute(whole)) as result:
            ((count, *read),) = result.cursor.fetchall()
    except DataError:
        return None
    # Where only some values are there, nothing would tell which.
    present, read = read[: len(doubtful)], read[len(doubtful) :]
    return (count, read) if {0, count}.issuperset(present) else None


def _may_hide_null(column: ColumnElement[Any]) -> bool:
    """Whether a missing value could go unnoticed: numbers contain no separator, so that one value is too few."""
    return not isinstance(column.type, Integer) and getattr(column, "nullable", True)


def share(name: ColumnElement[str], count: int) -> ColumnElement[int]:
    """The first 32 bits of a text's MD5, modulo a number."""
    return func.xprojdb_share(name, count, type_=Integer)


def _share(name: str, count: int) -> int:
    return int(hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()[:8], 16) % count


def floor(value: ColumnElement[float]) -> ColumnElement[int]:
    """A number without its fraction; rounds towards 0, since not every SQLite has ``floor``."""
    return cast(value, Integer)


def phrase(words: ColumnElement[str], start: ColumnElement[int], end: ColumnElement[int]) -> ColumnElement[str]:
    """The words of a span of a JSON list, in order, joined by spaces."""
    # As text, because SQLAlchemy does not recognise the correlation of a FROM inside a scalar subquery's FROM.
    return literal_column(
        f"(SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each({words})"
        f" WHERE key >= {start} AND key < {end} ORDER BY key))",
        Text,
    )


def last_key(connection: Connection, table: str) -> int:
    """The highest key that a table has ever had."""
    query = (
        f"SELECT max(coalesce((SELECT max(id) FROM {table}), 0),"
        " coalesce((SELECT max(seq) FROM sqlite_sequence WHERE name = ?), 0))"
    )
    return int(connection.exec_driver_sql(query, (table,)).scalar_one())


def raise_key(connection: Connection, table: str, key: int) -> None:
    """Make all future keys higher than ``key``. Needs a write transaction."""
    there = connection.exec_driver_sql(
        "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?", (key, table)
    ).rowcount
    if not there:
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, key))

"""Everything specific to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any

from sqlalchemy import (
    URL,
    BigInteger,
    ColumnElement,
    Connection,
    Engine,
    Executable,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    literal,
    literal_column,
)

from xprojdb.extras import require

#: how long a second writer waits before giving up
LOCK_TIMEOUT_MS = 60_000
#: tables of a query whose order of joins the server chooses
JOINS = 12
#: the advisory lock for writers of a database: the bytes of "xprojdb"
WRITER_LOCK = int.from_bytes(b"xprojdb", "big")

_FAULTS = {
    "25006": "read-only",
    "42501": "refused",
    "53100": "full",
    "55P03": "busy",
    "40P01": "busy",
    "40001": "busy",
    "58030": "input/output",
    "XX001": "damaged",
    "XX002": "damaged",
}
#: has no effect if the sequence is already higher; a transaction that is rolled back just leaves a gap
_RAISE = "SELECT setval('{table}_id_seq', key) FROM (SELECT {key} AS key), {table}_id_seq WHERE key >= last_value"
#: Views join nine tables. Beyond eight, the server keeps the order in which joins are written, and would read whole
#: views to find a few of their rows.
_READ = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;"
    f" SET LOCAL join_collapse_limit = {JOINS}; SET LOCAL from_collapse_limit = {JOINS}"
)
_LOST = ("08", "57P01", "57P02", "57P05")
_UNREACHABLE = ("28", "3D", "53", "57P")


def make_engine(url: URL) -> Engine:
    """An engine whose transactions begin as :class:`xprojdb.db.Database` promises.

    :raises MissingExtra: when the driver is not installed.
    """
    require("psycopg", "postgres")
    engine = create_engine(url.set(drivername="postgresql+psycopg"), pool_pre_ping=True)
    event.listen(engine, "begin", _begin)
    return engine


def _begin(connection: Connection) -> None:
    # With "read committed", two queries could see different states. For writers, who take turns, it is enough.
    mode = connection.get_execution_options().get("xprojdb_write")
    if not mode:
        connection.exec_driver_sql(_READ)
    elif mode == "now":
        _lock_at_once(connection)
    else:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS}")
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")


def _lock_at_once(connection: Connection) -> None:
    from psycopg.errors import LockNotAvailable

    if not connection.exec_driver_sql(f"SELECT pg_try_advisory_xact_lock({WRITER_LOCK})").scalar_one():
        raise LockNotAvailable("another process writes")


def changes(connection: Connection) -> int:
    """The id of this transaction, which the server assigns at its first change; 0 before that."""
    return int(connection.exec_driver_sql("SELECT coalesce(txid_current_if_assigned(), 0)").scalar_one())


def fault(error: BaseException) -> str | None:
    """Classify a driver error as one of ``FAULTS``, or None for a bug in this program."""
    state = getattr(error, "sqlstate", None)
    if state is None:
        return _without_code(error)
    if state.startswith(_LOST):
        return "lost"
    return _FAULTS.get(state) or ("unreachable" if state.startswith(_UNREACHABLE) else None)


def _without_code(error: BaseException) -> str | None:
    """Classify an error that did not come from the server, which did not answer or no longer does."""
    # psycopg checks some of them itself.
    if "connection option" in str(error) or str(error).startswith("bad value for "):
        return "options"
    if type(error).__name__ != "OperationalError":
        return None
    # The driver attaches the connection to errors in establishing it, and to no others.
    return "lost" if getattr(error, "pgconn", None) is None else "unreachable"


def insert(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> int:
    """COPY into the table; if a row's key already exists, repeat via a temporary table."""
    from psycopg.errors import UniqueViolation

    names, values = ",".join(columns), list(rows)
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        try:
            # A savepoint, so that the caller's transaction survives existing keys.
            with driver.transaction():
                added = _copy(cursor, table, names, values)
        except UniqueViolation:
            added = _merge(cursor, table, names, values)
        if "id" in columns and values:
            # Keys assigned by us do not advance the sequence, which must remember them after the rows are gone.
            cursor.execute(_RAISE.format(table=table, key=f"(SELECT max(id) FROM {table})"))
        return added


def fill(connection: Connection, table: str, columns: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> None:
    """Copy rows into a table without keys, with COPY."""
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor:
        _copy(cursor, table, ",".join(columns), rows)


def _copy(cursor: Any, table: str, names: str, rows: Iterable[tuple[Any, ...]]) -> int:
    with cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return int(cursor.rowcount)


def _merge(cursor: Any, table: str, names: str, rows: Iterable[tuple[Any, ...]]) -> int:
    staging = f"staging_{table}"
    # Without defaults and constraints, which only the final insert checks.
    cursor.execute(f"CREATE TEMPORARY TABLE {staging} ON COMMIT DROP AS SELECT {names} FROM {table} LIMIT 0")
    _copy(cursor, staging, names, rows)
    cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {staging} ON CONFLICT DO NOTHING")
    added = int(cursor.rowcount)
    cursor.execute(f"DROP TABLE {staging}")
    return added


def stream(connection: Connection, statement: Executable, block: int) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in blocks, through a cursor of the server's: any other fetches all of them at once."""
    # Set on the statement: on the connection they would also affect later ones, whose first row is then prefetched.
    options = {"stream_results": True, "max_row_buffer": block}
    with closing(connection.execute(statement, execution_options=options)) as result:
        while rows := result.fetchmany(block):
            yield [tuple(row) for row in rows]


def last_key(connection: Connection, table: str) -> int:
    """The highest key that a table has ever had."""
    sequence = f"(SELECT last_value - CASE WHEN is_called THEN 0 ELSE 1 END FROM {table}_id_seq)"
    query = f"SELECT greatest({sequence}, (SELECT max(id) FROM {table}))"
    return int(connection.exec_driver_sql(query).scalar_one())


def raise_key(connection: Connection, table: str, key: int) -> None:
    """Make all future keys higher than ``key``. Needs a write transaction."""
    if key > 0:
        connection.exec_driver_sql(_RAISE.format(table=table, key=int(key)))


def clock(connection: Connection) -> float:
    """Seconds since 1970 on the server's clock."""
    return float(connection.exec_driver_sql("SELECT extract(epoch FROM clock_timestamp())").scalar_one())


def among(column: ColumnElement[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """``= ANY(array)``: one bound value, whatever the number of ids."""
    # Imported here, since it loads SQLAlchemy's PostgreSQL dialect, a twentieth of a second that SQLite users can save.
    from sqlalchemy.dialects.postgresql import ARRAY

    return column == func.any(bindparam(None, list(ids), type_=ARRAY(BigInteger)))


def among_texts(column: ColumnElement[str], texts: Sequence[str]) -> ColumnElement[bool]:
    """``= ANY(array)``, like :func:`among`."""
    from sqlalchemy.dialects.postgresql import ARRAY

    return column == func.any(bindparam(None, list(texts), type_=ARRAY(Text)))


def share(name: ColumnElement[str], count: int) -> ColumnElement[int]:
    """The first 32 bits of a text's MD5, modulo a number."""
    from sqlalchemy.dialects.postgresql import BIT

    digits = literal("x").concat(func.substr(func.md5(name), 1, 8))
    return cast(cast(digits, BIT(32)), BigInteger) % count


def floor(value: ColumnElement[float]) -> ColumnElement[int]:
    """The largest whole number that is not larger."""
    return cast(func.floor(value), BigInteger)


def phrase(words: ColumnElement[str], start: ColumnElement[int], end: ColumnElement[int]) -> ColumnElement[str]:
    """The words of a span of a JSON list, in order, joined by spaces."""
    return literal_column(
        f"(SELECT string_agg(word, ' ' ORDER BY place) FROM json_array_elements_text(({words})::json)"
        f" WITH ORDINALITY AS listed (word, place) WHERE place > {start} AND place <= {end})",
        Text,
    )

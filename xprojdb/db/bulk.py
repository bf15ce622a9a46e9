"""Read and write many rows on the driver's fast path, within SQLAlchemy's connection and transaction.

Writing is idempotent: rows whose key exists are left unchanged, so writing a batch twice changes nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Integer, Select, Table, cast, literal_column

from xprojdb.db import postgresql, sqlite

Row = tuple[Any, ...]

#: between values that the database joins: the control character for it, which words and names may not contain
SEPARATOR = "\x1e"
SHIFT = 62
EXACT = (2.0**-10, 1.5)


def insert(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert rows, skipping those whose key exists.

    :param columns: the columns of the values in each row, in order; other columns stay null.
    :param rows: tuples of plain Python values.
    :returns: the number of new rows.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.insert(connection, table.name, columns, rows)
    return sqlite.insert(connection, table.name, columns, rows)


def fill(connection: Connection, name: str, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Insert rows into a temporary table without keys.

    :param name: the name of the table.
    """
    if connection.dialect.name == "postgresql":
        postgresql.fill(connection, name, columns, rows)
    else:
        sqlite.insert(connection, name, columns, rows)


def fetch(connection: Connection, statement: Executable) -> list[Row]:
    """Fetch all rows of a query as plain tuples from the driver's cursor, without SQLAlchemy's row objects."""
    result = connection.execute(statement)
    try:
        return list(result.cursor.fetchall()) if result.cursor is not None else []
    finally:
        result.close()


def joins(connection: Connection) -> bool:
    """Whether :func:`joined` may join columns on this kind of database."""
    return connection.dialect.name == "sqlite"


def joined(
    connection: Connection, statement: Select[Any], *, ordered: bool = True
) -> tuple[int, list[bytes | None]] | None:
    """The columns of a query, each as its values in the order of the rows, joined by :data:`SEPARATOR` and encoded.

    This is several times faster than reading them one by one.

    :param statement: without outer joins, after which a column that is never null may be null.
    :param ordered: whether the statement has an order or a limit; without them, rows come in any order, the same for
        all columns, and faster.
    :returns: the number of rows, and the columns, None where all values are null; fewer values than rows where some
        whole numbers are null. None where the database does not join, some texts of a column are null, or a column
        would be longer than the longest text.
    """
    return sqlite.joined(connection, statement, SEPARATOR, ordered=ordered) if joins(connection) else None


def scaled(column: ColumnElement[float]) -> ColumnElement[int]:
    """A number times 2 to the power of :data:`SHIFT`, as a whole number, which a text has in all digits.

    This loses nothing of numbers within the bounds :data:`EXACT`, whose last bit is worth 2 to the power of -62 at
    least; others may lose their last bits, their sign if they are 0, or be replaced by the largest whole number.
    """
    return cast(column * literal_column(str(2**SHIFT)), Integer)


def stream(connection: Connection, statement: Executable, block: int = 20_000) -> Iterator[list[Row]]:
    """Stream the rows of a query in blocks, in constant memory."""
    if connection.dialect.name == "postgresql":
        yield from postgresql.stream(connection, statement, block)
        return
    with closing(connection.execute(statement)) as result:
        cursor: Any = result.cursor
        while rows := cursor.fetchmany(block):
            yield rows


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the garbage collector while many rows are created.

    Rows are tuples without cycles: the collector would scan millions of them again and again without freeing any, which
    takes a quarter of the time. Reference counting frees memory as usual.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def among(connection: Connection, column: ColumnElement[int], ids: Sequence[int]) -> ColumnElement[bool]:
    """``column IN ids`` for any number of ids, as one bound value."""
    if connection.dialect.name == "postgresql":
        return postgresql.among(column, ids)
    return sqlite.among(column, ids)


def among_texts(connection: Connection, column: ColumnElement[str], texts: Sequence[str]) -> ColumnElement[bool]:
    """``column IN texts`` for any number of texts, as one bound value."""
    if connection.dialect.name == "postgresql":
        return postgresql.among_texts(column, texts)
    return sqlite.among_texts(column, texts)


def floor(connection: Connection, value: ColumnElement[float]) -> ColumnElement[int]:
    """A number that is not negative as a whole number, rounded down."""
    own = postgresql.floor if connection.dialect.name == "postgresql" else sqlite.floor
    return own(value)


def phrase(
    connection: Connection, words: ColumnElement[str], start: ColumnElement[int], end: ColumnElement[int]
) -> ColumnElement[str]:
    """The words of a span, joined with spaces by the database.

    :param words: a column with a JSON list of words.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.phrase(words, start, end)
    return sqlite.phrase(words, start, end)


def share(connection: Connection, name: ColumnElement[str], count: int) -> ColumnElement[int]:
    """The number of the share a name belongs to, counted from 0; based on MD5, so the same on both databases.

    :param name: texts, not null.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.share(name, count)
    return sqlite.share(name, count)


def refresh_statistics(connection: Connection, table: Table) -> None:
    """Tell the planner about rows written in this transaction, which PostgreSQL would only count after it.

    SQLite plans without statistics, and the indices suit its queries.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def next_id(connection: Connection, table: Table) -> int:
    """The next free id of a table whose ids are assigned here, so that rows can refer to each other before they are
    written. Needs a write transaction: writers take turns, so the id stays free until its end.

    It is above every id that the table has ever had, including deleted rows.
    """
    return last_id(connection, table) + 1


def last_id(connection: Connection, table: Table) -> int:
    """The highest id that a table has ever had, or 0 if it never had any."""
    if connection.dialect.name == "postgresql":
        return postgresql.last_key(connection, table.name)
    return sqlite.last_key(connection, table.name)


def raise_id(connection: Connection, table: Table, key: int) -> None:
    """Make all future ids higher than ``key``. Needs a write transaction."""
    if connection.dialect.name == "postgresql":
        postgresql.raise_key(connection, table.name, key)
    else:
        sqlite.raise_key(connection, table.name, key)

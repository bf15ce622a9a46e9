"""Reading and writing many rows: the driver's own fast path under SQLAlchemy's connection and transaction.

Writing is idempotent: a row whose key is already there is left as it is, so the same batch twice changes nothing.
"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Connection, Executable, Table

from xprojdb.db import postgresql, sqlite

Row = tuple[Any, ...]


def insert(connection: Connection, table: Table, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert rows, skipping those whose key exists.

    :param columns: the names of the values in each row, in order; other columns stay null.
    :param rows: tuples of plain Python values.
    :returns: how many rows were new.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.insert(connection, table.name, columns, rows)
    return sqlite.insert(connection, table.name, columns, rows)


def fetch(connection: Connection, statement: Executable) -> list[Row]:
    """All rows of a query as plain tuples, read from the driver's cursor without SQLAlchemy's row objects."""
    result = connection.execute(statement)
    try:
        return list(result.cursor.fetchall()) if result.cursor is not None else []
    finally:
        result.close()


def stream(connection: Connection, statement: Executable, block: int = 20_000) -> Iterator[list[Row]]:
    """The rows of a query in blocks, in constant memory."""
    # Given with the statement: on the connection they would hold for later ones, whose first row is then prefetched.
    options = {"stream_results": True, "max_row_buffer": block}
    result = connection.execute(statement, execution_options=options)
    try:
        while rows := result.fetchmany(block):
            yield [tuple(row) for row in rows]
    finally:
        result.close()


@contextmanager
def uncollected() -> Iterator[None]:
    """Pause the collector of reference cycles while many rows are made.

    Rows are tuples without cycles: the collector walks over millions of them again and again and frees nothing, which
    takes a quarter of the time. Memory is given back by reference counts as ever.
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


def phrase(
    connection: Connection, words: ColumnElement[str], start: ColumnElement[int], end: ColumnElement[int]
) -> ColumnElement[str]:
    """The words of a span, joined by spaces, put together by the database.

    :param words: a column with a JSON list of words.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.phrase(words, start, end)
    return sqlite.phrase(words, start, end)


def share(connection: Connection, name: ColumnElement[str], count: int) -> ColumnElement[int]:
    """Which of so many shares a name is in, counted from 0: by its MD5, so the same on either database.

    :param name: texts that are not null.
    """
    if connection.dialect.name == "postgresql":
        return postgresql.share(name, count)
    return sqlite.share(name, count)


def refresh_statistics(connection: Connection, table: Table) -> None:
    """Let the planner know of rows that this transaction has written: PostgreSQL counts them only after it.

    SQLite plans without statistics, and the indices were made for its queries.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {table.name}")


def next_id(connection: Connection, table: Table) -> int:
    """The first free id of a table whose ids this code assigns, so that rows can refer to one another before they are
    written. Needs a write transaction: as writers take turns, it stays free until its end.

    It is above every id that the table has ever had, deleted rows included.
    """
    return last_id(connection, table) + 1


def last_id(connection: Connection, table: Table) -> int:
    """The highest id that a table has ever had; 0 when it never had any."""
    if connection.dialect.name == "postgresql":
        return postgresql.last_key(connection, table.name)
    return sqlite.last_key(connection, table.name)


def raise_id(connection: Connection, table: Table, key: int) -> None:
    """Let every id from now on be above one. Needs a write transaction."""
    if connection.dialect.name == "postgresql":
        postgresql.raise_key(connection, table.name, key)
    else:
        sqlite.raise_key(connection, table.name, key)

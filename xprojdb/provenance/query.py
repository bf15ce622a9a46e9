"""Ask the database in SQL, without being able to change it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, text
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from xprojdb.db import Database
from xprojdb.errors import DatabaseError, UsageError

_BLOCK = 5_000


@dataclass(frozen=True)
class QueryResult:
    """What a query gives.

    :param columns: the names of its columns.
    :param blocks: its rows, in blocks, to be read once.
    """

    columns: tuple[str, ...]
    blocks: Iterator[Sequence[tuple[Any, ...]]]


@contextmanager
def ask(database: Database, sql: str) -> Iterator[QueryResult]:
    """Run one SQL statement that reads; its rows are streamed while the context is open.

    :param sql: a SELECT (or WITH … SELECT, EXPLAIN, VALUES); views such as ``v_label`` and ``v_candidate`` spell
        out the common joins.
    :raises UsageError: when the SQL is wrong, would write, or gives no rows and columns.
    """
    with database.read() as connection:
        try:
            # A colon is SQL's own here (casts, times), not a place for a value.
            statement = text(sql.replace("\\", "\\\\").replace(":", "\\:"))
            answer = _answer(connection, statement, {})
        except ResourceClosedError as error:
            raise UsageError("the statement gives no rows", hint="ask with SELECT", sql=sql) from error
        except (DBAPIError, DatabaseError) as error:
            raise _refusal(sql, error) from error
        yield answer


def answered(connection: Connection, sql: str, values: Mapping[str, Any]) -> QueryResult:
    """The answer to SQL of our own.

    :param values: of its places, such as ``:limit``.
    """
    return _answer(connection, text(sql), values)


def streamed(connection: Connection, statement: Executable) -> QueryResult:
    """The answer to a statement of our own."""
    return _answer(connection, statement, {})


def _answer(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> QueryResult:
    result = connection.execute(statement, values, execution_options={"stream_results": True})
    columns = tuple(result.keys())
    return QueryResult(columns, ([tuple(row) for row in block] for block in iter(lambda: result.fetchmany(_BLOCK), [])))


def _refusal(sql: str, error: Exception) -> UsageError:
    cause = getattr(error, "orig", None) or error
    told = str(cause).strip().splitlines()[0]
    hint = "the tables are in ARCHITECTURE.md; docs/questions.md lists the views"
    if "readonly" in told.lower() or "read-only" in told.lower():
        hint = "queries only read; use the commands to change something"
    return UsageError(f"the query cannot be run: {told}", hint=hint, sql=sql, reason=told)

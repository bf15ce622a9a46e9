"""Query the database in SQL, read-only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Executable, Result, text
from sqlalchemy.exc import DBAPIError, ResourceClosedError

from xprojdb.db import Database, postgresql, sqlite
from xprojdb.db.limits import Limits, limited
from xprojdb.errors import DatabaseError, UsageError

_BLOCK = 5_000


@dataclass(frozen=True)
class QueryResult:
    """The result of a query.

    :param columns: the names of its columns.
    :param blocks: its rows, in blocks that can be read once.
    """

    columns: tuple[str, ...]
    blocks: Iterator[Sequence[tuple[Any, ...]]]


@contextmanager
def ask(database: Database, sql: str, timeout: float | None = None) -> Iterator[QueryResult]:
    """Run one SQL statement that reads; its rows are streamed while the context is open.

    :param sql: a SELECT (or WITH … SELECT, EXPLAIN, VALUES); views such as ``v_label`` and ``v_candidate`` spell
        out the common joins.
    :param timeout: seconds that it may take until its last row; None: no limit. Ctrl-C stops it, too.
    :raises UsageError: when the SQL is wrong, would write, gives no rows and columns, or takes too long (field
        ``timeout``).
    """
    _check(sql)
    if database.engine.dialect.name == "postgresql":
        _check_reads(sql)
    with database.read() as connection, limited(connection, timeout) as limits:
        try:
            # A colon belongs to the SQL here (casts, times) and does not start a parameter.
            statement = text(sql.replace(":", "\\:"))
            options = {"stream_results": bool(_STREAMED.match(_from_first_word(sql)))}
            # Closed before the transaction ends: a stopped query that is still open would stop its end, too.
            with closing(connection.execute(statement, execution_options=options)) as result:
                yield QueryResult(tuple(result.keys()), _until(limits, _blocks(result), sql, timeout))
        except ResourceClosedError as error:
            raise UsageError("the statement returns no rows", hint="use a SELECT statement", sql=sql) from error
        except (DBAPIError, DatabaseError, connection.dialect.loaded_dbapi.Error, UnicodeError) as error:
            if limits.stopped:
                raise _stopped(sql, limits, timeout) from error
            if _fault(connection, error) in _OF_THE_DATABASE:
                raise
            raise _refusal(sql, error) from error


#: errors that are not the fault of the query
_OF_THE_DATABASE = frozenset({"damaged", "texts", "no database", "input/output", "lost", "unreachable", "full"})
#: statements that a server-side cursor can be declared for
_STREAMED = re.compile(r"(?:SELECT|WITH|VALUES|TABLE)\b", re.IGNORECASE)
#: statements that read on PostgreSQL
_READING = re.compile(r"(?:SELECT|WITH|VALUES|TABLE|EXPLAIN|SHOW)\b|\(", re.IGNORECASE)
_LINE_COMMENT = re.compile(r"--[^\n\r]*")
_COMMENT_MARK = re.compile(r"/\*|\*/")
#: strings, quoted names and comments, in which semicolons do not count
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|--[^\n]*|/\*.*?\*/|(\$\w*\$).*?\1", re.DOTALL)


def _check(sql: str) -> None:
    bare = _QUOTED.sub(" ", sql)
    if ";" in bare.rstrip().rstrip(";"):
        raise UsageError("there is more than one statement", hint="run one statement at a time", sql=sql)
    if "\0" in sql or any("\ud800" <= character <= "\udfff" for character in sql):
        hint = "remove lone surrogates and NUL characters"
        raise UsageError("the statement has characters that no database accepts", hint=hint, sql=sql)


def _check_reads(sql: str) -> None:
    """Refuse statements that no read-only transaction stops, such as COPY, which writes files on the server."""
    if not _READING.match(_from_first_word(sql)):
        hint = "ask with SELECT, WITH, VALUES, TABLE, EXPLAIN or SHOW; --output writes a file"
        raise UsageError("the statement does not begin like one that reads", hint=hint, sql=sql)


def _from_first_word(sql: str) -> str:
    """What follows the comments before a statement; those of PostgreSQL may be nested."""
    rest = sql.lstrip()
    while rest.startswith(("--", "/*")):
        if rest.startswith("--"):
            rest = _LINE_COMMENT.sub("", rest, count=1).lstrip()
            continue
        depth, end = 0, len(rest)
        for mark in _COMMENT_MARK.finditer(rest):
            depth += 1 if mark[0] == "/*" else -1
            if depth == 0:
                end = mark.end()
                break
        rest = rest[end:].lstrip()
    return rest


def _until(
    limits: Limits, blocks: Iterator[Sequence[tuple[Any, ...]]], sql: str, timeout: float | None
) -> Iterator[Sequence[tuple[Any, ...]]]:
    for block in blocks:
        if limits.stopped:
            raise _stopped(sql, limits, timeout)
        yield block


def _stopped(sql: str, limits: Limits, timeout: float | None) -> BaseException:
    if limits.interrupted:
        return KeyboardInterrupt()
    hint = "select fewer rows, or allow more time with --timeout"
    return UsageError(f"the query took longer than {timeout:g} s", hint=hint, sql=sql, timeout=timeout)


def _fault(connection: Connection, error: BaseException) -> str | None:
    cause = getattr(error, "orig", None) or error
    name: str | None = (postgresql if connection.dialect.name == "postgresql" else sqlite).fault(cause)
    return name


def answered(connection: Connection, sql: str, values: Mapping[str, Any]) -> QueryResult:
    """The result of an internal query.

    :param values: its parameters, such as ``:limit``.
    """
    return streamed(connection, text(sql), values)


def streamed(connection: Connection, statement: Executable, values: Mapping[str, Any] | None = None) -> QueryResult:
    """The result of an internal statement."""
    result = connection.execute(statement, values or {}, execution_options={"stream_results": True})
    return QueryResult(tuple(result.keys()), _blocks(result))


def _blocks(result: Result[Any]) -> Iterator[Sequence[tuple[Any, ...]]]:
    return ([tuple(row) for row in block] for block in iter(lambda: result.fetchmany(_BLOCK), []))


def _refusal(sql: str, error: Exception) -> UsageError:
    cause = getattr(error, "orig", None) or error
    reason = (str(cause).strip().splitlines() or [type(cause).__name__])[0]
    hint = "docs/data_model.md lists the tables and their columns, docs/questions.md the views"
    if "readonly" in reason.lower() or "read-only" in reason.lower():
        hint = "queries are read-only; use the other commands to change data"
    return UsageError(f"the query cannot be run: {reason}", hint=hint, sql=sql, reason=reason)

"""Time limits for pages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from xprojdb.db import Database
from xprojdb.errors import XprojdbError

#: seconds that one query may take
QUERY_SECONDS = 5.0
#: seconds after which a page shows what it has so far, and where to continue
PAGE_SECONDS = 0.15
_OPERATIONS = 20_000


class TooSlow(XprojdbError):
    """A query was stopped; the field ``seconds`` has its time limit."""


@contextmanager
def limited(database: Database, seconds: float = QUERY_SECONDS) -> Iterator[Connection]:
    """A read transaction whose queries have a time limit.

    :raises TooSlow: when a query exceeds it.
    """
    try:
        with database.read() as connection:
            _limit(connection, seconds)
            try:
                yield connection
            finally:
                _free(connection)
    except DBAPIError as error:
        if not _is_stop(error):
            raise
        hint = "choose a corpus, a language or a recipe"
        raise TooSlow(f"this takes more than {seconds:g} seconds", hint=hint, seconds=seconds) from error


def _limit(connection: Connection, seconds: float) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(seconds * 1000)}")
        return
    end = time.monotonic() + seconds
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_progress_handler(lambda: time.monotonic() > end, _OPERATIONS)


def _free(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.set_progress_handler(None, 0)


def _is_stop(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_INTERRUPT or getattr(error.orig, "sqlstate", None) == "57014"


class Budget:
    """The time that a page has for its queries on windows of keys."""

    def __init__(self, seconds: float = PAGE_SECONDS) -> None:
        self._end = time.monotonic() + seconds

    @property
    def spent(self) -> bool:
        return time.monotonic() > self._end

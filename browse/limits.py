"""Time limits for pages."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from xprojdb.db import Database
from xprojdb.errors import XprojdbError

#: seconds of processor time that the queries of a page may take
QUERY_SECONDS = 5.0
#: how many times longer they may take by the clock, which also runs while other programs have the processor
PATIENCE = 6
#: seconds of processor time after which a page shows what it has so far, and where to continue
PAGE_SECONDS = 0.03
_OPERATIONS = 20_000
Stop = Callable[[], bool]


class TooSlow(XprojdbError):
    """A query was stopped; the field ``seconds`` has its time limit."""


@contextmanager
def limited(database: Database, seconds: float = QUERY_SECONDS, stopped: Stop = lambda: False) -> Iterator[Connection]:
    """A read transaction whose queries have a time limit.

    :param seconds: of processor time, or :data:`PATIENCE` times as many by the clock; PostgreSQL only knows the latter.
    :param stopped: whether the queries shall be stopped before; only for SQLite.
    :raises TooSlow: when a query was stopped.
    """
    try:
        with database.read() as connection:
            _limit(connection, seconds, stopped)
            try:
                yield connection
            finally:
                _free(connection)
    except (DBAPIError, sqlite3.OperationalError) as error:
        if not _is_stop(error):
            raise
        hint = "choose a corpus, a language or a recipe"
        raise TooSlow(f"this takes more than {seconds:g} seconds", hint=hint, seconds=seconds) from error


def _limit(connection: Connection, seconds: float, stopped: Stop) -> None:
    if connection.dialect.name == "postgresql":
        # 0: no limit.
        limit = 0 if seconds == float("inf") else int(PATIENCE * seconds * 1000)
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {limit}")
        return
    end, latest = time.thread_time() + seconds, time.monotonic() + PATIENCE * seconds
    driver = connection.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    driver.set_progress_handler(lambda: time.thread_time() > end or time.monotonic() > latest or stopped(), _OPERATIONS)


def _free(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection):
        driver.set_progress_handler(None, 0)


def _is_stop(error: DBAPIError | sqlite3.OperationalError) -> bool:
    # The driver's own error where rows were being fetched from its cursor.
    own = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(own, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_INTERRUPT or getattr(own, "sqlstate", None) == "57014"


class Budget:
    """The time that a page has for its queries on windows of keys.

    It is that of this thread, in which SQLite works, or that of the clock for PostgreSQL.
    """

    def __init__(self, connection: Connection, seconds: float | None = None) -> None:
        self._now = time.monotonic if connection.dialect.name == "postgresql" else time.thread_time
        self._seconds = PAGE_SECONDS if seconds is None else seconds
        self._last = self._now()
        self._end = self._last + self._seconds

    @property
    def spent(self) -> bool:
        return self._now() > self._end

    def resized(self, window: int) -> int:
        """The size of the next window: larger if this one took little time, smaller if it took much."""
        now = self._now()
        took, self._last = now - self._last, now
        if took < self._seconds / 10:
            return 2 * window
        return max(window // 2, 100) if took > self._seconds / 4 else window

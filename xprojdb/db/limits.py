"""What a query of the user may do on both databases: read, for so long, and until Ctrl-C."""

from __future__ import annotations

import signal
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from sqlalchemy import Connection, text

#: the longest value that a query may make on SQLite, in bytes; making one cannot be interrupted
_LONGEST = 2**27
#: SQLite virtual machine instructions between checks for signals, which is some thousand times per second
_INSTRUCTIONS = 100_000
#: the pragmas with an argument that a query may use, which read the schema
_ASKING = frozenset(
    {"table_info", "table_xinfo", "table_list", "index_list", "index_info", "index_xinfo", "foreign_key_list"}
)


class Limits:
    """Why a query was stopped."""

    def __init__(self) -> None:
        self.interrupted = False
        self.timed_out = False

    @property
    def stopped(self) -> bool:
        return self.interrupted or self.timed_out


@contextmanager
def limited(connection: Connection, timeout: float | None) -> Iterator[Limits]:
    """Stop the statement of the block after some seconds or at Ctrl-C; the driver then raises an error of its own.

    Between two statements nothing is there to be stopped: the block looks at :attr:`Limits.stopped`.

    :param timeout: seconds, or None for no limit.
    """
    driver: Any = connection.connection.driver_connection
    limits = Limits()
    cancel = driver.interrupt if isinstance(driver, sqlite3.Connection) else driver.cancel

    def expire() -> None:
        limits.timed_out = True
        cancel()

    timer = threading.Timer(timeout, expire) if timeout is not None else None
    with _interrupts(limits, cancel), _sqlite_guards(driver), _postgresql_guards(connection, driver):
        if timer is not None:
            timer.daemon = True
            timer.start()
        try:
            yield limits
        finally:
            if timer is not None:
                timer.cancel()


@contextmanager
def _interrupts(limits: Limits, cancel: Any) -> Iterator[None]:
    # Handlers belong to the main thread.
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(_number: int, _frame: FrameType | None) -> None:
        if limits.interrupted:
            raise KeyboardInterrupt
        limits.interrupted = True
        cancel()

    earlier = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, earlier)


@contextmanager
def _sqlite_guards(driver: Any) -> Iterator[None]:
    """Let SQLite check for signals while it works, and prevent it from creating files."""
    if not isinstance(driver, sqlite3.Connection):
        yield
        return
    # A Python function, so that the interpreter gets to run pending signal handlers.
    driver.set_progress_handler(lambda: 0, _INSTRUCTIONS)
    driver.set_authorizer(_allowed)
    longest = driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LONGEST)
    try:
        yield
    finally:
        driver.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, longest)
        driver.set_progress_handler(None, 0)
        driver.set_authorizer(None)


@contextmanager
def _postgresql_guards(connection: Connection, driver: Any) -> Iterator[None]:
    """Let PostgreSQL take one statement at a time, and a superuser read tables and nothing else of the server."""
    if isinstance(driver, sqlite3.Connection):
        yield
        return
    role = "SELECT count(*) = 2 FROM pg_roles WHERE rolname = 'pg_read_all_data' OR rolname = current_user AND rolsuper"
    if connection.execute(text(role)).scalar():
        connection.execute(text("SET LOCAL ROLE pg_read_all_data"))
    threshold = driver.prepare_threshold
    # A prepared statement is a single one, whatever its quotes and comments look like.
    driver.prepare_threshold = 0
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


def _allowed(action: int, first: str | None, second: str | None, _schema: str | None, _view: str | None) -> int:
    changes = action == sqlite3.SQLITE_PRAGMA and second is not None and first not in _ASKING
    attaches = action in (sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH)
    return sqlite3.SQLITE_DENY if changes or attaches else sqlite3.SQLITE_OK

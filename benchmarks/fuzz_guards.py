"""What the fuzzer needs around each input: a limit of time, and statements that are compiled once for all databases."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, create_engine

from xprojdb.db import sqlite


@contextmanager
def compiling_once() -> Iterator[None]:
    """Keep SQLAlchemy's compiled statements from one database to the next, which takes half of the time otherwise."""
    plain, first = sqlite.create_engine, create_engine("sqlite://", query_cache_size=5_000)
    # A dialect learns from its first connection what the database can do.
    first.connect().close()

    def create(*args: Any, **options: Any) -> Engine:
        engine = plain(*args, **options)
        engine.dialect = engine.pool._dialect = first.dialect
        engine._compiled_cache = first._compiled_cache
        return engine

    with patch.object(sqlite, "create_engine", create):
        yield


class Hang(BaseException):
    """An input took too long; no handler of errors is to catch it."""


@contextmanager
def limited(seconds: int, wait: int) -> Iterator[None]:
    """:raises Hang: when what is done takes longer."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise Hang(f"it took longer than {wait} s" if number == signal.SIGALRM else f"it computed for {seconds} s")

    timers = {signal.ITIMER_PROF: (signal.SIGPROF, seconds), signal.ITIMER_REAL: (signal.SIGALRM, wait)}
    for timer, (number, limit) in timers.items():
        signal.signal(number, end)
        signal.setitimer(timer, limit)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)

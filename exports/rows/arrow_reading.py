"""Read the rows of a query as Arrow arrays, without a Python object for each value where the database can join them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select

from xprojdb.arrays import Flags, Longs
from xprojdb.db import bulk
from xprojdb.extras import require
from xprojdb.steps.inputs import longs, read_columns


@contextmanager
def plain_memory() -> Iterator[None]:
    """Let Arrow take its memory from the C library.

    Blocks of an export need buffers of the same sizes again and again. Arrow's own allocator returns such large ones
    to the system, which has to clear their pages for the next block.
    """
    arrow = require("pyarrow", "export")
    before = arrow.default_memory_pool()
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        yield
    finally:
        arrow.set_memory_pool(before)


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of N rows.

    :param whole: columns of whole numbers, (N,) each.
    :param texts: Arrow arrays of N texts each, null where the database has null.
    """

    whole: tuple[Longs, ...]
    texts: tuple[Any, ...]

    def __len__(self) -> int:
        return len(self.whole[0])

    def take(self, places: Longs) -> Columns:
        """The rows at some places, in this order."""
        there = require("pyarrow", "export").array(places)
        return Columns(tuple(column[places] for column in self.whole), tuple(text.take(there) for text in self.texts))

    def filter(self, mask: Flags) -> Columns:
        """The rows for which a mask of (N,) holds."""
        return self.take(np.flatnonzero(mask))


def read_arrays(connection: Connection, query: Select[Any], whole: int) -> Columns:
    """The rows of a query.

    :param query: its first columns are whole numbers, the others are texts.
    :param whole: the number of the former, at least 1.
    """
    columns = _joined(connection, query, whole)
    return _one_by_one(connection, query, whole) if columns is None else columns


def _joined(connection: Connection, query: Select[Any], whole: int) -> Columns | None:
    """The rows as joined by the database; None where it does not join, or where what it joins cannot be told apart."""
    joined = bulk.joined(connection, query)
    if joined is None:
        return None
    arrow = require("pyarrow", "export")
    count, values = joined
    try:
        columns = [arrow.nulls(count, arrow.string()) if value is None else split(value) for value in values]
        numbers = tuple(column.cast(arrow.int64()).to_numpy() for column in columns[:whole])
    except arrow.ArrowInvalid:
        # Not UTF-8, or no number: the driver, which reads row by row, says which.
        return None
    # A separator may be part of a text.
    exact = all(len(column) == count for column in columns)
    return Columns(numbers, tuple(columns[whole:])) if exact else None


def split(joined: bytes) -> Any:
    """The texts between separators, as an Arrow array.

    :raises ArrowInvalid: when they are not UTF-8.
    """
    arrow = require("pyarrow", "export")
    (ends,) = np.nonzero(np.frombuffer(joined, np.uint8) == ord(bulk.SEPARATOR))
    bounds = np.concatenate([[0], ends - np.arange(len(ends)), [len(joined) - len(ends)]]).astype(np.int32)
    letters = arrow.py_buffer(joined.replace(bulk.SEPARATOR.encode(), b""))
    texts = arrow.StringArray.from_buffers(len(bounds) - 1, arrow.py_buffer(bounds), letters)
    texts.validate(full=True)
    return texts


def _one_by_one(connection: Connection, query: Select[Any], whole: int) -> Columns:
    arrow = require("pyarrow", "export")
    columns = read_columns(connection, query, len(query.selected_columns))
    texts = tuple(arrow.array(column, arrow.string()) for column in columns[whole:])
    return Columns(tuple(map(longs, columns[:whole])), texts)

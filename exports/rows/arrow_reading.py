"""Read the rows of a query as Arrow arrays, without a Python object for each value where the database can join them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, or_

from xprojdb.arrays import Flags, Floats, Longs
from xprojdb.db import bulk
from xprojdb.extras import require
from xprojdb.steps import inputs
from xprojdb.steps.inputs import longs, read_columns

#: bytes: the C library counts pieces up to 32 MiB
_LARGE = 31 << 20


@contextmanager
def plain_memory() -> Iterator[None]:
    """Let Arrow take its memory from the C library.

    Blocks of an export need buffers of the same sizes again and again. Arrow's own allocator returns such large ones
    to the system, which has to clear their pages for the next block.
    """
    arrow = require("pyarrow", "export")
    before = arrow.default_memory_pool()
    _let_memory_be_kept()
    arrow.set_memory_pool(arrow.system_memory_pool())
    try:
        yield
    finally:
        arrow.set_memory_pool(before)


def _let_memory_be_kept() -> None:
    """Free one large piece, untouched: the GNU C library keeps up to twice the largest that was ever freed.

    What a block needs would otherwise be returned to the system and cleared anew for the next one.
    """
    np.empty(_LARGE, np.uint8)


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


def read_arrays(connection: Connection, query: Select[Any], whole: int, *, ordered: bool = True) -> Columns:
    """The rows of a query.

    :param query: its first columns are whole numbers, the others are texts.
    :param whole: the number of the former, at least 1.
    :param ordered: whether the query has an order or a limit; it is read faster without.
    """
    columns = _joined(connection, query, whole, ordered=ordered)
    return _one_by_one(connection, query, whole) if columns is None else columns


def _joined(connection: Connection, query: Select[Any], whole: int, *, ordered: bool) -> Columns | None:
    """The rows as joined by the database; None where it does not join, or where what it joins cannot be told apart."""
    joined = bulk.joined(connection, query, ordered=ordered)
    if joined is None:
        return None
    arrow = require("pyarrow", "export")
    count, values = joined
    try:
        numbers = tuple(split_numbers(value or b"") for value in values[:whole])
        texts = tuple(arrow.nulls(count, arrow.string()) if value is None else split(value) for value in values[whole:])
    except (arrow.ArrowInvalid, ValueError):
        # Not UTF-8, or no number: the driver, which reads row by row, says which.
        return None
    # A separator may be part of a text.
    exact = all(len(column) == count for column in (*numbers, *texts))
    return Columns(numbers, texts) if exact else None


def read_numbers(
    connection: Connection, query: Select[Any], whole: Sequence[Any], fractions: Sequence[Any]
) -> tuple[Sequence[Longs], Sequence[Floats]]:
    """Columns of numbers, all in the order of the query's rows.

    :param query: the rows, ordered by a key, so that several readings have the same order.
    :param whole: columns of whole numbers, at least one.
    :param fractions: columns of other numbers.
    """
    if bulk.joins(connection):
        scaled = [bulk.scaled(column) for column in fractions]
        both = read_arrays(connection, query.with_only_columns(*whole, *scaled), len(whole) + len(scaled)).whole
        return both[: len(whole)], _unscaled(connection, query, fractions, both[len(whole) :])
    columns = read_arrays(connection, query.with_only_columns(*whole), len(whole)).whole
    rest = query.with_only_columns(*fractions)
    return columns, list(inputs.read_numbers(connection, rest, len(fractions))) if fractions else []


def _unscaled(
    connection: Connection, query: Select[Any], fractions: Sequence[Any], scaled: Sequence[Longs]
) -> Sequence[Floats]:
    """Numbers from their multiples, and one by one where these are not exact."""
    numbers: list[Floats] = [column.astype(np.float64) * 2.0**-bulk.SHIFT for column in scaled]
    least, most = (int(bound * 2**bulk.SHIFT) for bound in bulk.EXACT)
    inexact = np.any([(column < least) | (column > most) for column in scaled], axis=0)
    if np.any(inexact):
        outside = or_(*(~column.between(*bulk.EXACT) for column in fractions))
        rows = query.with_only_columns(*fractions).where(outside)
        for column, values in zip(numbers, inputs.read_numbers(connection, rows, len(fractions)), strict=True):
            column[inexact] = values
    return numbers


def split_numbers(joined: bytes) -> Longs:
    """The whole numbers between separators.

    :raises ValueError: where something else is among them.
    """
    numbers = np.fromstring(joined, np.int64, sep=bulk.SEPARATOR)
    # Older versions of NumPy only warn where they stop.
    if len(numbers) and not (bulk.SEPARATOR.encode() + joined).endswith(f"{bulk.SEPARATOR}{numbers[-1]}".encode()):
        raise ValueError("not a whole number")
    return numbers


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

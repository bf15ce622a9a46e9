"""Walk through the finished sentences of a labelling, a block of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, func, select

from xprojdb.arrays import Longs
from xprojdb.db import bulk
from xprojdb.db.tables import outcome
from xprojdb.exports.gold.labels import Exported
from xprojdb.exports.rows.arrow_reading import Columns, read_arrays

#: rows at a time
BLOCK = 20_000
#: a range of keys is read faster than single keys, even if it has this many times more of them
_DENSE = 1.3
#: a range of keys is searched for single keys faster than these are looked up, with this many times more of them
_SCANNED = 3


def walk(
    connection: Connection,
    labelling: Exported,
    query: Select[Any],
    whole: Sequence[Any],
    texts: Sequence[Any],
    items: Longs | None = None,
) -> Iterator[Columns]:
    """The rows of a query in blocks, by ascending items, which are the first of each block's whole numbers.

    :param query: as returned by :func:`xprojdb.exports.rows.projected_labels.finished`.
    :param whole: further columns to read, of whole numbers.
    :param texts: columns of texts to read.
    :param items: (N,) only these items, ascending.
    """
    item, numbers = labelling.covered().item, 1 + len(whole)
    query = query.with_only_columns(item, *whole, *texts)
    if items is not None:
        for place in range(0, len(items), BLOCK):
            part = query.where(among(connection, item, items[place : place + BLOCK]))
            yield from _in_order(read_arrays(connection, part, numbers, ordered=False))
        return
    ahead = query.order_by(item).limit(BLOCK)
    cursor, in_ranges = 0, bulk.joins(connection)
    while True:
        if in_ranges:
            count, last = _next_outcomes(connection, labelling, cursor)
            within = query.where(item.between(cursor + 1, last))
            rows = read_arrays(connection, within, numbers, ordered=False)
            in_ranges = count < _DENSE * len(rows)
        else:
            rows = read_arrays(connection, ahead.where(item > cursor), numbers)
            count, last = len(rows), int(rows.whole[0][-1]) if len(rows) else cursor
            in_ranges = bulk.joins(connection) and last - cursor < _DENSE * count
        if not count:
            return
        yield from _in_order(rows)
        cursor = last


def _next_outcomes(connection: Connection, labelling: Exported, after: int) -> tuple[int, int]:
    """How many outcomes of a step come next, a block at most, and the last item of these.

    Rows of a range need no order and no limit, for which a database would copy each value. It pays where most of the
    outcomes in it are wanted: they may be of other languages or splits.
    """
    own = select(outcome.c.item_id).where(outcome.c.step_id == labelling.step.step_id, outcome.c.item_id > after)
    part = own.order_by(outcome.c.item_id).limit(BLOCK).subquery()
    count, last = connection.execute(select(func.count(), func.max(part.c.item_id))).one()
    return int(count), int(last or 0)


def _in_order(rows: Columns) -> Iterator[Columns]:
    """Rows that were read by key, in ascending order, if there are any.

    A database that looks up one key after the other returns them in order; sorting in the query would sort wide rows.
    """
    items = rows.whole[0]
    if len(items):
        yield rows.take(np.argsort(items)) if np.any(items[1:] < items[:-1]) else rows


def among(connection: Connection, column: Any, keys: Longs) -> Any:
    """``column IN keys``, in a range of keys if that is faster.

    :param keys: distinct, in any order.
    """
    first, last = int(keys.min()), int(keys.max())
    if last - first == len(keys) - 1:
        return column.between(first, last)
    ids = np.sort(keys).tolist()
    if bulk.joins(connection) and last - first < _SCANNED * len(keys):
        # Not a bare column, whose index would be searched for one key after the other.
        return column.between(first, last) & bulk.among(connection, column + 0, ids)
    return bulk.among(connection, column, ids)


def around(connection: Connection, column: Any, keys: Longs) -> Any:
    """The same, or with more keys between them, if that is faster still."""
    first, last = int(keys.min()), int(keys.max())
    return column.between(first, last) if last - first < _DENSE * len(keys) else among(connection, column, keys)

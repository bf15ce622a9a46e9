"""Write the result of a batch."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from xprojdb.db import bulk
from xprojdb.db.tables import failure, sentence
from xprojdb.steps.stage import Row, Rows


def write_rows(connection: Connection, tables: Iterable[Rows], run_id: int | None) -> None:
    """Write rows in the given order. Needs a write transaction.

    :param run_id: the run to record in failures.
    """
    first = 0
    for rows in tables:
        if rows.new_keys and rows.table is sentence:
            first = bulk.next_id(connection, sentence)
        values = _with_keys(rows, first) if rows.new_keys else rows.values
        if rows.table is failure:
            values = [(*row, run_id) for row in values]
        bulk.insert(connection, rows.table, rows.columns, values)


def _with_keys(rows: Rows, first: int) -> Iterable[Row]:
    places: Sequence[int] = [rows.columns.index(name) for name in rows.new_keys]
    for row in rows.values:
        yield tuple(value + first if place in places else value for place, value in enumerate(row))

"""Estimates how many bytes rows take on disk."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, Table, select, text

from xprojdb.db import bulk

#: rows measured to estimate the size of one
_SAMPLED = 500


def bytes_of(connection: Connection, table: Table, rows: int, chosen: Sequence[ColumnElement[bool]]) -> int:
    """Approximately how many bytes some rows of a table take, including their index entries.

    :param rows: the number of rows.
    :param chosen: the conditions that select them.
    """
    if not rows:
        return 0
    if connection.dialect.name == "postgresql":
        return _share(connection, table, rows)
    sample = bulk.fetch(connection, select(table).where(*chosen).limit(_SAMPLED))
    return round(rows * sum(map(_record, sample)) / max(1, len(sample)))


def _share(connection: Connection, table: Table, rows: int) -> int:
    """Their share of the table and its indices, from the server's row estimate."""
    query = text("SELECT pg_total_relation_size(oid), reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)")
    size, tuples = connection.execute(query, {"name": table.name}).one()
    return int(size * rows / max(rows, tuples))


def _record(row: bulk.Row) -> int:
    """The length of a row as SQLite stores it: a header with one byte per column, and the values."""
    return 2 + len(row) + sum(map(_value, row))


def _value(value: object) -> int:
    if isinstance(value, int):
        return (value.bit_length() + 8) // 8
    if isinstance(value, str):
        return len(value.encode())
    return len(value) if isinstance(value, bytes) else 8 if value is not None else 0

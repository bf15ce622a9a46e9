"""Tables that map the keys of the source's rows to those in the target.

They are in temporary tables ``map_…``: the old key, the new one, and whether the row is new there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from xprojdb.db import bulk
from xprojdb.maintenance.merging.source import Source

Row = Mapping[str, Any]


def make_map(connection: Connection, name: str, keys: Iterable[tuple[int, int, bool]] = ()) -> None:
    """Create a table of keys.

    :param keys: the old key, the new key, and whether the row is new.
    """
    # On SQLite, a column of this type is the row id itself.
    kind = "INTEGER" if connection.dialect.name == "sqlite" else "BIGINT"
    connection.exec_driver_sql(
        f"CREATE TEMPORARY TABLE map_{name} (old {kind} PRIMARY KEY, new BIGINT NOT NULL, fresh INTEGER NOT NULL)"
    )
    bulk.fill(connection, f"map_{name}", ("old", "new", "fresh"), [(old, new, int(fresh)) for old, new, fresh in keys])


def renew_statistics(connection: Connection, *names: str) -> None:
    """Update PostgreSQL's statistics of these tables of keys."""
    if connection.dialect.name == "postgresql":
        for name in names:
            connection.exec_driver_sql(f"ANALYZE map_{name}")


def rows_of(connection: Connection, source: Source, table: str, condition: str = "1 = 1") -> list[Row]:
    """The rows of a small table of the source, oldest first.

    :param condition: SQL that contains no user data.
    """
    result = connection.exec_driver_sql(f"SELECT * FROM {source.name(table)} WHERE {condition} ORDER BY 1")
    return [dict(row) for row in result.mappings()]


def number(connection: Connection, query: str) -> int:
    """The only value of a query that returns a number."""
    return int(connection.exec_driver_sql(query).scalar_one() or 0)


def execute(connection: Connection, statement: str) -> int:
    """Run a statement and return the number of rows that it changed."""
    # Without this option, psycopg loses the count.
    options = {"preserve_rowcount": True}
    return int(connection.exec_driver_sql(statement, execution_options=options).rowcount)


def add(connection: Connection, table: Table, row: Row) -> int:
    """Store a row of a small table under a new key, and return the key."""
    values = {name: value for name, value in row.items() if name != "id"}
    return int(connection.execute(insert(table).values(values).returning(table.c.id)).scalar_one())


class Known:
    """The target's rows by natural key; if several share a key, each is returned once.

    :param columns: the natural key.
    """

    def __init__(self, connection: Connection, table: Table, columns: Sequence[str]) -> None:
        self._columns = columns
        self._rows: dict[tuple[Any, ...], list[Row]] = {}
        for row in connection.execute(select(table).order_by(table.c.id)).mappings():
            self._rows.setdefault(self._identity(dict(row)), []).append(dict(row))

    def take(self, row: Row) -> Row | None:
        """The target's row with the same natural key; None if there is none left."""
        alike = self._rows.get(self._identity(row))
        return alike.pop(0) if alike else None

    def _identity(self, row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in self._columns)

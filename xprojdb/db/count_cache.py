"""A cache of counts in the database, since counting a million rows takes a second.

Every transaction of :meth:`xprojdb.db.Database.write` that changes rows increments a version number; a cached count is
valid until it changes. Rows written by other programs go unnoticed, which is what ``xprojdb status --recount`` is for.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, delete, func, select

from xprojdb.db import bulk, postgresql, sqlite
from xprojdb.db.tables import count_cache, data_version
from xprojdb.errors import DatabaseError

if TYPE_CHECKING:
    from xprojdb.db.opening import Database

Value = TypeVar("Value")
_THE_ROW = 1
_REMOVALS = 2
#: the value of :func:`removals` inside a query
REMOVALS = func.coalesce(select(data_version.c.number).where(data_version.c.id == _REMOVALS).scalar_subquery(), 0)


def changes(connection: Connection) -> int:
    """A number that differs from that at the beginning of a transaction if the transaction has changed rows."""
    own = postgresql.changes if connection.dialect.name == "postgresql" else sqlite.changes
    return own(connection)


def count_write(connection: Connection) -> None:
    """Invalidate all counts cached before this transaction."""
    _raise(connection, _THE_ROW)


def count_removal(connection: Connection) -> None:
    """Record that rows were deleted, for processes that read them. Needs the write transaction that deletes them."""
    _raise(connection, _REMOVALS)


def removals(connection: Connection) -> int:
    """A number that changes when rows are deleted that others may depend on."""
    return int(connection.execute(select(REMOVALS)).scalar_one())


def _raise(connection: Connection, row: int) -> None:
    raised = data_version.update().where(data_version.c.id == row).values(number=data_version.c.number + 1)
    if connection.execute(raised).rowcount == 0:
        connection.execute(data_version.insert().values(id=row, number=1))


def _writes(connection: Connection) -> int:
    return _number(connection, _THE_ROW)


def _number(connection: Connection, row: int) -> int:
    number = connection.execute(select(data_version.c.number).where(data_version.c.id == row)).scalar()
    return 0 if number is None else int(number)


class CountCache:
    """The counts of one read transaction, some of which may be cached.

    :param anew: ignore cached counts.
    """

    def __init__(self, connection: Connection, *, anew: bool = False) -> None:
        self._writes = _writes(connection)
        query = select(count_cache.c.name, count_cache.c.value).where(count_cache.c.at_version == self._writes)
        self._cached = {} if anew else {name: json.loads(value) for name, value in connection.execute(query)}
        self._counted: dict[str, object] = {}

    def of(self, name: str, count: Callable[[], Value]) -> Value:
        """Get a count by name, computing it only if it is not cached.

        :param count: computes the count, as a value that survives a round trip through JSON.
        """
        if name in self._cached:
            return self._cached[name]  # type: ignore[no-any-return]
        self._counted[name] = value = count()
        return value

    def keep(self, database: Database) -> None:
        """Cache the new counts, if the database can be written immediately and has not changed."""
        if not self._counted:
            return
        # Failing is harmless: read-only users, and those who ask during a run, count again next time.
        with suppress(DatabaseError), database.write(wait=False, counted=False) as connection:
            if _writes(connection) == self._writes:
                counts = (self._cached | self._counted).items()
                rows = [(name, self._writes, json.dumps(value)) for name, value in counts]
                connection.execute(delete(count_cache))
                bulk.insert(connection, count_cache, ("name", "at_version", "value"), rows)

"""Counts that are kept with the database: to count a million rows again takes a second, to look a number up does not.

Every transaction of :meth:`xprojdb.db.Database.write` that changes rows raises a number; a count that was kept holds as
long as that number does. Rows that another program writes go unseen: ``xprojdb status --recount`` is for these.
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
#: what :func:`removals` gives, inside a query
REMOVALS = func.coalesce(select(data_version.c.number).where(data_version.c.id == _REMOVALS).scalar_subquery(), 0)


def changes(connection: Connection) -> int:
    """What tells whether a transaction has changed rows: another number than at its beginning."""
    own = postgresql.changes if connection.dialect.name == "postgresql" else sqlite.changes
    return own(connection)


def count_write(connection: Connection) -> None:
    """Let no count hold that was kept before this transaction."""
    _raise(connection, _THE_ROW)


def count_removal(connection: Connection) -> None:
    """Let whoever has read rows know that some are gone. Needs the write transaction that deletes them."""
    _raise(connection, _REMOVALS)


def removals(connection: Connection) -> int:
    """A number that is another one after rows were deleted on which others may rest."""
    return int(connection.execute(select(REMOVALS)).scalar_one())


def _raise(connection: Connection, row: int) -> None:
    raised = data_version.update().where(data_version.c.id == row).values(number=data_version.c.number + 1)
    if connection.execute(raised).rowcount == 0:
        connection.execute(data_version.insert().values(id=row, number=1))


def _writes(connection: Connection) -> int:
    return _number(connection, _THE_ROW)


def _number(connection: Connection, row: int) -> int:
    found = connection.execute(select(data_version.c.number).where(data_version.c.id == row)).scalar()
    return 0 if found is None else int(found)


class CountCache:
    """What is counted in one read transaction, some of which was counted before.

    :param anew: count everything, whatever was kept.
    """

    def __init__(self, connection: Connection, *, anew: bool = False) -> None:
        self._writes = _writes(connection)
        kept = select(count_cache.c.name, count_cache.c.value).where(count_cache.c.at_version == self._writes)
        self._kept = {} if anew else {name: json.loads(value) for name, value in connection.execute(kept)}
        self._counted: dict[str, object] = {}

    def of(self, name: str, count: Callable[[], Value]) -> Value:
        """A count by its name, counted only when it was not.

        :param count: gives what JSON gives back as it is.
        """
        if name in self._kept:
            return self._kept[name]  # type: ignore[no-any-return]
        self._counted[name] = value = count()
        return value

    def keep(self, database: Database) -> None:
        """Keep what was counted for the next time, if the database can be written at once and is still the same."""
        if not self._counted:
            return
        # Without it, it is only counted again: by users who may not write, and beside a run that writes.
        with suppress(DatabaseError), database.write(wait=False, counted=False) as connection:
            if _writes(connection) == self._writes:
                known = (self._kept | self._counted).items()
                rows = [(name, self._writes, json.dumps(value)) for name, value in known]
                connection.execute(delete(count_cache))
                bulk.insert(connection, count_cache, ("name", "at_version", "value"), rows)

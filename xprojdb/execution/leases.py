"""Leases record which items a process has taken, so that several can share a database without repeating work.

A lease covers one batch and ends in the transaction that writes its outcomes. It expires when its process has ended (on
the same machine) or has not renewed it in time. A process that loses a lease in this way only loses work: outcomes
are written once, by whichever process is first.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, or_, select, update

from xprojdb.db import bulk
from xprojdb.db.count_cache import removals
from xprojdb.db.heartbeat import clock, is_gone, this_process
from xprojdb.db.tables import lease
from xprojdb.execution.batches import ItemBatch
from xprojdb.execution.pending import pending_items
from xprojdb.steps.stage import Bitext, Stage

#: seconds a lease lasts without renewal
LEASE = 120.0
_COLUMNS = ("step_id", "first_item", "last_item", "owner", "expires_at")


class Leases:
    """The leases of this process. Methods need a write transaction: writers take turns, so no item is taken twice."""

    def __init__(self) -> None:
        self.owner = this_process()
        self._began = False

    def take(
        self, connection: Connection, stage: Stage, pairs: Sequence[Bitext], after: int, limit: int
    ) -> list[ItemBatch]:
        """Take the next pending items that no process has taken.

        :param after: a keyset cursor: only keys above it.
        :param limit: the most items to take.
        """
        now = clock(connection)
        self._free(connection, stage.step_id, now)
        items = pending_items(connection, stage, pairs, after, limit, unclaimed=True)
        parts = [items[first : first + stage.block] for first in range(0, len(items), stage.block)]
        rows = [(stage.step_id, part[0], part[-1], self.owner, now + LEASE) for part in parts]
        if rows:
            bulk.insert(connection, lease, _COLUMNS, rows)
        seen = removals(connection)
        return [ItemBatch(part[0], part, seen) for part in parts]

    def renew(self, connection: Connection) -> None:
        """Extend the leases of this process."""
        expires_at = clock(connection) + LEASE
        connection.execute(update(lease).where(lease.c.owner == self.owner).values(expires_at=expires_at))

    def has(self, connection: Connection, step_id: int, batch: ItemBatch) -> bool:
        """Whether this process still holds the lease on a batch."""
        own = exists().where(lease.c.step_id == step_id, lease.c.first_item == batch.lease, lease.c.owner == self.owner)
        return bool(connection.execute(select(own)).scalar())

    def release(self, connection: Connection, step_id: int, batch: ItemBatch) -> None:
        """End the lease on a batch."""
        own = (lease.c.step_id == step_id, lease.c.first_item == batch.lease, lease.c.owner == self.owner)
        connection.execute(delete(lease).where(*own))

    def release_all(self, connection: Connection) -> None:
        """End all leases of this process."""
        connection.execute(delete(lease).where(lease.c.owner == self.owner))

    def others_have(self, connection: Connection, step_id: int) -> bool:
        """Whether other processes hold leases on items of a step; needs no write transaction.

        Expired leases do not count: those on items that are done are dropped by nobody.
        """
        theirs = (lease.c.step_id == step_id, lease.c.owner != self.owner, lease.c.expires_at > clock(connection))
        owners = connection.execute(select(lease.c.owner).where(*theirs).distinct()).scalars()
        return any(not is_gone(owner) for owner in owners)

    def _free(self, connection: Connection, step_id: int, now: float) -> None:
        """Drop expired leases, and those that an earlier run of this process could not end."""
        if not self._began:
            self.release_all(connection)
            self._began = True
        owners = connection.execute(select(lease.c.owner).where(lease.c.step_id == step_id).distinct()).scalars()
        gone = [owner for owner in owners if owner != self.owner and is_gone(owner)]
        lapsed = or_(lease.c.expires_at <= now, lease.c.owner.in_(gone))
        connection.execute(delete(lease).where(lease.c.step_id == step_id, lapsed))

"""Claims: which items a process has taken, so that several can work on one database without doing anything twice.

A claim is on one batch and ends in the transaction that writes its outcomes. It lapses when its process has ended (on
the same machine) or has not renewed it in time. Whoever loses a claim in this way loses work and nothing else: outcomes
are written once, whoever made them.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, delete, exists, or_, select, update

from xprojdb.db import bulk
from xprojdb.db.life import clock, is_gone, this_process
from xprojdb.db.tables import claim
from xprojdb.engine.batches import Batch
from xprojdb.engine.pending import pending_items
from xprojdb.steps.stage import Pair, Stage

#: seconds that a claim holds when it is not renewed
LEASE = 120.0
_COLUMNS = ("step_id", "first_item", "last_item", "owner", "expires_at")


class Claims:
    """The claims of this process. Its methods need a write transaction: as writers take turns, no two take one item."""

    def __init__(self) -> None:
        self.owner = this_process()
        self._began = False

    def take(self, connection: Connection, stage: Stage, pairs: Sequence[Pair], after: int, limit: int) -> list[Batch]:
        """Take the next items that wait and that nobody has.

        :param after: a keyset cursor: only keys above it.
        :param limit: how many at most.
        """
        now = clock(connection)
        self._free(connection, stage.step_id, now)
        items = pending_items(connection, stage, pairs, after, limit, unclaimed=True)
        parts = [items[first : first + stage.block] for first in range(0, len(items), stage.block)]
        rows = [(stage.step_id, part[0], part[-1], self.owner, now + LEASE) for part in parts]
        if rows:
            bulk.insert(connection, claim, _COLUMNS, rows)
        return [Batch(part[0], part) for part in parts]

    def renew(self, connection: Connection) -> None:
        """Hold what this process has for longer."""
        expires_at = clock(connection) + LEASE
        connection.execute(update(claim).where(claim.c.owner == self.owner).values(expires_at=expires_at))

    def release(self, connection: Connection, step_id: int, batch: Batch) -> None:
        """Give back the claim on a batch."""
        own = (claim.c.step_id == step_id, claim.c.first_item == batch.claim, claim.c.owner == self.owner)
        connection.execute(delete(claim).where(*own))

    def release_all(self, connection: Connection) -> None:
        """Give back what this process has."""
        connection.execute(delete(claim).where(claim.c.owner == self.owner))

    def others_have(self, connection: Connection, step_id: int) -> bool:
        """Whether other processes have taken items of a step; needs no write transaction."""
        theirs = exists().where(claim.c.step_id == step_id, claim.c.owner != self.owner)
        return bool(connection.execute(select(theirs)).scalar())

    def _free(self, connection: Connection, step_id: int, now: float) -> None:
        """Drop the claims that have lapsed, and those that an earlier run of this process could not give back."""
        if not self._began:
            self.release_all(connection)
            self._began = True
        owners = connection.execute(select(claim.c.owner).where(claim.c.step_id == step_id).distinct()).scalars()
        gone = [owner for owner in owners if owner != self.owner and is_gone(owner)]
        lapsed = or_(claim.c.expires_at <= now, claim.c.owner.in_(gone))
        connection.execute(delete(claim).where(claim.c.step_id == step_id, lapsed))

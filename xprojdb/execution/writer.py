"""The writer of a run: it takes batches, writes what became of them, and gives signs of life."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import repeat
from threading import Event, Thread

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from xprojdb.db import Database, bulk
from xprojdb.db.count_cache import removals
from xprojdb.db.runs import RecipeRecord, begin_run, end_run, see_run
from xprojdb.db.tables import outcome
from xprojdb.errors import DatabaseError
from xprojdb.execution.batch_rows import write_rows
from xprojdb.execution.batches import ItemBatch
from xprojdb.execution.ground import check_recipe, check_run, check_step, is_held
from xprojdb.execution.leases import Leases
from xprojdb.execution.progress import RunReport
from xprojdb.steps.stage import Bitext, Outcomes, Result, Stage

#: seconds between signs of life in the transactions of batches, and those when no batch comes to its end
_SEEN_WITH_BATCHES = 2.0
_SEEN_WITHOUT = 5.0
_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")


class _Overtaken(Exception):
    """Another process has the lease on this batch, or has recorded some of its items."""


class Writer:
    """Everything that a run changes in the database.

    :param report: of the run; what it says is what others are told.
    """

    def __init__(self, database: Database, recipe: RecipeRecord, command: str, report: RunReport) -> None:
        self.database = database
        self.recipe = recipe
        self.command = command
        self.report = report
        self.leases = Leases()
        self._seen = 0.0

    def begin(self) -> None:
        """Record that the run begins; a second time it does nothing."""
        if self.report.run_id is None:
            with self.database.write() as connection:
                self.report.run_id = begin_run(connection, self.command, self.recipe)

    def end(self, status: str) -> None:
        """Record how the run ended and give back what it had taken; nothing when it never began."""
        if self.report.run_id is None:
            return
        with self.database.write() as connection:
            end_run(connection, self.report.run_id, status, self.report.so_far())
            self.leases.release_all(connection)

    def take(self, stage: Stage, pairs: Sequence[Bitext], after: int, limit: int) -> tuple[list[ItemBatch], bool]:
        """Take the next batches of a step; see :meth:`Leases.take`.

        :returns: the batches, and whether no other process has taken any.
        :raises GroundMoved: when the recipe or the step is gone, or the run was ended.
        """
        with self.database.write() as connection:
            check_run(connection, self.report.run_id)
            check_recipe(connection, self.recipe.name)
            check_step(connection, stage)
            batches = self.leases.take(connection, stage, pairs, after, limit)
            return batches, not self.leases.others_have(connection, stage.step_id)

    def commit(self, stage: Stage, pairs: Sequence[Bitext], batch: ItemBatch, result: Result) -> bool:
        """Write a batch and end its lease, unless another process has taken it over or done some of its items.

        :param pairs: the sets of translations that the stage covers.
        :returns: whether it was written; if not, what :meth:`undone` leaves of it must be computed again.
        :raises GroundMoved: when what it rests on is gone; nothing of it is written then.
        """
        run_id, made = self.report.run_id, Outcomes.of(result.outcomes)
        outcomes = zip(repeat(stage.step_id), *made.columns, repeat(run_id), strict=False)
        try:
            with self.database.write() as connection:
                if not is_held(connection, stage, pairs, batch, self.leases.owner, run_id):
                    raise _Overtaken
                # First of all, so that of two processes the later one waits here and then writes nothing.
                if bulk.insert(connection, outcome, _OUTCOME, outcomes) < len(made):
                    raise _Overtaken
                write_rows(connection, result.rows, run_id)
                self.leases.release(connection, stage.step_id, batch)
                self._give_sign(connection, _SEEN_WITH_BATCHES)
        except _Overtaken:
            return False
        return True

    def undone(self, stage: Stage, batch: ItemBatch) -> ItemBatch | None:
        """What is left to this process of a batch that another one has begun; its lease ends when nothing is."""
        query = select(outcome.c.item_id).where(outcome.c.step_id == stage.step_id)
        with self.database.write() as connection:
            if not self.leases.has(connection, stage.step_id, batch):
                return None
            seen = removals(connection)
            among = bulk.among(connection, outcome.c.item_id, batch.items)
            done = {item for (item,) in bulk.fetch(connection, query.where(among))}
            left = [item for item in batch.items if item not in done]
            if not left:
                self.leases.release(connection, stage.step_id, batch)
        return ItemBatch(batch.lease, left, seen) if left else None

    @contextmanager
    def alive(self) -> Iterator[None]:
        """Give signs of life in between, also while one batch takes long."""
        ended = Event()
        # A thread that does not keep the process: it may wait for a database that another one holds.
        thread = Thread(target=self._beat, args=(ended,), daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join(_SEEN_WITHOUT)

    def _beat(self, ended: Event) -> None:
        while not ended.wait(1.0):
            if self.report.run_id is None or time.monotonic() - self._seen < _SEEN_WITHOUT:
                continue
            # A database that cannot be written is met by the next batch, which can say so.
            with suppress(DatabaseError, SQLAlchemyError), self.database.write() as connection:
                if not ended.is_set():
                    self._give_sign(connection, _SEEN_WITHOUT)

    def _give_sign(self, connection: Connection, seconds: float) -> None:
        """Tell that the run is alive and hold what it has taken, unless that is so many seconds ago."""
        now = time.monotonic()
        if self.report.run_id is not None and now - self._seen >= seconds:
            self._seen = now
            see_run(connection, self.report.run_id, self.report.so_far())
            self.leases.renew(connection)

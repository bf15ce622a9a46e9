"""The writer of a run: it takes batches, writes their results, and sends heartbeats."""

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

#: seconds between heartbeats in the transactions of batches, and between those sent while no batch finishes
_SEEN_WITH_BATCHES = 2.0
_SEEN_WITHOUT = 5.0
_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")


class _Overtaken(Exception):
    """Another process holds the lease on this batch, or has recorded some of its items."""


class Writer:
    """Makes all changes of a run to the database.

    :param report: the report of the run, which heartbeats store for others to watch.
    """

    def __init__(self, database: Database, recipe: RecipeRecord, command: str, report: RunReport) -> None:
        self.database = database
        self.recipe = recipe
        self.command = command
        self.report = report
        self.leases = Leases()
        self._seen = 0.0

    def begin(self) -> None:
        """Record the start of the run, unless that was done before."""
        if self.report.run_id is None:
            with self.database.write() as connection:
                self.report.run_id = begin_run(connection, self.command, self.recipe)

    def end(self, status: str) -> None:
        """Record how the run ended, and end its leases; does nothing if the run never started."""
        if self.report.run_id is None:
            return
        with self.database.write() as connection:
            end_run(connection, self.report.run_id, status, self.report.so_far())
            self.leases.release_all(connection)

    def take(self, stage: Stage, pairs: Sequence[Bitext], after: int, limit: int) -> tuple[list[ItemBatch], bool]:
        """Take the next batches of a step; see :meth:`Leases.take`.

        :returns: the batches, and whether no other process holds leases on the step.
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
        :returns: whether it was written; if not, the remainder given by :meth:`undone` must be computed again.
        :raises GroundMoved: when something it depends on is gone; nothing is written then.
        """
        run_id, recorded = self.report.run_id, Outcomes.of(result.outcomes)
        outcomes = zip(repeat(stage.step_id), *recorded.columns, repeat(run_id), strict=False)
        try:
            with self.database.write() as connection:
                if not is_held(connection, stage, pairs, batch, self.leases.owner, run_id):
                    raise _Overtaken
                # First, so that the later of two processes waits here and then writes nothing.
                if bulk.insert(connection, outcome, _OUTCOME, outcomes) < len(recorded):
                    raise _Overtaken
                write_rows(connection, result.rows, run_id)
                self.leases.release(connection, stage.step_id, batch)
                self._give_sign(connection, _SEEN_WITH_BATCHES)
        except _Overtaken:
            return False
        return True

    def undone(self, stage: Stage, batch: ItemBatch) -> ItemBatch | None:
        """The items left to this process of a batch that another has started; its lease ends if there are none."""
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
        """Send heartbeats in the background, even during a long batch."""
        ended = Event()
        # A daemon, so that it never keeps the process alive while waiting for a locked database.
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
            # If the database cannot be written, the next batch runs into that and reports it.
            with suppress(DatabaseError, SQLAlchemyError), self.database.write() as connection:
                if not ended.is_set():
                    self._give_sign(connection, _SEEN_WITHOUT)

    def _give_sign(self, connection: Connection, seconds: float) -> None:
        """Record a heartbeat and renew the leases, unless the last heartbeat was less than ``seconds`` ago."""
        now = time.monotonic()
        if self.report.run_id is not None and now - self._seen >= seconds:
            self._seen = now
            see_run(connection, self.report.run_id, self.report.so_far())
            self.leases.renew(connection)

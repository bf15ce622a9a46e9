"""Engines compute batches. Whichever engine is used, only this process writes the results."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from xprojdb.db import Database, bulk
from xprojdb.execution.batches import ItemBatch, process_or_bisect
from xprojdb.steps.stage import Result, Stage


class ComputedBatch(NamedTuple):
    """A batch and its result, with an outcome for each item."""

    batch: ItemBatch
    result: Result


#: returns the next batch, or None if there is none at the moment; called again after each computed batch
NextBatch = Callable[[], ItemBatch | None]
#: computes batches until there are none; each is written before the next is computed. The first value is None, once
#: everything is loaded.
Compute = Callable[[NextBatch], Iterator[ComputedBatch | None]]


class Engine(ABC):
    """Computes the batches of one stage after another."""

    @abstractmethod
    def opened(self, database: Database, stage: Stage) -> AbstractContextManager[Compute]:
        """Prepare for the batches of a bound stage; only called if there are any."""

    def close(self) -> None:  # noqa: B027 -- most engines hold nothing
        """Release all resources; called at the end of a run, however it ends."""


class Local(Engine):
    """Computes in this process, one batch at a time."""

    @contextmanager
    def opened(self, database: Database, stage: Stage) -> Iterator[Compute]:
        stage.open()
        try:
            yield lambda next_batch: _computed(database, stage, next_batch)
        finally:
            stage.close()


def _computed(database: Database, stage: Stage, next_batch: NextBatch) -> Iterator[ComputedBatch | None]:
    yield None
    while (batch := next_batch()) is not None:
        with database.read() as connection, bulk.uncollected():
            result = process_or_bisect(stage, connection, batch.items)
        yield ComputedBatch(batch, result)

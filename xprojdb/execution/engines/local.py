"""Engines: where batches are computed. Whichever it is, this process alone writes what they give."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from xprojdb.db import Database, bulk
from xprojdb.execution.batches import ItemBatch, process_or_bisect
from xprojdb.steps.stage import Result, Stage


class Made(NamedTuple):
    """A batch and what became of it: an outcome for each of its items."""

    batch: ItemBatch
    result: Result


#: gives the next batch, None when there is none now; asked again after each batch that was made
NextBatch = Callable[[], ItemBatch | None]
#: computes batches until there are none; what it gives is written before it goes on. First it gives None, when all that
#: had to be loaded is there.
Compute = Callable[[NextBatch], Iterator[Made | None]]


class Engine(ABC):
    """Computes the batches of one stage after another."""

    @abstractmethod
    def opened(self, database: Database, stage: Stage) -> AbstractContextManager[Compute]:
        """Make ready for the batches of a stage that is bound; only called when there are some."""

    def close(self) -> None:  # noqa: B027 -- most engines hold nothing
        """Let go of what it holds; called at the end of a run, however it ends."""


class Local(Engine):
    """Computes in this process, a batch at a time."""

    @contextmanager
    def opened(self, database: Database, stage: Stage) -> Iterator[Compute]:
        stage.open()
        try:
            yield lambda next_batch: _computed(database, stage, next_batch)
        finally:
            stage.close()


def _computed(database: Database, stage: Stage, next_batch: NextBatch) -> Iterator[Made | None]:
    yield None
    while (batch := next_batch()) is not None:
        with database.read() as connection, bulk.uncollected():
            result = process_or_bisect(stage, connection, batch.items)
        yield Made(batch, result)

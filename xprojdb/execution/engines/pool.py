"""Engines with several workers, any of which may die or hang: a lost batch is given to another worker."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Literal

from xprojdb.db import Database
from xprojdb.db.sqlite import has_rollback_journal
from xprojdb.errors import UsageError, XprojdbError
from xprojdb.execution.batches import ItemBatch, failed, merged
from xprojdb.execution.engines.local import Compute, ComputedBatch, Engine, NextBatch
from xprojdb.execution.engines.worker import Order, Packed
from xprojdb.steps.stage import Result, Stage

#: seconds a batch may take
BATCH_TIMEOUT = 1_800.0
#: seconds that opening a step may always take, which includes starting a process and loading a model
_OPENING_TIMEOUT = 600.0
#: batches a worker has at a time: one to compute, and one waiting
_DEPTH = 2
#: an item is recorded as failed after losing this many workers
_LOSSES = 2
#: workers that may be lost in a row without any progress: while opening a step, and while computing batches
_LOST_OPENING = 3
_LOST_WITH_BATCHES = 32

Loss = Literal["worker-died", "timed-out"]
_LOST = {
    "worker-died": "the worker process died on this item, twice",
    "timed-out": "the worker did not finish this item in time, twice, and was stopped",
}


class WorkersLost(XprojdbError):
    """Workers died or hung one after another without any progress; fields ``step``, ``reason`` and ``detail``."""


class LostBatch(Exception):
    """A worker died; the argument says how."""


class WorkerHandle(ABC):
    """One worker, as its pool sees it. It answers messages in the order they were sent."""

    @abstractmethod
    def open(self, order: Order) -> None:
        """Tell the worker to open a step, without waiting."""

    @abstractmethod
    def give(self, items: Sequence[int]) -> None:
        """Give the worker a batch, without waiting."""

    @abstractmethod
    def answer(self) -> Packed | None:
        """The next answer: None for an opened step, otherwise the result of a batch.

        :raises LostBatch: when the worker died.
        :raises XprojdbError: for errors that concern the whole run.
        """

    @abstractmethod
    def end(self) -> None:
        """Stop the worker, whatever it is doing."""


@dataclass(slots=True)
class _Task:
    """A batch or part of one, and how many workers it has cost."""

    batch: ItemBatch
    items: Sequence[int]
    losses: int = 0


@dataclass(slots=True)
class _Member:
    """A worker, its tasks, and when it started the first of them.

    :param order: the last step it was told to open.
    :param ready: whether it has opened that step.
    """

    handle: WorkerHandle
    order: Order | None = None
    ready: bool = False
    since: float = field(default_factory=time.monotonic)
    tasks: deque[_Task] = field(default_factory=deque)


class WorkerPool(Engine):
    """Several workers. A subclass defines how to start one and how to wait for answers.

    :param workers: the maximum number of workers.
    :param batch_timeout: seconds a worker may spend on a batch before it is considered hung; opening a step may take
        ten minutes if that is longer.
    """

    def __init__(self, workers: int, batch_timeout: float) -> None:
        self.workers = workers
        self.batch_timeout = batch_timeout
        self._members: list[_Member] = []
        self._again: deque[_Task] = deque()
        self._parts: dict[int, list[Result]] = {}
        self._lost_opening = 0
        self._lost_with_batches = 0

    @abstractmethod
    def _spawn(self, database: Database) -> WorkerHandle:
        """Start another worker."""

    @abstractmethod
    def _answering(self, handles: Sequence[WorkerHandle], seconds: float) -> Sequence[WorkerHandle]:
        """The workers that have answered or died, waiting up to ``seconds`` for the first."""

    @contextmanager
    def opened(self, database: Database, stage: Stage) -> Iterator[Compute]:
        _check_readers(database)
        order = Order.of(stage)
        self._lost_opening = self._lost_with_batches = 0
        try:
            yield lambda next_batch: self._computed(database, stage, order, next_batch)
        finally:
            self._again.clear()
            self._parts.clear()
            for member in [member for member in self._members if member.tasks]:
                self._terminate(member)

    def close(self) -> None:
        for member in list(self._members):
            self._terminate(member)

    def _computed(
        self, database: Database, stage: Stage, order: Order, next_batch: NextBatch
    ) -> Iterator[ComputedBatch | None]:
        waiting = True
        while self._keep_busy(database, order, next_batch):
            for member in self._answers():
                computed = self._take_answer(stage, member)
                if waiting and member.ready:
                    waiting = False
                    yield None
                if computed is not None:
                    # Before the result is written, so that no worker waits for that.
                    self._keep_busy(database, order, next_batch)
                    yield computed
            for member in self._hanging():
                computed = self._lose(stage, member, "timed-out", f"nothing in {self._patience(member):g} seconds")
                if computed is not None:
                    yield computed

    def _keep_busy(self, database: Database, order: Order, next_batch: NextBatch) -> bool:
        """Give batches to workers with room, starting more while batches remain; returns whether any worker is busy."""
        while (member := self._with_room()) is not None or len(self._members) < self.workers:
            task = self._next_task(next_batch)
            if task is None:
                break
            if member is None or (member.tasks and len(self._members) < self.workers):
                member = _Member(self._spawn(database))
                self._members.append(member)
            self._give(member, order, task)
        return any(member.tasks for member in self._members)

    def _with_room(self) -> _Member | None:
        free = [member for member in self._members if len(member.tasks) < _DEPTH]
        return min(free, key=lambda member: len(member.tasks), default=None)

    def _next_task(self, next_batch: NextBatch) -> _Task | None:
        if self._again:
            return self._again.popleft()
        batch = next_batch()
        return None if batch is None else _Task(batch, batch.items)

    def _give(self, member: _Member, order: Order, task: _Task) -> None:
        if not member.tasks:
            member.since = time.monotonic()
        if member.order is not order:
            member.order, member.ready = order, False
            member.handle.open(order)
        member.tasks.append(task)
        member.handle.give(task.items)

    def _answers(self) -> list[_Member]:
        waited = [member for member in self._members if member.tasks]
        handles = self._answering([member.handle for member in waited], self._seconds_left(waited))
        return [member for member in waited if member.handle in handles]

    def _patience(self, member: _Member) -> float:
        """The seconds a worker may spend on its current task."""
        return self.batch_timeout if member.ready else max(self.batch_timeout, _OPENING_TIMEOUT)

    def _seconds_left(self, members: Sequence[_Member]) -> float:
        """The seconds until the first of the workers would be considered hung."""
        first = min(member.since + self._patience(member) for member in members)
        return max(0.0, first - time.monotonic())

    def _hanging(self) -> list[_Member]:
        """Workers that are overdue and still have not answered."""
        now = time.monotonic()
        late = [worker for worker in self._members if worker.tasks and worker.since + self._patience(worker) <= now]
        answering = self._answering([member.handle for member in late], 0) if late else ()
        return [member for member in late if member.handle not in answering]

    def _take_answer(self, stage: Stage, member: _Member) -> ComputedBatch | None:
        try:
            answer = member.handle.answer()
        except LostBatch as error:
            return self._lose(stage, member, "worker-died", str(error))
        member.since = time.monotonic()
        if answer is None:
            member.ready, self._lost_opening = True, 0
            return None
        self._lost_with_batches = 0
        return self._collected(member.tasks.popleft(), answer.result)

    def _collected(self, task: _Task, result: Result) -> ComputedBatch | None:
        """The whole batch, once all its parts are done."""
        parts = self._parts.setdefault(task.batch.lease, [])
        parts.append(result)
        if sum(len(part.outcomes) for part in parts) < len(task.batch.items):
            return None
        del self._parts[task.batch.lease]
        return ComputedBatch(task.batch, merged(parts))

    def _lose(self, stage: Stage, member: _Member, loss: Loss, detail: str) -> ComputedBatch | None:
        """Drop a worker. Its current batch is retried once, then halved until the failing item is alone."""
        self._terminate(member)
        self._count_loss(stage, member, loss, detail)
        tasks = list(member.tasks)
        if not member.ready:
            self._again.extendleft(reversed(tasks))
            return None
        guilty, *others = tasks
        self._again.extendleft(reversed(others))
        guilty.losses += 1
        if guilty.losses >= _LOSSES and len(guilty.items) == 1:
            message = f"{_LOST[loss]}: {detail}"
            return self._collected(guilty, failed(stage.step_id, guilty.items[0], loss, message, message))
        self._again.extendleft(reversed(_halves(guilty) if guilty.losses >= _LOSSES else [guilty]))
        return None

    def _count_loss(self, stage: Stage, member: _Member, loss: Loss, detail: str) -> None:
        if member.ready:
            self._lost_with_batches += 1
        else:
            self._lost_opening += 1
        if self._lost_opening >= _LOST_OPENING or self._lost_with_batches >= _LOST_WITH_BATCHES + 2 * self.workers:
            raise _workers_lost(stage, loss, detail)

    def _terminate(self, member: _Member) -> None:
        self._members.remove(member)
        member.handle.end()


def _halves(task: _Task) -> list[_Task]:
    """The two halves of a task, each of which fails at the next loss."""
    middle = len(task.items) // 2
    return [_Task(task.batch, part, task.losses - 1) for part in (task.items[:middle], task.items[middle:])]


def _workers_lost(stage: Stage, loss: Loss, detail: str) -> WorkersLost:
    what = "died" if loss == "worker-died" else "did not answer"
    return WorkersLost(
        f"{stage.title}: one worker after another {what}, most recently: {detail}",
        hint="finished work is kept; check whether memory ran out, run with --engine local to see the error, "
        "or set a longer --batch-timeout",
        step=stage.step_id,
        reason=loss,
        detail=detail,
    )


def _check_readers(database: Database) -> None:
    """Refuse workers with a rollback journal: they read while they compute, and nobody could write in the meantime.

    :raises UsageError: when the database is a file on a network file system.
    """
    if has_rollback_journal(database.engine):
        raise UsageError(
            f"{database.url} is on a network file system, where workers that read it would keep it from being written",
            hint="leave out --workers and --engine, or use a PostgreSQL URL ('db copy' makes one of a file)",
            url=database.url,
        )

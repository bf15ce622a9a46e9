"""Run a plan: for each step, batches of pending items, their rows and outcomes in one transaction."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from sqlalchemy import Connection, delete
from sqlalchemy.exc import SQLAlchemyError

from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import failure, outcome
from xprojdb.engine.pending import count_pending, pending_items
from xprojdb.engine.plan import Plan
from xprojdb.engine.plans import bind_plan
from xprojdb.engine.writing import write_rows
from xprojdb.errors import DatabaseError, MissingExtra, ModelError, UsageError, XprojdbError
from xprojdb.steps.stage import Outcome, Result, Rows, Stage

#: what concerns a whole run and not one item: never recorded as an item's failure
_FATAL = (DatabaseError, MissingExtra, ModelError, UsageError, SQLAlchemyError, MemoryError)
_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")
#: when as many items fail and not one goes through, the fault is taken to be the step's
_ALL_FAILED = 32


class StepFailed(XprojdbError):
    """Every item of a large batch failed, so that none was recorded; fields ``step``, ``items`` and ``reason``."""


class _Overtaken(Exception):
    """Another process has recorded some of the items of this batch."""


class Progress(Protocol):
    """What a run tells whoever watches."""

    def begin(self, title: str, noun: str, total: int) -> None: ...

    def advance(self, done: int, failed: int) -> None: ...

    def end(self) -> None: ...


class Silent:
    """A watcher that shows nothing."""

    def begin(self, title: str, noun: str, total: int) -> None: ...

    def advance(self, done: int, failed: int) -> None: ...

    def end(self) -> None: ...


class StopRequest:
    """Asked for from outside (a signal handler): the run ends after the batch at hand, which is committed."""

    def __init__(self) -> None:
        self.requested = False


@dataclass(slots=True)
class StepReport:
    """What a run did for one step."""

    step_id: int
    title: str
    done: int = 0
    failed: int = 0


@dataclass(slots=True)
class RunReport:
    """What a run did.

    :param run_id: its key, or None when nothing was pending and nothing was recorded.
    :param stopped: whether it ended early because it was asked to.
    """

    run_id: int | None = None
    stopped: bool = False
    steps: list[StepReport] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def failed(self) -> int:
        return sum(step.failed for step in self.steps)


def run_plan(
    database: Database,
    plan: Plan,
    *,
    command: str = "run",
    progress: Progress | None = None,
    stop: StopRequest | None = None,
) -> RunReport:
    """Do everything of a plan that is pending.

    :param command: what to record as the run's command.
    :returns: what was done; with nothing pending, nothing is written at all.
    :raises DatabaseError, ModelError, MissingExtra, UsageError: when the run as a whole cannot go on; what was
        committed stays.
    :raises StepFailed: when not one item of a large batch could be done.
    """
    return _Runner(database, plan, command, progress or Silent(), stop or StopRequest()).run()


def forget_failures(database: Database, plan: Plan) -> int:
    """Make the failed items of a plan's steps pending again; what is told of their failures is kept.

    :returns: how many there were.
    """
    bind_plan(database, plan)
    steps = [stage.step_id for stage in plan.stages]
    with database.write() as connection:
        failed = (outcome.c.step_id.in_(steps)) & (outcome.c.status == "failed")
        return int(connection.execute(delete(outcome).where(failed)).rowcount)


class _Runner:
    def __init__(self, database: Database, plan: Plan, command: str, progress: Progress, stop: StopRequest) -> None:
        self.database = database
        self.plan = plan
        self.command = command
        self.progress = progress
        self.stop = stop
        self.report = RunReport()

    def run(self) -> RunReport:
        bind_plan(self.database, self.plan)
        try:
            for stage in self.plan.stages:
                self._step(stage)
                if self.stop.requested:
                    self.report.stopped = True
                    break
        except BaseException as error:
            # A database that fails cannot record it either: what is raised is the first error.
            with suppress(DatabaseError, SQLAlchemyError):
                self._end("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        self._end("stopped" if self.report.stopped else "done")
        return self.report

    def _step(self, stage: Stage) -> None:
        report = StepReport(stage.step_id, stage.title)
        self.report.steps.append(report)
        with self.database.read() as connection:
            total = count_pending(connection, stage, self.plan.pairs[stage.spec])
        if not total:
            return
        self._begin()
        stage.open()
        self.progress.begin(stage.title, stage.noun, total)
        try:
            self._batches(stage, report)
        finally:
            self.progress.end()
            stage.close()

    def _batches(self, stage: Stage, report: StepReport) -> None:
        cursor: int | None = 0
        while cursor is not None and not self.stop.requested:
            with bulk.uncollected():
                cursor = self._batch(stage, report, cursor)

    def _batch(self, stage: Stage, report: StepReport, cursor: int) -> int | None:
        """Do the next batch; returns the cursor behind it, or None when nothing is pending any more."""
        with self.database.read() as connection:
            items = pending_items(connection, stage, self.plan.pairs[stage.spec], cursor, stage.block)
            if not items:
                return None
            result = process_or_bisect(stage, connection, items)
        _check_any_done(stage, result)
        if not self._commit(stage, result):
            return cursor
        failed = sum(1 for made in result.outcomes if made.status == "failed")
        report.done += len(items)
        report.failed += failed
        self.progress.advance(len(items), failed)
        return items[-1]

    def _commit(self, stage: Stage, result: Result) -> bool:
        """Write a batch, unless another process has done some of its items meanwhile: then it is computed again."""
        run_id = self.report.run_id
        outcomes = [(stage.step_id, made.item, made.status, made.reason, run_id) for made in result.outcomes]
        try:
            with self.database.write() as connection:
                # First of all, so that of two processes the later one waits here and then writes nothing.
                if bulk.insert(connection, outcome, _OUTCOME, outcomes) < len(outcomes):
                    raise _Overtaken
                write_rows(connection, result.rows, run_id)
        except _Overtaken:
            return False
        return True

    def _begin(self) -> None:
        if self.report.run_id is None:
            with self.database.write() as connection:
                self.report.run_id = begin_run(connection, self.command, self.plan.recipe)

    def _end(self, status: str) -> None:
        if self.report.run_id is not None:
            counts = {"done": self.report.done, "failed": self.report.failed}
            with self.database.write() as connection:
                end_run(connection, self.report.run_id, status, counts)


def _check_any_done(stage: Stage, result: Result) -> None:
    if len(result.outcomes) < _ALL_FAILED or any(made.status != "failed" for made in result.outcomes):
        return
    _, _, message, told = next(iter(result.rows[0].values))
    raise StepFailed(
        f"{stage.title}: all of {len(result.outcomes)} {stage.noun} failed, the first with: {message}",
        hint="nothing of them was recorded; mend the cause and run again",
        step=stage.step_id,
        items=len(result.outcomes),
        reason=told,
    )


def process_or_bisect(stage: Stage, connection: Connection, items: Sequence[int]) -> Result:
    """Compute a batch; when it fails, halve it until the guilty item is alone and recorded as failed."""
    try:
        return stage.process(connection, items)
    except _FATAL:
        raise
    except Exception as error:  # recorded with its traceback below, or met again in a smaller batch
        if len(items) == 1:
            return _failed(stage, items[0], error)
    middle = len(items) // 2
    left = process_or_bisect(stage, connection, items[:middle])
    right = process_or_bisect(stage, connection, items[middle:])
    return Result([*left.outcomes, *right.outcomes], [*left.rows, *right.rows])


def _failed(stage: Stage, item: int, error: Exception) -> Result:
    told = "".join(traceback.format_exception(error))
    columns = ("step_id", "item_id", "message", "traceback", "run_id")
    rows = Rows(failure, columns, [(stage.step_id, item, str(error) or type(error).__name__, told)])
    return Result([Outcome(item, "failed", type(error).__name__)], [rows])

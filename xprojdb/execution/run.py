"""Run a plan: for each step, process pending items in batches, writing rows and outcomes in one transaction."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Connection, delete
from sqlalchemy.exc import SQLAlchemyError

from xprojdb.db import Database, bulk
from xprojdb.db.tables import outcome
from xprojdb.errors import DatabaseError, MissingExtra, ModelError, Unfinished, UsageError, XprojdbError
from xprojdb.execution.batches import ItemBatch
from xprojdb.execution.engines.local import Compute, Engine, Local
from xprojdb.execution.pending import count_pending, has_pending
from xprojdb.execution.progress import Progress, RunReport, Silent, StepReport, StopRequest
from xprojdb.execution.waiting import Waiting, read_waiting
from xprojdb.execution.writer import Writer
from xprojdb.models.translators.language_tokens import LanguageMissing
from xprojdb.planning.plan import Plan
from xprojdb.planning.store import bind_plan
from xprojdb.steps.shard import Shard
from xprojdb.steps.stage import Bitext, ItemKind, Outcomes, Result, Stage

#: if this many items fail and not one succeeds, the step is taken to be at fault
_ALL_FAILED = 32
#: the most batches to take at once, and the fraction of the pending items they may be (one in so many)
_TAKEN = 8
_SHARE = 8
#: errors that stop one step and no other
_ABSENT = (ModelError, MissingExtra, LanguageMissing)
#: seconds between checks whether other processes have finished the items it waits for
_WAIT = 0.5


class StepFailed(XprojdbError):
    """Every item of a large batch failed, so none was recorded; fields ``step``, ``items`` and ``reason``."""


def run_plan(
    database: Database,
    plan: Plan,
    *,
    command: str = "run",
    progress: Progress | None = None,
    stop: StopRequest | None = None,
    engine: Engine | None = None,
    only: Sequence[str] = (),
    limit: int | None = None,
    shard: Shard | None = None,
) -> RunReport:
    """Run everything in a plan that is pending.

    Several processes may run the same plan: each takes items that no other has taken, and ends when none are left.

    :param command: the command to record for the run.
    :param engine: where batches are computed; by default in this process.
    :param only: run only these steps, given by kind or digest prefix.
    :param limit: the most items to process in each step.
    :param shard: process only the items of this share.
    :returns: a report; if nothing is pending, nothing is written at all.
    :raises DatabaseError, UsageError: when the run as a whole cannot continue; committed batches are kept.
    :raises ModelError, MissingExtra, LanguageMissing: when the model of a step is not available, or a server does not
        answer; raised after all other work is done. The field ``also`` has the errors of further steps.
    :raises UsageError: when nothing was imported under a name; also raised after all other work is done.
    :raises StepFailed: when every item of a large batch failed.
    :raises GroundMoved: when something a batch depends on was deleted, or another command ended the run.
    :raises WorkersLost: when workers die again and again without any progress.
    """
    stages = chosen_stages(plan, only)
    stop = stop or StopRequest()
    for stage in stages:
        stage.shard, stage.stopping = shard, lambda: stop.requested
    runner = _Runner(database, plan, command, progress or Silent(), stop, engine or Local(), limit, only)
    bind_plan(database, plan)
    try:
        with runner.writer.alive():
            runner.passes(stages)
        runner.raise_errors(stages)
    except BaseException as error:
        # A failing database cannot record this either; the first error is the one to raise.
        with suppress(DatabaseError, SQLAlchemyError):
            runner.writer.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
        raise
    finally:
        runner.engine.close()
    runner.writer.end("stopped" if runner.report.stopped else "done")
    return runner.report


def chosen_stages(plan: Plan, only: Sequence[str]) -> list[Stage]:
    """The stages of a plan selected by kind or digest prefix; all of them if ``only`` is empty.

    :raises UsageError: when a name matches no stage.
    """
    for name in only:
        if not any(_is_called(stage, name) for stage in plan.stages):
            names = ", ".join(dict.fromkeys(f"{stage.spec.kind} {stage.spec.short}" for stage in plan.stages))
            raise UsageError(f"the recipe has no step {name!r}", hint=f"its steps are {names}", step=name)
    return [stage for stage in plan.stages if not only or any(_is_called(stage, name) for name in only)]


def _is_called(stage: Stage, name: str) -> bool:
    return bool(name) and (stage.spec.kind == name or stage.spec.digest.startswith(name))


def forget_failures(database: Database, plan: Plan) -> int:
    """Make the failed items of a plan's steps pending again; the records of their failures are kept.

    :returns: the number of failed items.
    """
    bind_plan(database, plan)
    steps = [stage.step_id for stage in plan.stages]
    with database.write() as connection:
        failed = (outcome.c.step_id.in_(steps)) & (outcome.c.status == "failed")
        return int(connection.execute(delete(outcome).where(failed)).rowcount)


class _Runner:
    def __init__(
        self,
        database: Database,
        plan: Plan,
        command: str,
        progress: Progress,
        stop: StopRequest,
        engine: Engine,
        limit: int | None,
        only: Sequence[str],
    ) -> None:
        self.database = database
        self.plan = plan
        self.progress = progress
        self.stop = stop
        self.engine = engine
        self.limit = limit
        self.only = only
        self.report = RunReport()
        self.reports: dict[Stage, StepReport] = {}
        self.writer = Writer(database, plan.recipe, command, self.report)

    def passes(self, stages: Sequence[Stage]) -> None:
        """Repeat the steps until none has items that are pending or taken by another process."""
        titles = self.plan.titles
        self.reports = {stage: StepReport(stage.step_id, titles[stage.spec], stage.item_kind) for stage in stages}
        settled = False
        while not settled:
            settled, before = True, self.report.done
            for stage, report in self.reports.items():
                self._show(report)
                settled &= self._attempt(stage, report)
                if self.stop.requested:
                    self.report.interrupted = self.stop.interrupted
                    self.report.stopped = self._is_work_left(stages)
                    return
            if not settled and self.report.done == before:
                self._wait()

    def _show(self, report: StepReport) -> None:
        if not any(report is step for step in self.report.steps):
            self.report.steps.append(report)

    def _is_work_left(self, stages: Sequence[Stage]) -> bool:
        """Whether another run would find anything to do; what is known already is not asked for."""
        if any(step.total is not None and step.done < step.total for step in self.report.steps):
            return True
        with self.database.read() as connection:
            return any(has_pending(connection, stage, self.plan.pairs[stage.spec]) for stage in stages)

    def _wait(self) -> None:
        until = time.monotonic() + _WAIT
        while time.monotonic() < until and not self.stop.requested:
            time.sleep(0.05)

    def _attempt(self, stage: Stage, report: StepReport) -> bool:
        """Run a step. If its model is not available or does not answer, it stays pending, and the other steps go on."""
        if stage.step_id in self.report.errors:
            return True
        try:
            return self._step(stage, report)
        except _ABSENT as error:
            self.report.errors[stage.step_id] = error
        except Unfinished:
            pass  # the run is to stop, and says itself that work is left
        return True

    def raise_errors(self, stages: Sequence[Stage]) -> None:
        """Raise the first error of a step or of the plan, with the others in its field ``also``."""
        if self.report.stopped:
            waiting: list[Waiting] = []
            unknown: list[XprojdbError] = []
        else:
            with self.database.read() as connection:
                waiting, unknown = read_waiting(connection, self.plan, stages)
        self.report.waiting = [entry.line for entry in waiting]
        absent = [error for error in self.plan.missing if not isinstance(error, UsageError)]
        self.report.missing = [error.message for error in self.plan.missing if isinstance(error, UsageError)]
        errors = {error.message: error for error in (*self.report.errors.values(), *absent, *unknown)}
        if errors:
            first, *others = errors.values()
            first.fields["also"] = tuple(others)
            raise first

    def _step(self, stage: Stage, report: StepReport) -> bool:
        """Process the items that are pending and not taken; returns whether no other process has any in hand."""
        pairs = self.plan.pairs[stage.spec]
        with self.database.read() as connection:
            total = count_pending(connection, stage, pairs)
            if total and learns_from_steps(stage) and not self._is_complete(connection, stage):
                return stage.shard is not None
        waiting = _Waiting(self.writer, stage, pairs, self._share(stage, total), self._left(report), self.stop)
        if not total or waiting.left == 0 or self.stop.requested:
            return True
        if not waiting.take():
            return waiting.settled
        self.writer.begin()
        report.total = report.done + (total if self.limit is None else min(total, self.limit - report.done))
        with self.engine.opened(self.database, stage) as compute:
            self._batches(stage, report, waiting, compute)
        return waiting.settled

    def _is_complete(self, connection: Connection, stage: Stage) -> bool:
        """Whether everything a fit step counts is there; else the first of several runs would learn from a part."""
        earlier = self.plan.stages[: self.plan.stages.index(stage)]
        if any(self.writer.leases.others_have(connection, upstream.step_id) for upstream in earlier):
            return False
        if stage.shard is None and (self.limit is not None or self.only or self.report.errors):
            return True
        return not any(
            has_pending(connection, upstream, self.plan.pairs[upstream.spec], shared=False) for upstream in earlier
        )

    def _share(self, stage: Stage, total: int) -> int:
        """How many items to take at once: enough to make the overhead negligible, but not all of them."""
        return stage.block * max(1, min(_TAKEN, total // (stage.block * _SHARE)))

    def _left(self, report: StepReport) -> int | None:
        return None if self.limit is None else self.limit - report.done

    def _batches(self, stage: Stage, report: StepReport, waiting: _Waiting, compute: Compute) -> None:
        began = None
        try:
            for computed in compute(waiting.next_batch):
                if began is None or computed is None:
                    began = time.monotonic() - report.seconds
                    self.progress.begin(report.title, stage.item_kind, (report.total or 0) - report.done)
                if computed is not None:
                    _check_any_done(stage, computed.result)
                    report.seconds = time.monotonic() - began
                    self._write(stage, report, waiting, computed.batch, computed.result)
                    self._relieve(stage)
        finally:
            if began is not None:
                self.progress.end()

    def _relieve(self, stage: Stage) -> None:
        """Let later stages take what a stage holds in memory, if it has no room for more."""
        takers = [taker for taker in stage.takers if taker in self.reports and not self.stop.requested]
        if not takers:
            return
        progress, self.progress = self.progress, Silent()
        try:
            for taker in takers:
                self._show(self.reports[taker])
                self._step(taker, self.reports[taker])
        finally:
            self.progress = progress

    def _write(self, stage: Stage, report: StepReport, waiting: _Waiting, batch: ItemBatch, result: Result) -> None:
        failed = Outcomes.of(result.outcomes).failed
        # Beforehand, because the same transaction records the progress of the run.
        report.count(len(batch.items), failed)
        with bulk.uncollected():
            written = self.writer.commit(stage, waiting.pairs, batch, result)
        if written:
            self.progress.advance(len(batch.items), failed)
        else:
            report.count(-len(batch.items), -failed)
            waiting.give_back(batch)


class _Waiting:
    """The pending items of a step, taken from the database in shares and handed out in batches.

    :param share: items to take at once.
    :param left: how many may be taken in total; None for no limit.
    """

    def __init__(
        self, writer: Writer, stage: Stage, pairs: Sequence[Bitext], share: int, left: int | None, stop: StopRequest
    ) -> None:
        self.writer = writer
        self.stage = stage
        self.pairs = pairs
        self.share = share
        self.left = left
        self.stop = stop
        self.taken: deque[ItemBatch] = deque()
        self._untaken = True
        self._dropped = False
        self._cursor: int | None = 0

    @property
    def settled(self) -> bool:
        """Whether, at the last check, no other process had taken items, including any of this process's own."""
        return self._untaken and not self._dropped

    def next_batch(self) -> ItemBatch | None:
        """The next batch, or None if none is left to this process or the run is to stop."""
        if self.stop.requested or not (self.taken or self.take()):
            return None
        return self.taken.popleft()

    def take(self) -> bool:
        """Take the next share; returns whether there was one."""
        limit = self.share if self.left is None else min(self.share, self.left)
        if self._cursor is None or limit <= 0:
            return False
        batches, self._untaken = self.writer.take(self.stage, self.pairs, self._cursor, limit)
        self.taken += batches
        if not batches:
            self._cursor = None
            return False
        self._cursor = self.taken[-1].items[-1]
        if self.left is not None:
            self.left -= sum(len(batch.items) for batch in batches)
        return True

    def give_back(self, batch: ItemBatch) -> None:
        """Hand out again what is left of a batch that another process has started."""
        left = self.writer.undone(self.stage, batch)
        if left is not None:
            self.taken.appendleft(left)
        else:
            # Another process has it, or had it and gave it back: check again.
            self._dropped = True


def learns_from_steps(stage: Stage) -> bool:
    """Whether a stage learns from the results of other steps on whole corpora."""
    return stage.item_kind is ItemKind.CORPORA and bool(stage.spec.inputs)


def _check_any_done(stage: Stage, result: Result) -> None:
    if len(result.outcomes) < _ALL_FAILED or any(record.status != "failed" for record in result.outcomes):
        return
    _, _, message, details = next(iter(result.rows[0].values))
    raise StepFailed(
        f"{stage.title}: all {len(result.outcomes)} {stage.item_kind} failed, the first with: {message}",
        hint="none of them was recorded; fix the cause and run again",
        step=stage.step_id,
        items=len(result.outcomes),
        reason=details,
    )

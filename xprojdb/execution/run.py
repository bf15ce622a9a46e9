"""Run a plan: for each step, batches of pending items, their rows and outcomes in one transaction."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import delete
from sqlalchemy.exc import SQLAlchemyError

from xprojdb.db import Database, bulk
from xprojdb.db.tables import outcome
from xprojdb.errors import DatabaseError, MissingExtra, ModelError, UsageError, XprojdbError
from xprojdb.execution.batches import ItemBatch
from xprojdb.execution.engines.local import Compute, Engine, Local
from xprojdb.execution.pending import count_pending
from xprojdb.execution.progress import Progress, RunReport, Silent, StepReport, StopRequest
from xprojdb.execution.waiting import Waiting, read_waiting
from xprojdb.execution.writer import Writer
from xprojdb.models.translators.language_tokens import LanguageMissing
from xprojdb.planning.plan import Plan
from xprojdb.planning.store import bind_plan
from xprojdb.steps.stage import Bitext, Outcomes, Result, Stage

#: when as many items fail and not one goes through, the fault is taken to be the step's
_ALL_FAILED = 32
#: batches taken at once, at most, and the share of what is pending that they may be
_TAKEN = 8
_SHARE = 8
#: what keeps one step from being done, and no other
_ABSENT = (ModelError, MissingExtra, LanguageMissing)
#: seconds until a run looks again whether others have finished what it waits for
_WAIT = 0.5


class StepFailed(XprojdbError):
    """Every item of a large batch failed, so that none was recorded; fields ``step``, ``items`` and ``reason``."""


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
) -> RunReport:
    """Do everything of a plan that is pending.

    Several processes may run the same plan: each takes what the others have not, and ends when nothing is left.

    :param command: what to record as the run's command.
    :param engine: where batches are computed; by default in this process.
    :param only: kinds of steps, or beginnings of their digests: no other steps are run.
    :param limit: how many items of each step at most.
    :returns: what was done; with nothing pending, nothing is written at all.
    :raises DatabaseError, UsageError: when the run as a whole cannot go on; what was committed stays.
    :raises ModelError, MissingExtra, LanguageMissing: when the model of a step cannot be had, or a server does not
        answer: after everything else was done; the field ``also`` has those of further steps.
    :raises UsageError: after everything else was done, too, when nothing was imported under a name.
    :raises StepFailed: when not one item of a large batch could be done.
    :raises GroundMoved: when what a batch rests on was deleted meanwhile, or another command ended the run.
    :raises WorkersLost: when the workers of an engine end again and again and nothing gets done.
    """
    stages = chosen_stages(plan, only)
    running = _Runner(database, plan, command, progress or Silent(), stop or StopRequest(), engine or Local(), limit)
    return running.run(stages)


def chosen_stages(plan: Plan, only: Sequence[str]) -> list[Stage]:
    """The stages of a plan whose kind, or the beginning of whose digest, is named; all when none is.

    :raises UsageError: when a name is that of no stage.
    """
    for name in only:
        if not any(_is_called(stage, name) for stage in plan.stages):
            known = ", ".join(dict.fromkeys(f"{stage.spec.kind} {stage.spec.short}" for stage in plan.stages))
            raise UsageError(f"the recipe has no step {name!r}", hint=f"its steps are {known}", step=name)
    return [stage for stage in plan.stages if not only or any(_is_called(stage, name) for name in only)]


def _is_called(stage: Stage, name: str) -> bool:
    return bool(name) and (stage.spec.kind == name or stage.spec.digest.startswith(name))


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
    def __init__(
        self,
        database: Database,
        plan: Plan,
        command: str,
        progress: Progress,
        stop: StopRequest,
        engine: Engine,
        limit: int | None,
    ) -> None:
        self.database = database
        self.plan = plan
        self.progress = progress
        self.stop = stop
        self.engine = engine
        self.limit = limit
        self.report = RunReport()
        self.writer = Writer(database, plan.recipe, command, self.report)

    def run(self, stages: Sequence[Stage]) -> RunReport:
        bind_plan(self.database, self.plan)
        try:
            with self.writer.alive():
                self._passes(stages)
            self._raise_errors(stages)
        except BaseException as error:
            # A database that fails cannot record it either: what is raised is the first error.
            with suppress(DatabaseError, SQLAlchemyError):
                self.writer.end("stopped" if isinstance(error, KeyboardInterrupt) else "failed")
            raise
        finally:
            self.engine.close()
        self.writer.end("stopped" if self.report.stopped else "done")
        return self.report

    def _passes(self, stages: Sequence[Stage]) -> None:
        """Go through the steps until none has items that are pending, or that another process has taken."""
        reports = [StepReport(stage.step_id, stage.title, stage.item_kind) for stage in stages]
        settled = False
        while not settled:
            settled, before = True, self.report.done
            for stage, report in zip(stages, reports, strict=True):
                if report not in self.report.steps:
                    self.report.steps.append(report)
                settled &= self._attempt(stage, report)
                if self.stop.requested:
                    self.report.stopped = True
                    return
            if not settled and self.report.done == before:
                self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + _WAIT
        while time.monotonic() < until and not self.stop.requested:
            time.sleep(0.05)

    def _attempt(self, stage: Stage, report: StepReport) -> bool:
        """Do a step; one whose model cannot be had, or does not answer, stays pending, and the others go on."""
        if stage.step_id in self.report.errors:
            return True
        try:
            return self._step(stage, report)
        except _ABSENT as error:
            self.report.errors[stage.step_id] = error
            return True

    def _raise_errors(self, stages: Sequence[Stage]) -> None:
        """Raise the first error of a step or of the plan; it names the others in its field ``also``."""
        if self.report.stopped:
            waiting: list[Waiting] = []
            unknown: list[XprojdbError] = []
        else:
            with self.database.read() as connection:
                waiting, unknown = read_waiting(connection, self.plan, stages)
        self.report.waiting = [each.line for each in waiting]
        absent = [error for error in self.plan.missing if not isinstance(error, UsageError)]
        self.report.missing = [error.message for error in self.plan.missing if isinstance(error, UsageError)]
        errors = {error.message: error for error in (*self.report.errors.values(), *absent, *unknown)}
        if errors:
            first, *others = errors.values()
            first.fields["also"] = tuple(others)
            raise first

    def _step(self, stage: Stage, report: StepReport) -> bool:
        """Do what is pending and not taken; returns whether other processes have nothing of it in hand."""
        pairs = self.plan.pairs[stage.spec]
        with self.database.read() as connection:
            total = count_pending(connection, stage, pairs)
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

    def _share(self, stage: Stage, total: int) -> int:
        """How many items to take at once: enough to pay nearly nothing for it, and to leave some to others."""
        return stage.block * max(1, min(_TAKEN, total // (stage.block * _SHARE)))

    def _left(self, report: StepReport) -> int | None:
        return None if self.limit is None else self.limit - report.done

    def _batches(self, stage: Stage, report: StepReport, waiting: _Waiting, compute: Compute) -> None:
        began = None
        try:
            for made in compute(waiting.next_batch):
                if began is None or made is None:
                    began = time.monotonic() - report.seconds
                    self.progress.begin(stage.title, stage.item_kind, report.total or 0)
                if made is not None:
                    _check_any_done(stage, made.result)
                    report.seconds = time.monotonic() - began
                    self._write(stage, report, waiting, made.batch, made.result)
        finally:
            if began is not None:
                self.progress.end()

    def _write(self, stage: Stage, report: StepReport, waiting: _Waiting, batch: ItemBatch, result: Result) -> None:
        failed = Outcomes.of(result.outcomes).failed
        # Beforehand, because the same transaction tells how far the run is.
        report.count(len(batch.items), failed)
        with bulk.uncollected():
            written = self.writer.commit(stage, waiting.pairs, batch, result)
        if written:
            self.progress.advance(len(batch.items), failed)
        else:
            report.count(-len(batch.items), -failed)
            waiting.give_back(batch)


class _Waiting:
    """The items of a step that wait: taken from the database in shares, given out in batches.

    :param share: items taken at once.
    :param left: how many may be taken in all; None: all of them.
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
        """Whether, when last asked, no other process had taken any items, nor any of what this one had."""
        return self._untaken and not self._dropped

    def next_batch(self) -> ItemBatch | None:
        """The next batch; None when nobody but others has any, and when the run is to stop."""
        if self.stop.requested or not (self.taken or self.take()):
            return None
        return self.taken.popleft()

    def take(self) -> bool:
        """Take the next share."""
        wanted = self.share if self.left is None else min(self.share, self.left)
        if self._cursor is None or wanted <= 0:
            return False
        found, self._untaken = self.writer.take(self.stage, self.pairs, self._cursor, wanted)
        self.taken += found
        if not found:
            self._cursor = None
            return False
        self._cursor = self.taken[-1].items[-1]
        if self.left is not None:
            self.left -= sum(len(batch.items) for batch in found)
        return True

    def give_back(self, batch: ItemBatch) -> None:
        """Give out again what is left of a batch that another process has begun."""
        left = self.writer.undone(self.stage, batch)
        if left is not None:
            self.taken.appendleft(left)
        else:
            # Others have it, or had it and gave it back: it is asked for again.
            self._dropped = True


def _check_any_done(stage: Stage, result: Result) -> None:
    if len(result.outcomes) < _ALL_FAILED or any(made.status != "failed" for made in result.outcomes):
        return
    _, _, message, told = next(iter(result.rows[0].values))
    raise StepFailed(
        f"{stage.title}: all of {len(result.outcomes)} {stage.item_kind} failed, the first with: {message}",
        hint="nothing of them was recorded; mend the cause and run again",
        step=stage.step_id,
        items=len(result.outcomes),
        reason=told,
    )

"""A worker: computes batches of one step after another in a process of its own, and writes nothing."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from xprojdb.db import Database, bulk, open_database
from xprojdb.db.tables import metadata
from xprojdb.errors import XprojdbError
from xprojdb.execution.batches import process_or_bisect
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Row, Rows, Stage

#: makes the stage of a step; a function that other processes can import
Make = Callable[[StepSpec], Stage]


@dataclass(frozen=True)
class Order:
    """A step that workers are to open.

    :param step_id: its id in the database at hand.
    :param input_ids: those of its inputs, by role.
    """

    spec: StepSpec
    step_id: int
    input_ids: Mapping[str, int]

    @classmethod
    def of(cls, stage: Stage) -> Order:
        """That for a stage that is bound."""
        return cls(stage.spec, stage.step_id, dict(stage.input_ids))


@dataclass(frozen=True)
class Packed:
    """A result on its way between processes: tables by name, rows as they are."""

    outcomes: Sequence[Outcome]
    rows: Sequence[tuple[str, tuple[str, ...], list[Row], tuple[str, ...]]]

    @classmethod
    def of(cls, result: Result) -> Packed:
        """Pack a result; its rows are computed here."""
        rows = [(row.table.name, row.columns, list(row.values), row.new_keys) for row in result.rows]
        return cls(result.outcomes, rows)

    @property
    def result(self) -> Result:
        rows = [Rows(metadata.tables[name], columns, values, new) for name, columns, values, new in self.rows]
        return Result(self.outcomes, rows)


class WorkerAnswer(NamedTuple):
    """What a worker says to an order or a batch.

    :param packed: what it made of the batch; None for an order.
    :param error: what concerns the whole run.
    """

    packed: Packed | None = None
    error: Exception | None = None

    def told(self) -> Packed | None:
        """What it made of the batch.

        :raises Exception: the error, when there is one.
        """
        if self.error is not None:
            raise self.error
        return self.packed


class Worker:
    """Opens steps and computes batches, reading through a connection of its own.

    :param address: of the database.
    :param make: makes the stage of a step.
    """

    def __init__(self, address: str, make: Make = stage_of) -> None:
        self._address = address
        self._make = make
        self._database: Database | None = None
        self._stage: Stage | None = None

    def answer(self, message: Order | list[int]) -> WorkerAnswer:
        """Do what it is told: open a step, or compute a batch of the step that it opened last."""
        try:
            if not isinstance(message, Order):
                return WorkerAnswer(self._compute(message))
            self._open(message)
            return WorkerAnswer()
        except Exception as error:  # raised again in the process that writes
            return WorkerAnswer(error=_portable(error))

    def _open(self, order: Order) -> None:
        """Load what a step needs, and free what the step before it needed."""
        if self._stage is not None:
            self._stage.close()
        self._stage = self._make(order.spec)
        self._stage.bind(order.step_id, order.input_ids)
        self._stage.open()

    def _compute(self, items: list[int]) -> Packed:
        assert self._stage is not None, "an order comes first"
        self._database = self._database or open_database(self._address)
        with self._database.read() as connection, bulk.uncollected():
            return Packed.of(process_or_bisect(self._stage, connection, items))


def _portable(error: Exception) -> Exception:
    """An error as another process can raise it; a fault in a program has a note of where this one met it."""
    where = f"in a worker:\n{''.join(traceback.format_exception(error))}"
    foreseen = isinstance(error, XprojdbError)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever its class does when it is copied: then its text must do
        reason = type(error).__name__
        error = XprojdbError(f"a worker failed: {reason}: {error}", reason=reason)
    if not foreseen:
        error.add_note(where)
    return error

"""A worker computes batches of one step after another in its own process, and writes nothing."""

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

#: makes the stage of a step; must be importable in other processes
Make = Callable[[StepSpec], Stage]


@dataclass(frozen=True)
class Order:
    """A step for workers to open.

    :param step_id: its id in the database.
    :param input_ids: the ids of its inputs, by role.
    """

    spec: StepSpec
    step_id: int
    input_ids: Mapping[str, int]

    @classmethod
    def of(cls, stage: Stage) -> Order:
        """The order for a bound stage."""
        return cls(stage.spec, stage.step_id, dict(stage.input_ids))


@dataclass(frozen=True)
class Packed:
    """A result in transit between processes, with tables by name."""

    outcomes: Sequence[Outcome]
    rows: Sequence[tuple[str, tuple[str, ...], list[Row], tuple[str, ...]]]

    @classmethod
    def of(cls, result: Result) -> Packed:
        """Pack a result, computing its rows."""
        rows = [(row.table.name, row.columns, list(row.values), row.new_keys) for row in result.rows]
        return cls(result.outcomes, rows)

    @property
    def result(self) -> Result:
        rows = [Rows(metadata.tables[name], columns, values, new) for name, columns, values, new in self.rows]
        return Result(self.outcomes, rows)


class WorkerAnswer(NamedTuple):
    """A worker's answer to an order or a batch.

    :param packed: the result of a batch; None for an order.
    :param error: an error that concerns the whole run.
    """

    packed: Packed | None = None
    error: Exception | None = None

    def unpack(self) -> Packed | None:
        """The result of the batch, or None for an order.

        :raises Exception: the error, if there is one.
        """
        if self.error is not None:
            raise self.error
        return self.packed


class Worker:
    """Opens steps and computes batches, reading through a connection of its own.

    :param address: the address of the database.
    :param make: makes the stage of a step.
    """

    def __init__(self, address: str, make: Make = stage_of) -> None:
        self._address = address
        self._make = make
        self._database: Database | None = None
        self._stage: Stage | None = None

    def answer(self, message: Order | list[int]) -> WorkerAnswer:
        """Open a step, or compute a batch of the step opened last."""
        try:
            if not isinstance(message, Order):
                return WorkerAnswer(self._compute(message))
            self._open(message)
            return WorkerAnswer()
        except Exception as error:  # raised again in the process that writes
            return WorkerAnswer(error=_portable(error))

    def _open(self, order: Order) -> None:
        """Load what a step needs, after freeing what the previous step needed."""
        if self._stage is not None:
            self._stage.close()
        self._stage = self._make(order.spec)
        self._stage.bind(order.step_id, order.input_ids)
        self._stage.open()

    def _compute(self, items: list[int]) -> Packed:
        assert self._stage is not None, "a batch came before any order"
        self._database = self._database or open_database(self._address)
        with self._database.read() as connection, bulk.uncollected():
            return Packed.of(process_or_bisect(self._stage, connection, items))


def _portable(error: Exception) -> Exception:
    """Make an error that another process can raise; unexpected ones get a note with the traceback of this process."""
    where = f"in a worker:\n{''.join(traceback.format_exception(error))}"
    foreseen = isinstance(error, XprojdbError)
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # its class may do anything when it is copied; then its text has to do
        reason = type(error).__name__
        error = XprojdbError(f"a worker failed: {reason}: {error}", reason=reason)
    if not foreseen:
        error.add_note(where)
    return error

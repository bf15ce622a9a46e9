"""A batch of items: what a stage makes of it, and which of its items is guilty when it fails."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from xprojdb.db.tables import failure
from xprojdb.errors import DatabaseError, MissingExtra, ModelError, UsageError
from xprojdb.masking import masked
from xprojdb.printable import escaped_lines
from xprojdb.steps.stage import Outcome, Result, Rows, Stage

#: what concerns a whole run and not one item: never recorded as an item's failure
FATAL = (DatabaseError, MissingExtra, ModelError, UsageError, SQLAlchemyError, MemoryError)
_FAILURE = ("step_id", "item_id", "message", "traceback", "run_id")


@dataclass(frozen=True, slots=True)
class ItemBatch:
    """Items that are computed and written together.

    :param lease: the first item of the lease on them, which names it.
    :param items: keys in ascending order; fewer than were claimed when some are done meanwhile.
    :param removals: which deletions there had been when they were taken (:func:`xprojdb.db.count_cache.removals`).
    """

    lease: int
    items: Sequence[int]
    removals: int = 0


def process_or_bisect(stage: Stage, connection: Connection, items: Sequence[int]) -> Result:
    """Compute a batch; when it fails, halve it until the guilty item is alone and recorded as failed."""
    try:
        return stage.process(connection, items)
    except FATAL:
        raise
    except Exception as error:  # recorded with its traceback below, or met again in a smaller batch
        if len(items) == 1:
            told = "".join(traceback.format_exception(error))
            return failed(stage.step_id, items[0], type(error).__name__, str(error) or type(error).__name__, told)
    middle = len(items) // 2
    return merged([process_or_bisect(stage, connection, part) for part in (items[:middle], items[middle:])])


def failed(step_id: int, item: int, reason: str, message: str, told: str) -> Result:
    """The result of an item that failed.

    :param reason: a code.
    :param told: the traceback, or what else is known.
    """
    # Not every character can be stored, and a message may repeat an address with a password.
    message, told = escaped_lines(masked(message)), escaped_lines(masked(told))
    # The writer adds the run.
    return Result([Outcome(item, "failed", reason)], [Rows(failure, _FAILURE, [(step_id, item, message, told)])])


def merged(results: Sequence[Result]) -> Result:
    """Several results as one."""
    return Result(
        [made for result in results for made in result.outcomes], [rows for result in results for rows in result.rows]
    )

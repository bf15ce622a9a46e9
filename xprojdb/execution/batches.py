"""A batch of items: computing it, and finding the item to blame when it fails."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from xprojdb.db.tables import failure
from xprojdb.errors import DatabaseError, GroundMoved, MissingExtra, ModelError, Unfinished, UsageError
from xprojdb.masking import masked
from xprojdb.printable import escaped_lines
from xprojdb.steps.stage import Outcome, Result, Rows, Stage

#: errors that concern the whole run rather than one item, and are never recorded as an item's failure
FATAL = (DatabaseError, GroundMoved, MissingExtra, ModelError, Unfinished, UsageError, SQLAlchemyError, MemoryError)
_FAILURE = ("step_id", "item_id", "message", "traceback", "run_id")


@dataclass(frozen=True, slots=True)
class ItemBatch:
    """Items that are computed and written together.

    :param lease: the first item of their lease, which identifies it.
    :param items: keys in ascending order; fewer than were leased if some were done in the meantime.
    :param removals: the number of deletions when they were taken (:func:`xprojdb.db.count_cache.removals`).
    """

    lease: int
    items: Sequence[int]
    removals: int = 0


def process_or_bisect(stage: Stage, connection: Connection, items: Sequence[int]) -> Result:
    """Compute a batch. If it fails, halve it until the failing item is alone, and record that as failed."""
    try:
        return stage.process(connection, items)
    except FATAL:
        raise
    except Exception as error:  # recorded with its traceback below, or raised again in a smaller batch
        if len(items) == 1:
            details = "".join(traceback.format_exception(error))
            return failed(stage.step_id, items[0], type(error).__name__, str(error) or type(error).__name__, details)
    middle = len(items) // 2
    return merged([process_or_bisect(stage, connection, part) for part in (items[:middle], items[middle:])])


def failed(step_id: int, item: int, reason: str, message: str, details: str) -> Result:
    """The result of an item that failed.

    :param reason: a reason code.
    :param details: the traceback, or whatever else is known.
    """
    # Not every character can be stored, and a message may contain an address with a password.
    message, details = escaped_lines(masked(message)), escaped_lines(masked(details))
    # The writer adds the run id.
    return Result([Outcome(item, "failed", reason)], [Rows(failure, _FAILURE, [(step_id, item, message, details)])])


def merged(results: Sequence[Result]) -> Result:
    """Merge several results into one."""
    return Result(
        [outcome for result in results for outcome in result.outcomes],
        [rows for result in results for rows in result.rows],
    )

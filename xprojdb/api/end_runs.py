"""Ending the runs in progress before something changes the rows that they work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xprojdb.errors import XprojdbError

if TYPE_CHECKING:
    from sqlalchemy import Engine


@contextmanager
def ended_runs(engine: Engine, enabled: bool) -> Iterator[list[str]]:
    """End the runs in progress, then execute the block.

    :param enabled: False: end none.
    :returns: the runs that were ended; an error in the block gets them as notes.
    """
    from xprojdb.db.live import end_live_runs

    ended = [f"ended: {run.description}" for run in end_live_runs(engine)] if enabled else []
    try:
        yield ended
    except XprojdbError as error:
        for note in ended:
            error.add_note(note)
        raise

"""Ending the runs that are under way, for what changes the rows that they work on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from xprojdb.errors import XprojdbError

if TYPE_CHECKING:
    from sqlalchemy import Engine


@contextmanager
def ended_runs(engine: Engine, wanted: bool) -> Iterator[list[str]]:
    """End the runs that are under way, then do what needs it.

    :param wanted: False: end none.
    :returns: the runs that were ended; an error of what follows has them as notes.
    """
    from xprojdb.db.live import end_live_runs

    ended = [f"ended: {run.description}" for run in end_live_runs(engine)] if wanted else []
    try:
        yield ended
    except XprojdbError as error:
        for note in ended:
            error.add_note(note)
        raise

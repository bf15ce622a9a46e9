"""The database object: what most programs need, in one place."""

from __future__ import annotations

from pathlib import Path

from xprojdb.api.asking import Asking
from xprojdb.api.corrections.errata import Errata
from xprojdb.api.corrections.exchange import Exchange
from xprojdb.api.corrections.labels import LaterLabels
from xprojdb.api.exporting import Exporting
from xprojdb.api.importing.formats import ImportingFormats
from xprojdb.api.maintaining import Maintaining
from xprojdb.api.measuring import Measuring
from xprojdb.api.pages.browsing import Browsing
from xprojdb.api.running import Running
from xprojdb.api.training.training import Training


class Database(
    ImportingFormats,
    LaterLabels,
    Exchange,
    Errata,
    Running,
    Training,
    Asking,
    Measuring,
    Exporting,
    Browsing,
    Maintaining,
):
    """An open database; see :func:`open`.

    Each method corresponds to a command, with the same defaults. Results can be converted (``to_arrow()``,
    ``to_pandas()``, ``to_dict()``), printed, and displayed in a notebook. Errors are :class:`xprojdb.XprojdbError`;
    their ``hint`` says what to do next.
    """


def open(address: str | Path, *, create: bool = False) -> Database:
    """Open a database.

    :param address: the path of an SQLite file, or a URL (``sqlite:///…``, ``postgresql://…``).
    :param create: create the SQLite database if it does not exist, and the tables if the database is empty.
    :raises DatabaseError: when it is missing, belongs to another program, or is at another schema revision; see
        :func:`xprojdb.upgrade`.
    """
    from xprojdb.db import open_database

    return Database(open_database(address, create=create))

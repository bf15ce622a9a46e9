"""The database object: what most programs need, in one place."""

from __future__ import annotations

from pathlib import Path

from xprojdb.api.asking import Asking
from xprojdb.api.corrections.exchange import Exchange
from xprojdb.api.corrections.labels import LaterLabels
from xprojdb.api.exporting import Exporting
from xprojdb.api.importing_formats import ImportingFormats
from xprojdb.api.maintaining import Maintaining
from xprojdb.api.measuring import Measuring
from xprojdb.api.running import Running


class Database(ImportingFormats, LaterLabels, Exchange, Running, Asking, Measuring, Exporting, Maintaining):
    """An open database; see :func:`open`.

    Each method is a command of the command line, with the same defaults. Results can be converted (``to_arrow()``,
    ``to_pandas()``, ``to_dict()``), printed, and shown in a notebook. Errors are :class:`xprojdb.XprojdbError`, with
    the next step as ``hint``.
    """


def open(address: str | Path, *, create: bool = False) -> Database:
    """Open a database.

    :param address: the path of an SQLite file, or a URL (``sqlite:///…``, ``postgresql://…``).
    :param create: make an SQLite database that is not there, and the tables of an empty one.
    :raises DatabaseError: when it is missing, belongs to another program, or is at another schema revision, which
        :func:`xprojdb.upgrade` brings to this version's.
    """
    from xprojdb.db import open_database

    return Database(open_database(address, create=create))

"""Functions on databases by address: the schema, and copies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xprojdb.api.end_runs import ended_runs

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from xprojdb.api.results.maintenance import CopyResult, SchemaResult


def upgrade(address: str | Path, revision: str = "head", *, end_runs: bool = False) -> SchemaResult:
    """Upgrade the schema of a database, creating the database if there is none.

    :param address: the path of an SQLite file, or a URL.
    :param revision: by default the one that this version needs.
    :param end_runs: first end the runs in progress; what they have written is kept.
    :raises DatabaseError: when the database belongs to another program or a newer version.
    :raises UsageError: when there is no such revision.
    """
    from xprojdb.db import schema

    with _engine(address, create=True) as engine:
        return _moved(engine, schema.upgrade, revision, end_runs)


def downgrade(address: str | Path, revision: str, *, end_runs: bool = False) -> SchemaResult:
    """Downgrade the schema of a database; tables of later revisions are dropped with all their rows.

    :param address: the path of an SQLite file, or a URL.
    :param revision: ``base``: no tables.
    :param end_runs: first end the runs in progress; what they have written is kept.
    :raises DatabaseError, UsageError: as for :func:`upgrade`.
    """
    from xprojdb.db import schema

    with _engine(address) as engine:
        return _moved(engine, schema.downgrade, revision, end_runs)


def schema_revision(address: str | Path) -> SchemaResult:
    """The schema revision of a database, even if it is not the one that this version needs.

    :param address: the path of an SQLite file, or a URL.
    :raises DatabaseError: when it cannot be opened.
    """
    with _engine(address) as engine:
        return _result(engine)


def copy(source: str | Path, target: str | Path) -> CopyResult:
    """Copy a database, within or between SQLite and PostgreSQL, and verify it table by table.

    An interrupted copy cannot be opened; call this again to start over.

    :param source: the path of an SQLite file, or a URL.
    :param target: created if it does not exist; otherwise it must be empty, or an interrupted copy.
    :raises UsageError: when both are the same database.
    :raises DatabaseError: when the target has rows, cannot store those of the source, or differs from it afterwards.
    """
    from xprojdb.api.results.maintenance import CopyResult
    from xprojdb.maintenance.database_copy import copy_database

    return CopyResult(copy_database(source, target))


@contextmanager
def _engine(address: str | Path, *, create: bool = False) -> Iterator[Engine]:
    from xprojdb.db.opening import connect

    engine = connect(address, create=create)
    try:
        yield engine
    finally:
        engine.dispose()


def _moved(engine: Engine, move: Callable[[Engine, str], None], revision: str, end_runs: bool) -> SchemaResult:
    from xprojdb.db import schema

    # A new database has no table of leases yet.
    with ended_runs(engine, end_runs and "lease" in schema.state(engine).tables) as ended:
        move(engine, revision)
        result = _result(engine)
    result.ended = ended
    return result


def _result(engine: Engine) -> SchemaResult:
    from xprojdb.api.results.maintenance import SchemaResult
    from xprojdb.db import schema
    from xprojdb.db.driver_errors import shown

    return SchemaResult(schema.state(engine), shown(engine.url))

"""Functions on databases by their address: the schema, and copies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from xprojdb.api.results.maintenance import CopyResult, SchemaResult


def upgrade(address: str | Path, revision: str = "head") -> SchemaResult:
    """Upgrade the schema of a database, which is made when there is none.

    :param address: the path of an SQLite file, or a URL.
    :param revision: by default the one that this version needs.
    :raises DatabaseError: when the database belongs to another program or a newer version.
    :raises UsageError: when there is no such revision.
    """
    from xprojdb.db import schema

    with _engine(address, create=True) as engine:
        schema.upgrade(engine, revision)
        return _result(engine)


def downgrade(address: str | Path, revision: str) -> SchemaResult:
    """Downgrade the schema of a database; tables of later revisions are dropped with their rows.

    :param address: the path of an SQLite file, or a URL.
    :param revision: ``base`` for no tables at all.
    :raises DatabaseError, UsageError: as :func:`upgrade`.
    """
    from xprojdb.db import schema

    with _engine(address) as engine:
        schema.downgrade(engine, revision)
        return _result(engine)


def schema_revision(address: str | Path) -> SchemaResult:
    """The schema revision of a database, whichever it is.

    :param address: the path of an SQLite file, or a URL.
    :raises DatabaseError: when it cannot be opened.
    """
    with _engine(address) as engine:
        return _result(engine)


def copy(source: str | Path, target: str | Path) -> CopyResult:
    """Copy a database into another one, between SQLite and PostgreSQL or within, verified table by table.

    A copy that was interrupted cannot be opened; the same call begins it anew.

    :param source: the path of an SQLite file, or a URL.
    :param target: is made when it is not there; else it has to be empty, or an interrupted copy.
    :raises UsageError: when both are the same database.
    :raises DatabaseError: when the target holds rows, cannot hold those of the source, or differs from it afterwards.
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


def _result(engine: Engine) -> SchemaResult:
    from xprojdb.api.results.maintenance import SchemaResult
    from xprojdb.db import schema
    from xprojdb.db.driver_errors import shown

    return SchemaResult(schema.state(engine), shown(engine.url))

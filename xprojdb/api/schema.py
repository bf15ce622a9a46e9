"""Functions on databases by address: the schema, copies and merges."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from xprojdb.api.end_runs import ended_runs

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from xprojdb.api.results.maintenance import CopyResult, MergeResult, SchemaResult


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


def merge(target: str | Path, *sources: str | Path, end_runs: bool = False) -> MergeResult:
    """Bring the rows of other databases into one, such as those of the shares of a run (``shard``).

    Rows are the same if their natural keys are: corpora by name, sentences by id, steps by digest. Rows that both
    databases have are compared; where a step has other results for the same item, its rows in the source stay behind,
    and so does everything that depends on them. Merging again adds nothing; an interrupted merge adds nothing of that
    source.

    :param target: created if it does not exist.
    :param sources: these are not changed.
    :param end_runs: first end the runs in progress in the target; what they have written is kept.
    :raises UsageError: when a source is the target.
    :raises RunsAlive: while runs are in progress.
    :raises DatabaseError: when a source has other sentences of the same file, or cannot be read.
    """
    from xprojdb.api.results.maintenance import MergeResult
    from xprojdb.maintenance.merging.merge import merge_databases

    with _engine(target, create=True) as engine, _ended(engine, end_runs) as ended:
        result = MergeResult(merge_databases(target, sources))
    result.ended = ended
    return result


@contextmanager
def _engine(address: str | Path, *, create: bool = False) -> Iterator[Engine]:
    from xprojdb.db.opening import connect

    engine = connect(address, create=create)
    try:
        yield engine
    finally:
        engine.dispose()


def _moved(engine: Engine, move: Callable[[Engine, str], None], revision: str, end_runs: bool) -> SchemaResult:

    with _ended(engine, end_runs) as ended:
        move(engine, revision)
        result = _result(engine)
    result.ended = ended
    return result


def _ended(engine: Engine, requested: bool) -> AbstractContextManager[list[str]]:
    """End runs if requested; a new database has no table of leases yet."""
    from xprojdb.db import schema

    return ended_runs(engine, requested and "lease" in schema.state(engine).tables)


def _result(engine: Engine) -> SchemaResult:
    from xprojdb.api.results.maintenance import SchemaResult
    from xprojdb.db import schema
    from xprojdb.db.driver_errors import shown

    return SchemaResult(schema.state(engine), shown(engine.url))

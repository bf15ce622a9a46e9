"""Return the space of deleted rows to the disk."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, text

from xprojdb.db import Database
from xprojdb.db.driver_errors import translated_errors
from xprojdb.db.live import refuse_live_runs


@dataclass(frozen=True, slots=True)
class VacuumReport:
    """The size of a database in bytes, before and after."""

    before: int
    after: int


def vacuum(database: Database, *, full: bool = False) -> VacuumReport:
    """Make the space of deleted rows available, and update the planner's statistics.

    An SQLite file is rewritten without gaps, which needs as much free disk space again. PostgreSQL keeps the space for
    later rows; only ``full`` rewrites its tables and returns the space to the disk, locking them meanwhile.

    :raises DatabaseError: when another process is writing, or the disk is full.
    :raises RunsAlive: when runs are in progress, which could not write meanwhile.
    """
    with database.read() as looking:
        refuse_live_runs(looking, "rewriting the tables")
    before = _size(database)
    with translated_errors(database.engine), database.engine.connect() as plain:
        # Neither database can vacuum inside a transaction.
        connection = plain.execution_options(isolation_level="AUTOCOMMIT", xprojdb_write=True)
        if connection.dialect.name == "sqlite":
            _vacuum_sqlite(connection)
        else:
            connection.exec_driver_sql("VACUUM (FULL, ANALYZE)" if full else "VACUUM (ANALYZE)")
    return VacuumReport(before, _size(database))


def _vacuum_sqlite(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute("PRAGMA query_only = OFF")
    driver.execute("VACUUM")
    # The new content stays in the write-ahead log until it is checkpointed.
    driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _size(database: Database) -> int:
    with database.read() as connection:
        if connection.dialect.name == "postgresql":
            return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())

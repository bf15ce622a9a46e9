"""Copy a database to another place, between SQLite and PostgreSQL, in either direction.

Rows are read in blocks, written through the bulk layer, and read again: a table is verified when its row count and
checksum match those of the source. Until all tables are, a mark in the target keeps it from being opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Column, Connection, Engine, MetaData, Table, Text, delete, insert, inspect, select, update

from xprojdb.db import Database, bulk, open_database, schema
from xprojdb.db.driver_errors import shown
from xprojdb.db.opening import connect
from xprojdb.db.schema import COPY_MARK
from xprojdb.db.tables import LASTING, lease, run
from xprojdb.errors import DatabaseError, UsageError

#: rows read and written in one transaction
BLOCK = 20_000
_MARK = Table(COPY_MARK, MetaData(), Column("source", Text, nullable=False))
Watch = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Sum:
    """A checksum over the rows of a table: the same for the same rows on either database, in any order.

    :param checksum: the sum of the rows' 128-bit digests, in hexadecimal.
    """

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied and verified in the target, by table."""

    source: str
    target: str
    tables: dict[str, Sum]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def copy_database(source: str | Path, target: str | Path, *, watch: Watch = lambda _table, _rows: None) -> CopyReport:
    """Copy all tables of a database into an empty one, and verify them by row counts and checksums.

    An interrupted copy leaves a target that no command opens; copying again starts over.

    :param target: created if it does not exist; otherwise it must be empty or an interrupted copy.
    :param watch: called after each block with the name of the table and the number of rows written to it.
    :raises UsageError: when both are the same database.
    :raises DatabaseError: when the target has rows, cannot store those of the source, or differs from it afterwards.
    """
    with open_database(source) as opened, _prepared(target, opened) as copy:
        with opened.read() as connection:
            tables = {table.name: _copy_table(connection, copy, table, watch) for table in LASTING}
            highest_keys = _highest_keys(connection)
        for table in LASTING:
            _verify_table(copy, table, tables[table.name])
        with copy.write() as connection:
            _set_keys(connection, highest_keys)
            _end_runs(connection)
            _MARK.drop(connection)
        return CopyReport(opened.url, copy.url, tables)


@contextmanager
def _prepared(target: str | Path, source: Database) -> Iterator[Database]:
    """The target: an empty database with tables and a mark in it."""
    engine = connect(target, create=True)
    try:
        if shown(engine.url) == source.url:
            raise UsageError("source and target are the same database", hint="choose another target", target=source.url)
        _empty(engine)
        database = Database(engine)
        with database.write() as connection:
            _MARK.drop(connection, checkfirst=True)
            _MARK.create(connection)
            connection.execute(insert(_MARK).values(source=source.url))
        yield database
    finally:
        engine.dispose()


def _empty(engine: Engine) -> None:
    state = schema.state(engine)
    if state.foreign:
        raise schema.foreign_error(shown(engine.url), state)
    if state.unfinished:
        schema.downgrade(engine, "base")
    elif state.current is not None:
        _check_no_rows(engine)
    schema.upgrade(engine)


def _check_no_rows(engine: Engine) -> None:
    with Database(engine).read() as connection:
        names = set(inspect(connection).get_table_names())
        for table in LASTING:
            if table.name in names and connection.execute(select(*table.primary_key.columns).limit(1)).first():
                raise DatabaseError(
                    f"{shown(engine.url)} is not empty: the table {table.name} has rows",
                    hint="copy into a new database",
                    url=shown(engine.url),
                    table=table.name,
                )


def _copy_table(connection: Connection, target: Database, table: Table, watch: Watch) -> Sum:
    columns = [column.name for column in table.columns]
    total = Summing()
    # In key order: a sentence comes after the one it was made from.
    for rows in bulk.stream(connection, select(table).order_by(*table.primary_key.columns), BLOCK):
        with _writable(target, table), target.write() as writing:
            bulk.insert(writing, table, columns, rows)
        total.add(rows)
        watch(table.name, total.rows)
    return total.sum()


@contextmanager
def _writable(target: Database, table: Table) -> Iterator[None]:
    try:
        yield
    except target.engine.dialect.loaded_dbapi.DataError as error:
        raise DatabaseError(
            f"{target.url} cannot store a value of the table {table.name}: {' '.join(str(error).split())}",
            hint="change the value in the source and copy again",
            url=target.url,
            table=table.name,
        ) from error


def _verify_table(target: Database, table: Table, expected: Sum) -> None:
    copied = table_sum(target, table)
    if copied != expected:
        raise DatabaseError(
            f"{target.url} differs from the source in {table.name}: {copied.rows:,} rows instead of {expected.rows:,}",
            hint="copy again",
            url=target.url,
            table=table.name,
            expected=expected,
            found=copied,
        )


def table_sum(database: Database, table: Table) -> Sum:
    """Count the rows of a table and compute their checksum, in constant memory."""
    total = Summing()
    with database.read() as connection:
        for rows in bulk.stream(connection, select(table), BLOCK):
            total.add(rows)
    return total.sum()


class Summing:
    """A sum of digests, since databases differ in how they sort text keys."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, rows: list[bulk.Row]) -> None:
        """Count rows in."""
        self.rows += len(rows)
        self._total += sum(
            int.from_bytes(hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest())
            for row in rows
        )

    def sum(self) -> Sum:
        """What is known of the rows that were counted."""
        return Sum(self.rows, f"{self._total % 2**128:032x}")


def _highest_keys(connection: Connection) -> dict[str, int]:
    """The highest key ever used in each table, whether or not its row still exists."""
    return {table.name: bulk.last_id(connection, table) for table in LASTING if "id" in table.columns}


def _set_keys(connection: Connection, highest_keys: Mapping[str, int]) -> None:
    """Make new keys continue after those of the source."""
    for table in LASTING:
        if table.name in highest_keys:
            bulk.raise_id(connection, table, highest_keys[table.name])


def _end_runs(connection: Connection) -> None:
    """Mark runs as ended: those in progress in the source are not in the copy."""
    connection.execute(delete(lease))
    connection.execute(update(run).where(run.c.status == "running").values(status="stopped"))

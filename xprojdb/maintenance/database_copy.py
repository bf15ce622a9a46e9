"""Move a database to another place, between SQLite and PostgreSQL, both ways.

Rows are read in blocks, written through the bulk layer, and read again: a table has arrived when its count and checksum
are those of the source. Until all have, the target carries a mark, and nobody opens it as a database.
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
    """What is known of the rows of a table: the same for the same rows on either database, in whatever order.

    :param checksum: the sum of the rows' 128-bit digests, in hexadecimal.
    """

    rows: int
    checksum: str


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What was copied and found again in the target, by table."""

    source: str
    target: str
    tables: dict[str, Sum]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


def copy_database(source: str | Path, target: str | Path, *, watch: Watch = lambda _table, _rows: None) -> CopyReport:
    """Copy all tables of a database into an empty one, and verify them by row counts and checksums.

    A copy that was interrupted leaves a target that no command opens; copying again begins anew.

    :param target: is made when it is not there; else it has to be empty, or an interrupted copy.
    :param watch: told, after each block, the table and how many rows of it are written.
    :raises UsageError: when both are the same database.
    :raises DatabaseError: when the target holds rows, cannot hold those of the source, or differs from it afterwards.
    """
    with open_database(source) as opened, _prepared(target, opened) as made:
        with opened.read() as connection:
            tables = {table.name: _copy_table(connection, made, table, watch) for table in LASTING}
            given = _given_keys(connection)
        for table in LASTING:
            _verify_table(made, table, tables[table.name])
        with made.write() as connection:
            _set_keys(connection, given)
            _end_runs(connection)
            _MARK.drop(connection)
        return CopyReport(opened.url, made.url, tables)


@contextmanager
def _prepared(target: str | Path, source: Database) -> Iterator[Database]:
    """The target, empty, with tables and a mark in it."""
    engine = connect(target, create=True)
    try:
        if shown(engine.url) == source.url:
            raise UsageError("source and target are the same database", hint="name another", target=source.url)
        _empty(engine)
        made = Database(engine)
        with made.write() as connection:
            _MARK.drop(connection, checkfirst=True)
            _MARK.create(connection)
            connection.execute(insert(_MARK).values(source=source.url))
        yield made
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
        known = set(inspect(connection).get_table_names())
        for table in LASTING:
            if table.name in known and connection.execute(select(*table.primary_key.columns).limit(1)).first():
                raise DatabaseError(
                    f"{shown(engine.url)} is not empty: there are rows in {table.name}",
                    hint="copy into a new database",
                    url=shown(engine.url),
                    table=table.name,
                )


def _copy_table(connection: Connection, target: Database, table: Table, watch: Watch) -> Sum:
    columns = [column.name for column in table.columns]
    total = _Summing()
    # In the order of the key: a sentence after the one it was made from.
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
            f"{target.url} cannot hold a value of the table {table.name}: {' '.join(str(error).split())}",
            hint="change the value in the source and copy again",
            url=target.url,
            table=table.name,
        ) from error


def _verify_table(target: Database, table: Table, expected: Sum) -> None:
    found = table_sum(target, table)
    if found != expected:
        raise DatabaseError(
            f"{target.url} has other rows in {table.name} than the source: {found.rows:,} and {expected.rows:,}",
            hint="copy again",
            url=target.url,
            table=table.name,
            expected=expected,
            found=found,
        )


def table_sum(database: Database, table: Table) -> Sum:
    """Count the rows of a table and sum them up, in constant memory."""
    total = _Summing()
    with database.read() as connection:
        for rows in bulk.stream(connection, select(table), BLOCK):
            total.add(rows)
    return total.sum()


class _Summing:
    """A sum of digests: two databases give rows in different orders, where keys are texts."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, rows: list[bulk.Row]) -> None:
        self.rows += len(rows)
        self._total += sum(
            int.from_bytes(hashlib.blake2b(repr(row).encode("utf-8", "surrogatepass"), digest_size=16).digest())
            for row in rows
        )

    def sum(self) -> Sum:
        return Sum(self.rows, f"{self._total % 2**128:032x}")


def _given_keys(connection: Connection) -> dict[str, int]:
    """The highest key that each table has ever given, whether its row is still there or not."""
    return {table.name: bulk.last_id(connection, table) for table in LASTING if "id" in table.columns}


def _set_keys(connection: Connection, given: Mapping[str, int]) -> None:
    """Let the next keys follow those of the source."""
    for table in LASTING:
        if table.name in given:
            bulk.raise_id(connection, table, given[table.name])


def _end_runs(connection: Connection) -> None:
    """What runs in the source does not run in the copy."""
    connection.execute(delete(lease))
    connection.execute(update(run).where(run.c.status == "running").values(status="stopped"))

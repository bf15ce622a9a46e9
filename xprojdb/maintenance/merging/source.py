"""Make the tables of a database to merge readable on the connection that writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, MetaData, Table, select

from xprojdb.db import Database, bulk, open_database, sqlite
from xprojdb.db.driver_errors import shown
from xprojdb.db.live import live_runs
from xprojdb.db.opening import connect, parse_address
from xprojdb.db.sqlite import ATTACHED
from xprojdb.db.tables import LASTING, corpus
from xprojdb.errors import DatabaseError, RunsAlive, UsageError
from xprojdb.maintenance.database_copy import BLOCK, Summing
from xprojdb.steps.vanished import DELETING


class Source(NamedTuple):
    """A database to merge.

    :param url: its address, for messages.
    :param prefix: prefix of its table names on the connection that writes.
    """

    url: str
    prefix: str

    def name(self, table: str) -> str:
        """The name of one of its tables in queries."""
        return f"{self.prefix}{table}"


def check_source(address: str | Path, target: Engine) -> None:
    """Refuse a source that cannot be merged.

    :raises UsageError: when it is the target itself.
    :raises RunsAlive: when a run is in progress there.
    :raises DatabaseError: when it cannot be opened, or one of its corpora is being deleted.
    """
    with open_database(address) as source:
        if _is_same(source.engine, target):
            raise UsageError(
                f"{source.url} cannot be merged into itself", hint="name another database", target=source.url
            )
        with source.read() as connection:
            if alive := live_runs(connection):
                raise RunsAlive(
                    f"{source.url} is being worked on: {', '.join(run.description for run in alive)}",
                    hint="merge it when the run has ended",
                    runs=tuple(alive),
                )
            names = connection.execute(select(corpus.c.name).where(corpus.c.name.endswith(DELETING))).scalars().all()
        if names:
            name = names[0].removesuffix(DELETING)
            raise DatabaseError(
                f"the corpus {name} of {source.url} is being deleted",
                hint=f"xprojdb --db {source.url} corpus delete {name} --yes",
                corpus=name,
                url=source.url,
            )


def _is_same(one: Engine, other: Engine) -> bool:
    files = [sqlite.file_of(engine.url) if engine.dialect.name == "sqlite" else None for engine in (one, other)]
    if all(path is not None and path.exists() for path in files):
        assert files[0] is not None
        return files[0].samefile(files[1] or "")
    return shown(one.url) == shown(other.url)


@contextmanager
def opened(target: str | Path, address: str | Path) -> Iterator[tuple[Connection, Source]]:
    """A write transaction on the target in which the tables of a source can be read.

    An SQLite file is read in place by an SQLite target; otherwise its rows are brought into temporary tables first, and
    read again to see that they are the same.
    """
    path = _in_place(target, address)
    engine = connect(target) if path is None else sqlite.make_engine(parse_address(target), create=False, attached=path)
    database = Database(engine, checked=True)
    try:
        with database.write() as connection:
            if path is not None:
                yield connection, Source(str(address), f"{ATTACHED}.")
            else:
                with open_database(address) as source, source.read() as reading:
                    yield connection, _staged(connection, reading, source.url)
    finally:
        engine.dispose()


def _in_place(target: str | Path, address: str | Path) -> Path | None:
    urls = [parse_address(address_or_path) for address_or_path in (target, address)]
    if any(url.get_backend_name() != "sqlite" for url in urls):
        return None
    path = sqlite.file_of(urls[1])
    return path if path is not None and not sqlite.on_read_only_disk(path) else None


def _staged(connection: Connection, reading: Connection, url: str) -> Source:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA temp_store = FILE")
    for table in LASTING:
        _stage(connection, reading, table)
    return Source(url, "merged_")


def _stage(connection: Connection, reading: Connection, table: Table) -> None:
    name, columns = f"merged_{table.name}", [column.name for column in table.columns]
    connection.exec_driver_sql(f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM {table.name} LIMIT 0")
    expected, copied_sum = Summing(), Summing()
    for rows in bulk.stream(reading, select(table), BLOCK):
        bulk.fill(connection, name, columns, rows)
        expected.add(rows)
    copied: Any = table.to_metadata(MetaData(), name=name)
    for rows in bulk.stream(connection, select(*(copied.c[column] for column in columns)), BLOCK):
        copied_sum.add(rows)
    if copied_sum.sum() != expected.sum():
        raise DatabaseError(
            f"the rows of {table.name} are others when they are read again",
            hint="merge again; if it happens again, check the disks of both machines",
            table=table.name,
            expected=expected.sum(),
            found=copied_sum.sum(),
        )
    first = next(iter(table.primary_key.columns)).name
    connection.exec_driver_sql(f"CREATE INDEX ix_{name} ON {name} ({first})")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {name}")

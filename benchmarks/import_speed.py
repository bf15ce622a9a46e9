"""How fast a CoNLL file is imported: sentences a second of processor time, beside less work on the same sentences.

    python benchmarks/import_speed.py [SENTENCES] [--db POSTGRESQL_URL]

"rows only" writes the same rows with bare ``executemany``, with the same keys and indices, and neither reads a file nor
checks anything: what the database alone takes. The peak of memory is that of the import, above what it started with.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from read_conll import LAYOUTS, make_file

from xprojdb.db import Database, open_database
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.readers import read_conll

TABLES = ("run", "step", "corpus", "source_file", "sentence", "entity", "outcome")


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of processor time and of the clock."""
    clock, start = time.perf_counter(), time.process_time()
    work()
    return time.process_time() - start, time.perf_counter() - clock


def rows_only(filled: Path, empty: Path) -> tuple[float, float]:
    """Copy the rows of an import into a second database: the reading is not measured."""
    with sqlite3.connect(filled) as source:
        tables = {name: source.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in TABLES}
    open_database(empty, create=True).close()
    with sqlite3.connect(empty) as target:
        for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON", "cache_size = -65536"):
            target.execute(f"PRAGMA {pragma}")
        return measured(lambda: write(target, tables))


def write(target: sqlite3.Connection, tables: dict[str, list[tuple[object, ...]]]) -> None:
    """Insert all rows in one transaction."""
    for name, rows in tables.items():
        marks = ",".join("?" * len(rows[0]))
        target.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    target.commit()


def report(name: str, count: int, seconds: tuple[float, float], base: float) -> None:
    """Print one line of the table."""
    print(f"{name:<24} {count / seconds[0]:>16,.0f} {count / seconds[1]:>16,.0f} {base / seconds[0]:>8.2f}")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sentences", nargs="?", type=int, default=60_000)
    parser.add_argument("--db", help="an empty PostgreSQL database, which is filled")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.conll"
        make_file(path, LAYOUTS["two columns, tabs"], args.sentences)
        run(path, args.sentences, args.db or str(Path(folder) / "x.db"), Path(folder))


def run(path: Path, count: int, address: str, folder: Path) -> None:
    """Measure and print."""
    print(f"{'':<24} {'sentences/CPU s':>16} {'sentences/s':>16} {'ratio':>8}")
    read = measured(lambda: sum(1 for _ in read_conll(path)))
    with open_database(address, create=True) as database:
        before = peak()
        first = measured(lambda: load(database, path, "first"))
        grown = peak() - before
        again = measured(lambda: load(database, path, "first"))
    report("import", count, first, first[0])
    report("read the file only", count, read, first[0])
    if "://" not in address:
        report("rows only", count, rows_only(Path(address), folder / "y.db"), first[0])
    report("import again", count, again, first[0])
    print(f"memory of the import: {grown:.0f} MiB above the {before:.0f} MiB of its start")


def load(database: Database, path: Path, name: str) -> None:
    """Import a file as a corpus of its own."""
    import_files(database, CorpusInfo(name), [corpus_file(path, "en")])


def peak() -> float:
    """The most memory this process has had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()

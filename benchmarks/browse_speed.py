"""What pages cost on a large database: ``python benchmarks/browse_speed.py DEMO.db [--copies 1600] [--visits 1000]``.

DEMO.db is that of ``xprojdb demo``. Its rows are repeated under new keys: 1 600 copies are a million sentences. Figures
are the processor time of this process for one request, the server's whole way from the address to the HTML; and for the
queries of docs/questions.md on the view of final labels, until their last row. ``--keep FILE`` keeps the large
database, and uses it again.
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sqlite3
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlalchemy import text
from starlette.testclient import TestClient

from xprojdb.browse.app import make_app
from xprojdb.browse.security import Doorkeeper
from xprojdb.db import Database, open_database

#: what is added to a key, for each copy
STRIDE = 10_000
#: the columns of each table that hold keys of sentences and translations
KEYS = {
    "sentence": ("id",),
    "translation": ("id", "original_id", "rendering_id"),
    "entity": ("sentence_id",),
    "alignment": ("translation_id",),
    "candidate": ("translation_id",),
    "label": ("sentence_id", "translation_id"),
    "outcome": ("item_id",),
    "vote": ("sentence_id", "translation_id"),
}
PAGES = {
    "first list": "/",
    "list, a recipe": "/?recipe=demo&lang=de",
    "list, a label and a margin": "/?recipe=demo&label=ORG&margin_to=0.1",
    "list, rare words": "/?text=Eldoret&lang=sw",
    "list, words that are nowhere": "/?text=zzzzz",
    "list, the least certain (first)": "/?recipe=demo&order=margin",
    "list, the least certain (then)": "/?recipe=demo&order=margin&after=50",
    "sentence": "/sentence/demo/de/test-8-800?recipe=demo",
    "comparison": "/compare?first=demo&second=strict",
    "overview (first)": "/overview",
    "overview (then)": "/overview",
    "runs": "/runs",
}
#: pages are limited by the clock, which stops them on a machine that is busy with something else
TRIES = 20
QUERIES = {
    "v_final, labels of a sentence": "SELECT text, label, score FROM v_final WHERE recipe = 'demo' AND corpus = 'demo' "
    "AND lang = 'sw' AND external_id = 'test-2-800'",
    "v_final, 50 labels below a margin": "SELECT sentence, text, label, margin FROM v_final WHERE recipe = 'demo' AND "
    "margin < 0.01 ORDER BY margin LIMIT 50",
}


def grow(path: Path, copies: int) -> None:
    """Repeat the rows of a database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("BEGIN")
        for table, keys in KEYS.items():
            names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
            columns = ", ".join(_moved(table, name, keys) for name in names)
            numbers = f"WITH RECURSIVE n (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < {copies - 1})"
            connection.execute(f"{numbers} INSERT INTO {table} SELECT {columns} FROM n, {table}")
        connection.execute("UPDATE data_version SET number = number + 1")
        connection.execute("COMMIT")


def _moved(table: str, name: str, keys: tuple[str, ...]) -> str:
    if name in keys:
        # 0 stands for several translations.
        return f"CASE WHEN {name} = 0 THEN 0 ELSE {name} + k * {STRIDE} END"
    return "external_id || '-' || k" if (table, name) == ("sentence", "external_id") else f"{table}.{name}"


def measure(client: TestClient, visits: int) -> Iterator[tuple[str, float, float, int]]:
    """Title, processor and clock milliseconds, and kilobytes of each page; then of sentences visited in a row."""
    for title, address in PAGES.items():
        yield (title, *_visit(client, address))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    values = [
        _visit(client, f"/sentence/demo/de/test-{n % 40 + 1}-{n % 1500 + 1}?recipe=demo")[:2] for n in range(visits)
    ]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = (statistics.median(column) for column in zip(*values, strict=True))
    yield f"{visits} sentences in a row, each", cpu, wall, 0
    print(f"peak of memory: {before / 1024:.0f} MiB before these, {after / 1024:.0f} MiB after")


def ask(database: Database) -> Iterator[tuple[str, float, float, int]]:
    """Title, processor and clock milliseconds, and rows of each query; the least of five times."""
    for title, query in QUERIES.items():
        taken = []
        for _ in range(5):
            cpu, wall = time.process_time(), time.perf_counter()
            with database.read() as connection:
                rows = len(connection.execute(text(query)).all())
            taken.append((1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall)))
        yield title, *min(taken), rows


def _visit(client: TestClient, address: str) -> tuple[float, float, int]:
    for _ in range(TRIES):
        cpu, wall = time.process_time(), time.perf_counter()
        answer = client.get(address)
        if answer.status_code != 503:
            break
    if answer.status_code not in (200, 404):
        raise SystemExit(f"{address}: {answer.status_code}")
    return 1000 * (time.process_time() - cpu), 1000 * (time.perf_counter() - wall), len(answer.content) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--copies", type=int, default=1600)
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "large.db"
        if not path.exists():
            shutil.copyfile(asked.database, path)
            grow(path, asked.copies)
        with open_database(path) as database:
            doorkeeper = Doorkeeper(8765)
            client = TestClient(make_app(database, doorkeeper), base_url="http://127.0.0.1:8765")
            client.get(doorkeeper.address())
            print(f"{path.stat().st_size / 1e9:.1f} GB")
            for title, cpu, wall, size in measure(client, asked.visits):
                print(f"{title:<36} {cpu:8.1f} ms CPU {wall:8.1f} ms {size:6} KB")
            for title, cpu, wall, rows in ask(database):
                print(f"{title:<36} {cpu:8.1f} ms CPU {wall:8.1f} ms {rows:6} rows")


if __name__ == "__main__":
    main()

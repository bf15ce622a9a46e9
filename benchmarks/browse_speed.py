"""What pages cost on a large database, beside Datasette:
``python benchmarks/browse_speed.py DEMO.db [--datasette COMMAND] [--copies 1600] [--visits 1000]``.

DEMO.db is that of ``xprojdb demo``. A stricter recipe and one of several sources are run on a copy, and its rows are
repeated under new keys: 1 600 copies are a million sentences. Both servers are processes of their own that answer over
HTTP; figures are the processor time of the process for one request, and of its start. ``--datasette`` names the command
of an installation of Datasette, which answers what comes closest on the same file; without it, its column is empty.
Then the queries of docs/questions.md on the view of final labels, until their last row, in this process.
``--keep FILE`` keeps the large database, and uses it again.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import plan_recipe

HEAD = 'corpora = ["demo"]\n'
RECIPES = (
    f'name = "strict"\n{HEAD}source = ["en"]\ntarget = ["de", "es", "sw"]\n[project]\nmin_score = 0.6\n',
    f'name = "multi"\n{HEAD}source = ["en", "es", "de"]\ntarget = ["sw"]\n'
    '[combine]\nmethod = "weighted"\nweights = "agreement"\n',
)
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
LABELS = "label?_facet=label&_size=50"
#: title, address, and the address of a Datasette that comes closest
PAGES: tuple[tuple[str, str, str], ...] = (
    ("overview, not yet counted", "/overview", ""),
    ("first list", "/", "sentence?_facet=lang&_facet=split&_size=50"),
    ("first list again", "/", "sentence?_facet=lang&_facet=split&_size=50"),
    ("list of a recipe and a language", "/?recipe=demo&lang=de", "sentence?lang=de&_facet=split&_size=50"),
    ("its tenth page", "/?recipe=demo&lang=de&after=150552", "sentence?lang=de&_next=150552&_size=50"),
    ("a label below a margin", "/?recipe=demo&label=ORG&margin_to=0.1", f"{LABELS}&label=ORG&margin__lte=0.1"),
    ("voters who disagree", "/?recipe=multi&divided=yes", ""),
    ("sentences without labels", "/?recipe=demo&outcome=empty", "outcome?status=empty&_facet=reason&_size=50"),
    ("failed ones, of which there are none", "/?recipe=demo&outcome=failed", "outcome?status=failed&_size=50"),
    ("reviewed ones, of which there are none", "/?recipe=demo&reviewed=yes", ""),
    ("rare words", "/?text=Eldoret&lang=sw", "sentence?words__contains=Eldoret&lang=sw&_size=50"),
    ("words that are nowhere", "/?text=zzzzz", "sentence?words__contains=zzzzz&_size=50"),
    ("smallest margins first", "/?recipe=demo&order=margin", f"{LABELS}&_sort=margin"),
    ("its second page", "/?recipe=demo&order=margin&after=50", ""),
    ("smallest scores first", "/?recipe=demo&order=score", f"{LABELS}&_sort=score"),
    ("a sentence of one source", "/sentence/demo/de/test-8-800?recipe=demo", "sentence/8000552"),
    ("a sentence of three sources", "/sentence/demo/sw/test-8-801?recipe=multi", "sentence/8010616"),
    ("a comparison of two recipes", "/compare?first=demo&second=multi", ""),
    ("overview", "/overview", ""),
    ("runs", "/runs", "run?_size=50"),
)
#: how often a page is asked for until it has all of its content, a second apart
TRIES = 20
QUERIES = {
    "labels of a sentence": "SELECT text, label, score FROM v_final WHERE recipe = 'demo' AND corpus = 'demo' "
    "AND lang = 'sw' AND external_id = 'test-2-800'",
    "50 labels below a margin": "SELECT sentence, text, label, margin FROM v_final WHERE recipe = 'demo' AND "
    "margin < 0.01 ORDER BY margin LIMIT 50",
}
XPROJDB = Path(sys.executable).with_name("xprojdb")


class Visit(NamedTuple):
    """Processor milliseconds of a request, kilobytes of its answer, and the answer."""

    cpu: float
    size: float
    body: str


class Server:
    """A process that answers requests."""

    def __init__(self, process: subprocess.Popen[str], client: httpx.Client) -> None:
        self.process, self.client = process, client

    def visit(self, address: str) -> Visit:
        before = self.cpu()
        answer = self.client.get(address)
        if answer.status_code not in (200, 404):
            return Visit(float("nan"), 0, f"{answer.status_code}")
        return Visit(self.cpu() - before, len(answer.content) / 1024, answer.text)

    def cpu(self) -> float:
        """Processor milliseconds of all of its threads until now."""
        # The clock of another process, as clock_getcpuclockid(3) names it.
        return 1000 * time.clock_gettime((~self.process.pid << 3) | 2)

    def memory(self) -> float:
        """Megabytes that it holds now."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20

    def idle(self) -> float:
        """Wait until it does nothing; returns the processor milliseconds that it took until then."""
        start = last = self.cpu()
        while True:
            time.sleep(0.5)
            now = self.cpu()
            if now - last < 5:
                return now - start
            last = now


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


def prepare(demo: Path, path: Path, copies: int) -> None:
    """Run the recipes on a copy of a database, and repeat its rows."""
    shutil.copyfile(demo, path)
    with open_database(path) as database:
        for recipe in RECIPES:
            run_plan(database, plan_recipe(database, parse_recipe(recipe)))
    grow(path, copies)


@contextmanager
def browsed(path: Path) -> Iterator[Server]:
    """``xprojdb browse`` in a process of its own, and a client that was let in."""
    command = [str(XPROJDB), "--db", str(path), "browse", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert process.stdout is not None
        address = next(word for word in process.stdout.readline().split() if word.startswith("http://"))
        with httpx.Client(base_url=address.partition("/enter")[0], timeout=120) as client:
            client.get(address)
            yield Server(process, client)
    finally:
        process.kill()
        process.wait()


@contextmanager
def datasette(command: str, path: Path) -> Iterator[Server]:
    """A Datasette on the same file, with a limit of 20 seconds a query instead of one."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    limits = ["--setting", "sql_time_limit_ms", "20000", "--setting", "facet_time_limit_ms", "20000"]
    process = subprocess.Popen(
        [command, str(path), "--port", str(port), *limits],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=120) as client:
            for _ in range(200):
                try:
                    client.get("/-/versions.json")
                    break
                except httpx.TransportError:
                    time.sleep(0.1)
            yield Server(process, client)
    finally:
        process.kill()
        process.wait()


def measure(server: Server) -> Iterator[tuple[str, str]]:
    """The title of each page and what it cost."""
    server.idle()
    yield "start of the process", f"{server.cpu():.0f} ms"
    for title, address, _ in PAGES:
        visit = server.visit(address)
        cost = f"{visit.cpu:.0f} ms, {visit.size:.0f} KB"
        # All rows are counted after the first two pages.
        later = server.idle() if "not yet" not in title else 0.0
        if later and ("data-again" in visit.body or "all are being counted" in visit.body):
            visit = server.visit(address)
            cost += f"; {later / 1000:.1f} s in the background; then {visit.cpu:.0f} ms"
        yield title, cost


def beside(server: Server) -> Mapping[str, str]:
    """The same of a Datasette."""
    costs = {"start of the process": f"{server.cpu():.0f} ms"}
    name = urllib.parse.quote(server.client.get("/-/databases.json").json()[0]["name"])
    for title, _, address in PAGES:
        if address:
            visit = server.visit(f"/{name}/{address}")
            costs[title] = f"{visit.cpu:.0f} ms, {visit.size:.0f} KB"
    return costs


def visit_in_a_row(server: Server, visits: int, copies: int) -> str:
    """Many sentences and lists, one after another."""
    lists = [f"/?recipe=demo&after={STRIDE * n}" for n in range(copies)]
    sentences = [f"/sentence/demo/de/test-{n % 40 + 1}-{n % (copies - 1) + 1}?recipe=demo" for n in range(visits)]
    memory, taken = [server.memory()], []
    for n, address in enumerate(sentences):
        taken.append(server.visit(lists[n % copies] if n % 4 == 3 else address).cpu)
        if (n + 1) % max(visits // 4, 1) == 0:
            memory.append(server.memory())
    held = ", ".join(f"{megabytes:.0f}" for megabytes in memory)
    return (
        f"{visits} pages in a row: median {statistics.median(taken):.0f} ms, 99 % below "
        f"{statistics.quantiles(taken, n=100)[-1]:.0f} ms, at most {max(taken):.0f} ms; MiB held before and after each "
        f"quarter: {held}"
    )


def ask(database: Database) -> Iterator[tuple[str, str]]:
    """Title and cost of each query; the least of five times."""
    for title, query in QUERIES.items():
        taken = []
        for _ in range(5):
            start = time.process_time()
            with database.read() as connection:
                rows = len(connection.execute(text(query)).all())
            taken.append(1000 * (time.process_time() - start))
        yield title, f"{min(taken):.1f} ms, {rows} rows"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("database", type=Path)
    parser.add_argument("--datasette", metavar="COMMAND", help="the path of the program datasette")
    parser.add_argument("--copies", type=int, default=1600)
    parser.add_argument("--visits", type=int, default=1000)
    parser.add_argument("--keep", type=Path)
    asked = parser.parse_args()
    if asked.datasette and shutil.which(asked.datasette) is None:
        parser.error(f"there is no program {asked.datasette}: pip install datasette into an environment of its own")
    console = Console(width=150)
    with tempfile.TemporaryDirectory() as folder:
        path = asked.keep or Path(folder) / "large.db"
        if not path.exists():
            prepare(asked.database, path, asked.copies)
        with closing(sqlite3.connect(path)) as connection:
            sentences, labels = (
                connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("sentence", "label")
            )
        console.print(f"{sentences:,} sentences, {labels:,} labels, {path.stat().st_size / 1e9:.1f} GB")
        other: Mapping[str, str] = {}
        if asked.datasette:
            with datasette(asked.datasette, path) as server:
                other = beside(server)
        else:
            console.print("Datasette was not measured: --datasette names its program")
        table = Table("page", "xprojdb browse", "datasette", title="processor time of the server")
        with browsed(path) as server:
            for title, cost in measure(server):
                table.add_row(title, cost, other.get(title, "–"))
            console.print(table)
            console.print(visit_in_a_row(server, asked.visits, asked.copies))
        with open_database(path) as database:
            for title, cost in ask(database):
                console.print(f"v_final, {title}: {cost}")


if __name__ == "__main__":
    main()

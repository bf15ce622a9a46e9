"""Let commands race on SQLite and PostgreSQL: ``python benchmarks/races.py --races 50 [--seed N] [--only run]``.

Two commands at a time begin in processes of their own, some tenths of a second apart at most, in small transactions.
What was refused is done again; then the database has to say what it says after one command and then the other, in
either order, and ``verify`` finds nothing; no command may end in a traceback. Every pair of commands comes up before
one comes up again. ``--workers`` and ``--ray`` add races of runs on worker processes and Ray actors. Exits with 1 when
a race goes wrong.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations_with_replacement, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from fault_places import PostgresServer, postgres_server
from loopback_hub import loopback_hub
from racing import APART, CHEAP, COMMANDS, Clone, Course, Server, lay_out, sqlite_clones, write_course

from xprojdb.db import open_database, schema

Pair = tuple[str, str]


def make_older(address: str) -> None:
    """Take a database to the schema before this one."""
    with open_database(address) as database:
        schema.downgrade(database.engine, schema.revisions()[-2])


@contextmanager
def on_sqlite(server: Server, files: Path) -> Iterator[Course]:
    """Races on SQLite files."""
    states = {name: str(files / f"{name}.db") for name in ("base", "older")}
    open_database(states["base"], create=True).close()
    lay_out(server, states["base"], files)
    shutil.copyfile(states["base"], states["older"])
    make_older(states["older"])
    with sqlite_clones(states) as clone:
        yield Course(server, clone, files)


@contextmanager
def on_postgresql(server: Server, files: Path) -> Iterator[Course]:
    """Races on a PostgreSQL server of our own."""
    with postgres_server() as place:
        place.restore(None)
        open_database(place.address, create=True).close()
        lay_out(server, place.address, files)
        place.save("base")
        make_older(place.address)
        place.save("older")
        yield Course(server, clones_of(place), files)


def clones_of(place: PostgresServer) -> Clone:
    """The one database of the server, put back to a state."""

    @contextmanager
    def clone(state: str) -> Iterator[str]:
        place.restore(state)
        yield place.address

    return clone


def pairs_of(only: str | None, draw: random.Random) -> Iterator[Pair]:
    """Every pair of commands, in random order, again and again; without a name, of those that are cheap."""
    names = CHEAP if only is None else COMMANDS
    every = [pair for pair in combinations_with_replacement(names, 2) if only is None or only in pair]
    while True:
        yield from draw.sample(every, len(every))


def race(name: str, course: Course, pairs: Sequence[Pair], draw: random.Random) -> list[str]:
    """Let pairs race and print their table; returns what went wrong."""
    begun, seen, wrong = time.perf_counter(), Counter[str](), []
    for pair in pairs:
        delay = draw.uniform(-APART, APART)
        seen.update(set(pair))
        found = [f"{name}, {pair}, {delay:.3f} s: {entry}" for entry in course.race(*pair, delay)]
        print(*found, sep="\n", end="\n" if found else "", flush=True)
        wrong += found
    shown = Table("command", "races on " + name, title=None, box=None)
    for command, count in seen.most_common():
        shown.add_row(command, str(count))
    Console().print(shown)
    print(f"{name}: {len(pairs)} races, {len(wrong)} went wrong, {time.perf_counter() - begun:.0f} s", flush=True)
    return wrong


def main() -> None:
    """Race on both databases."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--races", type=int, default=50, help="per database")
    parser.add_argument("--workers", type=int, default=0, help="further ones, with a run on two worker processes")
    parser.add_argument("--ray", type=int, default=0, help="further ones, with a run on two Ray actors")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=COMMANDS, help="pairs with this command")
    parser.add_argument("--database", choices=("SQLite", "PostgreSQL"), help="on this one alone")
    args = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder, loopback_hub() as hub:
        files = Path(folder)
        write_course(files)
        server = Server({**os.environ, **hub.environment(str(files / "hf")), "OMP_NUM_THREADS": "1"})
        for name, lay in (("SQLite", on_sqlite), ("PostgreSQL", on_postgresql)):
            if args.database in (None, name):
                draw = random.Random(args.seed)
                pairs = list(islice(pairs_of(args.only, draw), args.races))
                pairs += islice(pairs_of("run, 2 workers", draw), args.workers)
                pairs += islice(pairs_of("run, Ray", draw), args.ray)
                with lay(server, files) as course:
                    wrong += race(name, course, pairs, draw)
        server.close()
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()

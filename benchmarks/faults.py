"""Harm real commands at random moments and go on: ``python benchmarks/faults.py --kills 200 --restarts 12 --disks 12``.

``import``, ``run`` and ``export`` are struck in processes of their own, on SQLite and PostgreSQL: killed with SIGKILL,
cut off by a PostgreSQL server that crashes and restarts, or out of space on a small disk. After a few blows each
command is run again until it is done. Then every row of every table and every exported byte must be those of commands
that nothing disturbed, the records of runs aside; and a command that was not killed must have said in one line what
happened. Exits with 1 when one is not so.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fault_places import Place, PostgresServer, SqliteFile, make_room, postgres_server, small_disk
from fault_rows import Contents, contents, differing
from generated import write_sentences
from rich.console import Console
from rich.table import Table

XPROJDB = Path(sys.executable).with_name("xprojdb")
RECIPE = """
name = "struck"
corpora = ["generated"]
source = ["en"]
target = ["de"]

[align]
aligner = "equal_words"
words = "all"

[[scorer]]
[[scorer]]
candidates = "ngram"
weight = 0.5
"""
#: command → the state that it begins from
COMMANDS = {"import": None, "run": "import", "export": "run"}
#: blows in a row, at most, before a command is let go on to its end
_IN_A_ROW = 5
#: blows that may miss for one that hits
_MISSES = 10

Child = subprocess.Popen[str]


@dataclass
class Scene:
    """What the commands are given, and what they make when nothing disturbs them."""

    folder: Path
    sides: list[str]
    expected: dict[str, Contents] = field(default_factory=dict)

    @property
    def exported(self) -> Path:
        return self.folder / "exported"

    def start(self, address: str, command: str) -> Child:
        """Begin a command in a process of its own."""
        arguments = {
            "import": ["import", "parallel", *self.sides, "--corpus", "generated"],
            "run": ["run", str(self.folder / "recipe.toml")],
            "export": ["export", "conll", str(self.exported)],
        }[command]
        return subprocess.Popen(
            [str(XPROJDB), "--db", address, *arguments],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def finish(self, address: str, command: str) -> float:
        """Let a command end in peace; returns its seconds."""
        began = time.monotonic()
        child = self.start(address, command)
        _, errors = child.communicate()
        if child.returncode != 0:
            raise failed(child, errors)
        return time.monotonic() - began

    def clear(self) -> None:
        """Delete what was exported, and what is left of exports that were killed."""
        for path in self.exported.glob("*"):
            path.unlink()

    def check(self, address: str, command: str) -> set[str]:
        """Which tables differ from those that the command should have made."""
        return differing(contents(address, self.exported), self.expected[command])


@dataclass
class Tally:
    """What became of the blows to one command on one database."""

    fault: str
    place: str
    command: str
    hits: int = 0
    ended: int = 0
    checked: int = 0
    different: set[str] = field(default_factory=set)

    def row(self) -> list[str]:
        message = "no: " + ", ".join(sorted(self.different)) if self.different else "yes"
        counts = (self.hits, self.ended, self.checked)
        return [self.fault, self.place, self.command, *map(str, counts), message]


#: strikes a child; returns whether that hit it, and whether it ended by it
Strike = Callable[[Child, float], tuple[bool, bool]]


def undisturbed(scene: Scene, place: Place) -> dict[str, float]:
    """Let all commands end in peace and keep each state; returns their seconds."""
    scene.clear()
    place.restore(None)
    seconds = {}
    for command in COMMANDS:
        seconds[command] = scene.finish(place.address, command)
        place.save(command)
        scene.expected.setdefault(command, contents(place.address, scene.exported))
        if wrong := scene.check(place.address, command):
            raise SystemExit(f"{command} on {place.name} makes other rows than on SQLite: {', '.join(sorted(wrong))}")
    return seconds


def strike_often(
    scene: Scene,
    place: Place,
    tally: Tally,
    count: int,
    moment: Callable[[float], float],
    longest: float,
    strike: Strike,
) -> None:
    """Strike a command until that hit it so often; after some blows in a row it may go on to its end.

    :param moment: chooses when to strike, in seconds from the command's beginning, of so many at most.
    :param longest: seconds that the command took.
    """
    for _ in range(count * _MISSES):
        if tally.hits == count:
            return
        scene.clear()
        place.restore(COMMANDS[tally.command])
        for _ in range(min(_IN_A_ROW, count - tally.hits)):
            after = moment(longest)
            hit, ended = strike(scene.start(place.address, tally.command), after)
            tally.hits += hit
            tally.ended += ended
            if not hit:
                # It is faster than it was, and later blows would miss it too.
                longest = after
                break
        scene.finish(place.address, tally.command)
        tally.different |= scene.check(place.address, tally.command)
        tally.checked += 1
    raise SystemExit(f"{count * _MISSES} blows did not hit {tally.command} {count} times")


def kill(child: Child, after: float) -> tuple[bool, bool]:
    """SIGKILL."""
    time.sleep(after)
    child.kill()
    _, errors = child.communicate()
    if child.returncode not in (0, -signal.SIGKILL):
        raise failed(child, errors)
    return child.returncode != 0, child.returncode != 0


def crash_server(server: PostgresServer, child: Child, after: float) -> tuple[bool, bool]:
    """Crash the server under it and start it again at once."""
    time.sleep(after)
    hit = child.poll() is None
    server.crash()
    return hit, gave_up(child)


def gave_up(child: Child) -> bool:
    """Whether a child ends with one line of what happened, and not well; anything else is a fault of ours."""
    _, errors = child.communicate(timeout=300)
    if child.returncode != 0 and (child.returncode != 1 or errors.count("Error: ") != 1 or "Traceback" in errors):
        raise failed(child, errors)
    return child.returncode != 0


def failed(child: Child, errors: str) -> SystemExit:
    return SystemExit(f"{child.args!r} ended with exit code {child.returncode}: {errors}")


def fill_disks(scene: Scene, count: int, chance: random.Random) -> list[Tally]:
    """Let the disk of an SQLite file be full in mid-import and in mid-run, then let it grow and go on."""
    base = SqliteFile(scene.folder)
    sizes = {state: (scene.folder / f"{state}.db").stat().st_size // 1024 for state in ("import", "run")}
    tallies = []
    for command, least, most in (("import", 300, sizes["import"]), ("run", sizes["import"] + 64, sizes["run"])):
        tally = Tally("full disk", "SQLite", command)
        while tally.hits < count and tally.checked < count * _MISSES:
            base.restore(COMMANDS[command])
            with small_disk(scene.folder / "disk", round(chance.uniform(least, most))) as disk:
                _fill(scene, base, disk, tally)
        tallies.append(tally)
    return tallies


def _fill(scene: Scene, base: SqliteFile, disk: Path, tally: Tally) -> None:
    scene.clear()
    address = str(disk / "small.db")
    if base.path.exists():
        (disk / "small.db").write_bytes(base.path.read_bytes())
    full = gave_up(scene.start(address, tally.command))
    tally.hits += full
    tally.ended += full
    make_room(disk)
    scene.finish(address, tally.command)
    tally.different |= scene.check(address, tally.command)
    tally.checked += 1


def strike_place(scene: Scene, place: Place, kills: int, restarts: int, chance: random.Random) -> list[Tally]:
    """Strike every command on one database, so often each."""
    seconds = undisturbed(scene, place)
    faults: list[tuple[str, int, Strike]] = [("kill -9", kills, kill)]
    if isinstance(place, PostgresServer):
        faults.append(("server restart", restarts, partial(crash_server, place)))
    tallies = []
    for name, count, strike in faults:
        for command in COMMANDS if count else ():
            tallies.append(Tally(name, place.name, command))
            moment = partial(chance.uniform, 0)
            strike_often(scene, place, tallies[-1], count, moment, seconds[command], strike)
            print(*tallies[-1].row(), sep=", ", file=sys.stderr)
    return tallies


def harm(scene: Scene, options: argparse.Namespace) -> list[Tally]:
    """All that was asked for."""
    chance = random.Random(options.seed)
    tallies = []
    with ExitStack() as servers:
        places: list[Place] = [SqliteFile(scene.folder)]
        if options.database != "sqlite":
            places.append(servers.enter_context(postgres_server()))
        kills = math.ceil(options.kills / len(COMMANDS) / len(places))
        restarts = math.ceil(options.restarts / len(COMMANDS))
        for place in places:
            tallies += strike_place(scene, place, kills, restarts, chance)
    return tallies + (fill_disks(scene, math.ceil(options.disks / 2), chance) if options.disks else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--restarts", type=int, default=12, help="of the PostgreSQL server")
    parser.add_argument("--disks", type=int, default=12, help="that are full; needs the right to mount")
    parser.add_argument("--database", choices=["both", "sqlite"], default="both")
    parser.add_argument("--sentences", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        scene = Scene(folder, write_sentences(folder, options.sentences, options.seed))
        tallies = harm(scene, options)
    table = Table("fault", "database", "command", "hits", "ended by it", "compared", "all identical")
    for tally in tallies:
        table.add_row(*tally.row())
    console = Console(width=100)
    console.print(table)
    counts = ", ".join(f"{len(rows):,} {name}" for name, rows in scene.expected["export"].items() if rows)
    console.print(f"{sum(tally.hits for tally in tallies)} hits in {time.monotonic() - began:.0f} s; rows: {counts}")
    different = set[str]().union(*(tally.different for tally in tallies))
    console.print(f"different: {', '.join(sorted(different))}" if different else "all tables and files identical")
    raise SystemExit(1 if different else 0)


if __name__ == "__main__":
    main()

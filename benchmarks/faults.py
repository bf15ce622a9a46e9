"""Harm real commands at random moments and go on: ``python benchmarks/faults.py --kills 200 --restarts 12 --disks 12``.

``import``, ``run`` and ``export`` are struck in processes of their own, on SQLite and PostgreSQL: killed with SIGKILL,
cut off by a PostgreSQL server that crashes and restarts, or out of space on a small disk. ``run`` is also killed with
two worker processes, beside a second run and, with ``--ray``, with two Ray actors; and ``import`` beside a second
import of other sentences. After a few blows each command is run again until it is done. Then every row of every table
and every exported byte must be those of commands that nothing disturbed, the records of runs aside; and a command that
was not killed must have said in one line what happened. Exits with 1 when one is not so.
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
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from fault_places import Place, PostgresServer, SqliteFile, make_room, postgres_server, small_disk
from fault_rows import Contents, contents, differing, named
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
#: another way to get to the state of a command, with its further arguments
WAYS = {
    "run, 2 workers": ("run", ["--workers", "2"]),
    "run, 2 Ray actors": ("run", ["--engine", "ray", "--workers", "2"]),
    "run, beside another": ("run", []),
    "import, beside another": ("import", ["--part", "first"]),
}
_BESIDE = "beside another"
_IMPORTS, _RAY = f"import, {_BESIDE}", "run, 2 Ray actors"
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
    other_sides: list[str]
    expected: dict[str, Contents] = field(default_factory=dict)
    companion: Child | None = None

    @property
    def exported(self) -> Path:
        return self.folder / "exported"

    def start(self, address: str, command: str) -> Child:
        """Begin a command in a process of its own, and the one beside it if there is to be one."""
        base, more = WAYS.get(command, (command, []))
        if command.endswith(_BESIDE):
            sides = ["--part", "second", *self.other_sides] if base == "import" else []
            self.companion = self._open(address, base, sides)
        return self._open(address, base, more + (self.sides if base == "import" else []))

    def _open(self, address: str, command: str, more: Sequence[str]) -> Child:
        arguments = {
            "import": ["import", "parallel", "--corpus", "generated"],
            "run": ["run", str(self.folder / "recipe.toml")],
            "export": ["export", "conll", str(self.exported)],
        }[command]
        return subprocess.Popen(
            [str(XPROJDB), "--db", address, *arguments, *more],
            env={**os.environ, "OMP_NUM_THREADS": "1", "RAY_USAGE_STATS_ENABLED": "0"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )

    def finish(self, address: str, command: str) -> float:
        """Let a command end in peace; returns its seconds."""
        began = time.monotonic()
        self.rest()
        child = self.start(address, command)
        _, errors = child.communicate()
        if child.returncode != 0:
            raise failed(child, errors)
        self.rest()
        return time.monotonic() - began

    def import_in_turn(self, address: str) -> None:
        """Do one after the other what ``import`` beside another does at once."""
        for part, sides in (("first", self.sides), ("second", self.other_sides)):
            child = self._open(address, "import", ["--part", part, *sides])
            _, errors = child.communicate()
            if child.returncode != 0:
                raise failed(child, errors)

    def rest(self) -> None:
        """Wait for the command beside another, which nothing is to end."""
        if self.companion is not None:
            _, errors = self.companion.communicate()
            if self.companion.returncode != 0:
                raise failed(self.companion, errors)
            self.companion = None

    def clear(self) -> None:
        """Delete what was exported, and what is left of exports that were killed."""
        for path in self.exported.glob("*"):
            path.unlink()

    def check(self, address: str, command: str) -> set[str]:
        """Which tables differ from those that the command should have made."""
        base, _ = WAYS.get(command, (command, []))
        if command == _IMPORTS:
            # Whose sentences come first is open.
            return differing(named(address), self.expected[command])
        return differing(contents(address, self.exported), self.expected[base])


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


def undisturbed(scene: Scene, place: Place, ways: Sequence[str]) -> dict[str, float]:
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
    scene.clear()
    for name in ways:
        place.restore(_begin(name))
        if name == _IMPORTS and name not in scene.expected:
            scene.import_in_turn(place.address)
            scene.expected[name] = named(place.address)
            place.restore(_begin(name))
        seconds[name] = scene.finish(place.address, name)
        if wrong := scene.check(place.address, name):
            raise SystemExit(f"{name} on {place.name} makes other rows: {', '.join(sorted(wrong))}")
    return seconds


def _begin(command: str) -> str | None:
    """The state that a command, or another way to do it, begins from."""
    return COMMANDS[WAYS.get(command, (command, []))[0]]


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
        place.restore(_begin(tally.command))
        # What is beside another goes on to its end, and nothing is left to strike.
        for _ in range(1 if tally.command.endswith(_BESIDE) else min(_IN_A_ROW, count - tally.hits)):
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


def strike_place(scene: Scene, place: Place, options: argparse.Namespace, chance: random.Random) -> list[Tally]:
    """Strike every command on one database, so often each."""
    ways = [name for name in WAYS if options.ray or name != _RAY]
    seconds = undisturbed(scene, place, ways)
    local = [name for name in (*COMMANDS, *WAYS) if name != _RAY]
    faults: list[tuple[str, int, Strike, Sequence[str]]] = [
        ("kill -9", math.ceil(options.kills / len(local)), kill, local),
        ("kill -9", options.ray, kill, [_RAY]),
    ]
    if isinstance(place, PostgresServer):
        restarts = math.ceil(options.restarts / len(COMMANDS))
        faults.append(("server restart", restarts, partial(crash_server, place), [*COMMANDS]))
    tallies = []
    for name, count, strike, commands in faults:
        for command in commands if count else ():
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
        places: list[Place] = [] if options.database == "postgresql" else [SqliteFile(scene.folder)]
        if options.database != "sqlite":
            places.append(servers.enter_context(postgres_server()))
        for place in places:
            tallies += strike_place(scene, place, options, chance)
    return tallies + (fill_disks(scene, math.ceil(options.disks / 2), chance) if options.disks else [])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200, help="per database")
    parser.add_argument("--ray", type=int, default=0, help="kills of a run with two Ray actors, per database")
    parser.add_argument("--restarts", type=int, default=12, help="of the PostgreSQL server")
    parser.add_argument("--disks", type=int, default=12, help="that are full; needs the right to mount")
    parser.add_argument("--database", choices=["both", "sqlite", "postgresql"], default="both")
    parser.add_argument("--sentences", type=int, default=8_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "recipe.toml").write_text(RECIPE, encoding="utf-8")
        (folder / "other").mkdir()
        others = write_sentences(folder / "other", options.sentences, options.seed + 1)
        scene = Scene(folder, write_sentences(folder, options.sentences, options.seed), others)
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

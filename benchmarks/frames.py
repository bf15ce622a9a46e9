"""How far it is from a command to the database, in Python frames of xprojdb, and which modules planning visits.

    python benchmarks/frames.py

Each command runs in this process on the sample corpus, aligned by equal words, so that no model is loaded. Two
figures a command: the frames from ``main`` to its first own statement, and to its deepest one, with the modules that
these go through; a function that calls itself counts once, and what opening the database and recording the run execute
is left out. For planning, the modules of which a function is called between reading the recipe's file and the plan, the
rooms (folders of the package) that they are in, and the calls that climb back: into a room that is waiting for the
caller's.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from sqlalchemy import Engine, event

import xprojdb
from xprojdb.readers.sample import sample_file

PACKAGE = Path(xprojdb.__file__).parent
ROOTS = tuple(
    str(path) + "/" for path in (PACKAGE, *(link.resolve() for link in PACKAGE.iterdir() if link.is_symlink()))
)
#: with one scorer, whatever the defaults are, so that figures of several versions are about the same steps
RECIPE = """
name = "sample"
corpora = ["sample"]
source = ["en"]
target = ["de"]
[align]
aligner = "equal_words"
[[scorer]]
type = "link_mass"
"""
#: what every command does alike, before its own work
_OPENING = ("opening.py", "schema.py", "runs.py", "sqlite.py", "count_cache.py", "heartbeat.py")


def main() -> None:
    """Print the figures as a table."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        (folder / "sample.toml").write_text(RECIPE)
        print(f"{'command':10} {'first':>6} {'deepest':>8} {'modules':>8}")
        for name, arguments in _commands(folder).items():
            stacks = list(_stacks(["--db", str(folder / "sample.db"), *arguments]))
            if name != "import":
                deepest = max(stacks, key=len)
                modules = {frame.rpartition(":")[0] for frame in deepest}
                print(f"{name:10} {len(stacks[0]):6} {len(deepest):8} {len(modules):8}")
        modules, climbs = _planning(folder)
    rooms = dict.fromkeys(map(_room, modules))
    print(f"\nplanning one recipe visits {len(modules)} modules in {len(rooms)} rooms: {', '.join(rooms)}")
    print(f"{len(climbs)} calls climb back{''.join(f', {caller} to {callee}' for caller, callee in sorted(climbs))}")


def _commands(folder: Path) -> dict[str, list[str]]:
    sides = [f"{lang}={sample_file(lang, 'test')}" for lang in ("en", "de")]
    return {
        "import": ["import", "parallel", "--corpus", "sample", *sides],
        "run": ["run", str(folder / "sample.toml")],
        "export": ["export", "conll", str(folder / "out")],
        "evaluate": ["evaluate", "--resamples", "10"],
        "explain": ["explain", "sample/de/test-1"],
    }


def _stacks(arguments: list[str]) -> Iterator[list[str]]:
    """Run a command; for each of its own statements, the frames of xprojdb above it, ``main`` first."""
    from xprojdb.cli.main import main as command

    stacks: list[list[str]] = []

    def note(*_: Any) -> None:
        frames = list(_own_frames(sys._getframe(1)))
        if not any(frame.rpartition(":")[0].endswith(_OPENING) for frame in frames):
            stacks.append(frames)

    sys.argv = ["xprojdb", *arguments]
    with _listening(note), contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        try:
            command()
        except SystemExit as ended:
            assert not ended.code, arguments
    yield from stacks


@contextlib.contextmanager
def _listening(note: Callable[..., None]) -> Iterator[None]:
    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def _own_frames(frame: FrameType | None) -> list[str]:
    results = []
    while frame is not None:
        if frame.f_code.co_filename.startswith(ROOTS):
            results.append(f"{frame.f_code.co_filename}:{frame.f_code.co_qualname}")
        frame = frame.f_back
    # However deep one goes into itself, as for a step's inputs, it is one thing to read.
    return list(dict.fromkeys(results[::-1]))


def _room(path: str) -> str:
    """The folder of the package that a module is in, or the module itself at its top."""
    inner = next(path.removeprefix(root) for root in ROOTS if path.startswith(root))
    return inner.partition("/")[0].removesuffix(".py")


def _planning(folder: Path) -> tuple[list[str], set[tuple[str, str]]]:
    """The modules of which a function is called while a recipe becomes a plan, and the calls that climb back."""
    from xprojdb.config.recipe import read_recipe
    from xprojdb.db import open_database
    from xprojdb.planning.planner import plan_recipe

    modules: dict[str, None] = {}
    climbs: set[tuple[str, str]] = set()

    def note(frame: FrameType, happening: str, _: Any) -> None:
        if happening == "call" and frame.f_code.co_filename.startswith(ROOTS):
            modules[frame.f_code.co_filename] = None
            rooms = [_room(name.rpartition(":")[0]) for name in _own_frames(frame)]
            if len(rooms) > 1 and rooms[-1] != rooms[-2] and rooms[-1] in rooms[:-1]:
                climbs.add((rooms[-2], rooms[-1]))

    with open_database(folder / "sample.db") as database:
        sys.setprofile(note)
        try:
            plan_recipe(database, read_recipe(folder / "sample.toml"))
        finally:
            sys.setprofile(None)
    return list(modules), climbs


if __name__ == "__main__":
    main()

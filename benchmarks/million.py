"""A database as it grows to a million sentence pairs: ``python benchmarks/million.py [SIZES…] [--folder DIR]``.

Each stage is the real command in a process of its own, so that its processor time and its peak of memory are its own.
Sentences and word links are made up, from one seed: no model runs, the links are imported like those of another tool.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from xprojdb.matching.batch import PairBatch

# Nothing heavy above: a child starts as a copy of this process, whose memory counts as the child's.
SIZES = (10_000, 100_000, 1_000_000)
#: different pairs; further ones differ from these by a number
POOL = 10_000
LABELS = ("PER", "ORG", "LOC", "MISC")
XPROJDB = Path(sys.executable).with_name("xprojdb")
RECIPE = """
name = "million"
corpora = ["made-up"]
source = ["en"]
target = ["de"]
align = { aligner = "imported", name = "made-up" }
"""
REPEATS = 3
FILES = ("en.conll", "de.conll", "links.txt")


class Spent(NamedTuple):
    """What a child process took: seconds of the clock and of the processor, MiB at its peak."""

    wall: float
    cpu: float
    peak: float


def write_files(folder: Path, count: int) -> None:
    """Write English sentences with entities, German ones without, and the links between them."""
    import numpy as np
    from match_speed import synthetic

    pairs, draw = synthetic(POOL), np.random.default_rng(3)
    syllables = np.array(["ka", "ro", "mi", "té", "lun", "so", "va", "ñe", "ber", "ti", "gra", "ol"], object)
    words = ["".join(draw.choice(syllables, draw.integers(1, 5))) for _ in range(30_000)]
    english = _sentences(draw, words, pairs.source_words.tolist(), list(_tags(pairs)))
    german = _sentences(draw, words, pairs.target_words.tolist(), [["O"] * n for n in pairs.target_words.tolist()])
    for name, pool in zip(FILES, (english, german, _links(pairs)), strict=True):
        with (folder / name).open("w", encoding="utf-8") as out:
            out.writelines(pool[i % POOL].replace("#", str(i)) for i in range(count))


def _sentences(draw: Any, words: list[str], lengths: list[int], tags: list[list[str]]) -> list[str]:
    """Sentences as they stand in a file, frequent words and rare ones; the last is a number, ``#``."""
    results = []
    for i, length in enumerate(lengths):
        chosen = (len(words) ** draw.random(length)).astype(int) - 1
        said = [*(words[entry] for entry in chosen[:-1].tolist()), "#"]
        lines = [f"{word}\t{tag}" for word, tag in zip(said, tags[i], strict=True)]
        results.append("\n".join(lines) + "\n\n")
    return results


def _tags(pairs: PairBatch) -> Iterator[list[str]]:
    for i, length in enumerate(pairs.source_words.tolist()):
        tags = ["O"] * length
        for e in range(pairs.entity_ptr[i], pairs.entity_ptr[i + 1]):
            start, end, label = int(pairs.entity_start[e]), int(pairs.entity_end[e]), LABELS[e % len(LABELS)]
            tags[start:end] = [f"B-{label}", *[f"I-{label}"] * (end - start - 1)]
        yield tags


def _links(pairs: PairBatch) -> list[str]:
    cells = zip(pairs.link_source.tolist(), pairs.link_target.tolist(), pairs.link_score.tolist(), strict=True)
    values = [f"{left}-{right}:{score:.2f}" for left, right, score in cells]
    ends = pairs.link_ptr.tolist()
    return [" ".join(values[a:b]) + "\n" for a, b in pairwise(ends)]


def spent(*command: str | Path) -> Spent:
    """Run a command to its end.

    :raises CalledProcessError: when it fails.
    """
    begin = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen([str(part) for part in command], stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise subprocess.CalledProcessError(process.returncode, process.args, said.read())
    return Spent(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def median(*command: str | Path) -> Spent:
    """The run of a command with the median time of several."""
    return sorted(spent(*command) for _ in range(REPEATS))[REPEATS // 2]


def measure(folder: Path, count: int) -> dict[str, str]:
    """All stages on a new database; returns what is told of each."""
    spent(sys.executable, __file__, "--write", folder, str(count))
    recipe, base = folder / "recipe.toml", folder / "base.db"
    recipe.write_text(RECIPE, encoding="utf-8")
    command = (XPROJDB, "--db", base)
    sides = [f"{name[:2]}={folder / name}" for name in FILES[:2]]
    results = {}
    took = spent(*command, "import", "parallel", "--corpus", "made-up", "--part", "all", *sides)
    results |= _rates("import of CoNLL, sentences/s", 2 * count, took)
    links = ("--corpus", "made-up", "--langs", "en,de", "--name", "made-up", folder / FILES[2])
    results |= _rates("import of links, pairs/s", count, spent(*command, "import", "alignments", *links))
    stored = _size(base)
    results |= _rates("score and project, pairs/s", count, spent(*command, "run", recipe))
    results |= _rates("  project step alone, pairs/s", count, _step_seconds(base))
    results["bytes a pair: sentences and links"] = f"{stored / count:,.0f}"
    results["bytes a pair: candidates, labels, outcomes"] = f"{(_size(base) - stored) / count:,.0f}"
    return results | _questions(command, recipe, _labelled(base))


def _questions(command: Sequence[str | Path], recipe: Path, sentence: str) -> dict[str, str]:
    """What is asked of a database in which all is done."""
    asked = {"run, nothing to do": ("run", recipe), "status": ("status",), "explain": ("explain", sentence)}
    asked |= {f"ask {name}": ("ask", name) for name in ("low-margin", "lost-entities", "by-step")}
    results = {"--version, s": f"{median(XPROJDB, '--version').wall:.2f}"}
    for name, words in asked.items():
        took = median(*command, *words)
        results[f"{name}, s (CPU; peak MiB)"] = f"{took.wall:.2f} ({took.cpu:.2f}; {took.peak:.0f})"
    return results


def _rates(name: str, count: int, took: Spent | float) -> dict[str, str]:
    """Items a second of the clock and of the processor, and the peak of memory."""
    if isinstance(took, float):
        return {name: f"{count / took:,.0f}"}
    return {
        name: f"{count / took.wall:,.0f}",
        "  of CPU, " + name: f"{count / took.cpu:,.0f}",
        "  peak MiB, " + name.partition(",")[0]: f"{took.peak:,.0f}",
    }


def _size(path: Path) -> int:
    return sum(file.stat().st_size for file in path.parent.glob(f"{path.name}*"))


def _step_seconds(path: Path) -> float:
    """How long the latest run was at its last step, by the clock."""
    with closing(sqlite3.connect(path)) as connection:
        (counts,) = connection.execute("SELECT counts FROM run ORDER BY id DESC LIMIT 1").fetchone()
    return float(json.loads(counts)["steps"][-1]["seconds"])


def _labelled(path: Path) -> str:
    """The key of a sentence with a label."""
    with closing(sqlite3.connect(path)) as connection:
        (key,) = connection.execute("SELECT max(sentence_id) FROM label").fetchone()
    return str(key)


def show(found: dict[int, dict[str, str]]) -> None:
    """Print a column for each size."""
    from rich.console import Console
    from rich.table import Table

    shown = Table("pairs")
    for count in found:
        shown.add_column(f"{count:,}", justify="right")
    for name in next(iter(found.values())):
        shown.add_row(name, *(entry[name] for entry in found.values()))
    Console(width=130).print(shown)


def main() -> None:
    """Measure each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("sizes", nargs="*", type=int, help="sentence pairs; 10000, 100000 and 1000000 by default")
    parser.add_argument("--folder", type=Path, help="where to leave the databases; by default they are removed")
    parser.add_argument("--write", nargs=2, metavar=("DIR", "PAIRS"), help="only write the files")
    args = parser.parse_args()
    if args.write:
        write_files(Path(args.write[0]), int(args.write[1]))
        return
    with tempfile.TemporaryDirectory() as temporary:
        folder, result = args.folder or Path(temporary), {}
        for count in (2_000, *(args.sizes or SIZES)):
            # The first, small one compiles or loads the compiled code and is not shown.
            place = folder / str(count)
            place.mkdir(parents=True)
            result[count] = measure(place, count)
            print(f"{count:,} pairs: {result[count]}, load of the machine {os.getloadavg()[0]:.1f}", file=sys.stderr)
            if args.folder is None:
                shutil.rmtree(place)
        show({count: result[count] for count in args.sizes or SIZES})


if __name__ == "__main__":
    main()

"""How fast column files are read: sentences a second, beside a reader that only splits lines.

    python benchmarks/read_conll.py [FILE ...]

Without files, written-out made-up sentences are read, in the layouts of the field.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from xprojdb.readers.columns.conll import read_conll

N_SENTENCES = 60_000
LAYOUTS = {
    "two columns, tabs": "{word}\t{tag}",
    "two columns, spaces": "{word} {tag}",
    "four columns": "{word} NN NP {tag}",
}
SYLLABLES = ["ka", "ro", "mi", "té", "lun", "so", "va", "ñe", "ber", "ti", "що", "го"]


def make_file(path: Path, layout: str, count: int = N_SENTENCES, seed: int = 0) -> None:
    """Write sentences of about twenty words, one word in eight a part of an entity."""
    draw = random.Random(seed)
    with path.open("w", encoding="utf-8") as out:
        for _ in range(count):
            inside = 0
            for _ in range(draw.randint(4, 36)):
                word = "".join(draw.choices(SYLLABLES, k=draw.randint(1, 4)))
                tag = "I-LOC" if inside else "B-LOC" if draw.random() < 0.08 else "O"
                inside = inside - 1 if inside else (draw.choice((0, 0, 1, 2)) if tag == "B-LOC" else 0)
                out.write(layout.format(word=word, tag=tag) + "\n")
            out.write("\n")


def split_only(path: Path) -> int:
    """Count the sentences of a file while splitting each line, and nothing else."""
    count = 0
    rows: list[list[str]] = []
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                rows.append(line.split())
            else:
                count += bool(rows)
                rows = []
    return count + bool(rows)


def rate(read: Callable[[Path], int], path: Path) -> float:
    """Sentences a second of processor time, which other programs disturb less, the best of three."""
    best = 0.0
    for _ in range(3):
        start = time.process_time()
        count = read(path)
        best = max(best, count / (time.process_time() - start))
    return best


def report(name: str, path: Path) -> None:
    """Print one line of the table."""
    ours = rate(lambda file: sum(1 for _ in read_conll(file)), path)
    plain = rate(split_only, path)
    print(f"{name:<28} {ours:>12,.0f} {plain:>12,.0f} {ours / plain:>8.2f}")


def main(files: list[str]) -> None:
    """Print the table."""
    print(f"{'layout':<28} {'read_conll/s':>12} {'split only/s':>12} {'ratio':>8}")
    if files:
        for file in files:
            report(Path(file).name, Path(file))
        return
    with tempfile.TemporaryDirectory() as folder:
        for name, layout in LAYOUTS.items():
            path = Path(folder) / "sentences.conll"
            make_file(path, layout)
            report(name, path)


if __name__ == "__main__":
    main(sys.argv[1:])

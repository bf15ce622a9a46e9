"""Studies A and B: ``python benchmarks/studies.py a|b [--whole] [--db FILE] [--out FOLDER] [--workers N]``.

A: F1 on MasakhaNER 2.0 by the number of source languages. B: accuracy on XNLI, raw, centred, with shuffled labels and
with the hypothesis alone. Both from ``$XPROJDB_DATA`` or ``../shared/data``. The reduced designs take minutes of one
core; ``--whole`` has all languages, k up to 12, three orders and two seeds.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

import xprojdb as xp

HERE = Path(__file__).parent
DATA = Path(os.environ.get("XPROJDB_DATA", HERE.parent.parent / "shared" / "data"))
FOURTEEN = ("bam", "ewe", "hau", "ibo", "kin", "lug", "nya", "pcm", "sna", "swa", "tsn", "xho", "yor", "zul")
A: dict[str, Any] = {
    "pool": ("hau", "ibo", "kin", "sna", "swa", "yor"),
    "targets": ("bam", "hau", "ibo", "kin", "lug", "sna", "swa", "yor"),
    "k": (1, 2, 4),
    "budgets": {"fixed": 360, "growing": 90},
    "unit": "entities",
    "orders": 2,
    "seeds": 1,
    "test_limit": 150,
}
A_WHOLE = {
    **A,
    "pool": FOURTEEN,
    "targets": FOURTEEN,
    "k": (1, 2, 4, 8, 12),
    "orders": 3,
    "seeds": 2,
    "test_limit": 500,
}
WITH_DEV = ("en", "ko", "my", "sw", "ur")
B: dict[str, Any] = {
    "tasks": ("nli",),
    "pool": WITH_DEV,
    "targets": ("de", "es", "eu", *WITH_DEV),
    "pair_splits": ("validation",),
    "k": (1, 2, 4),
    "budgets": {"fixed": 300, "growing": 75},
    "controls": ("centre", "shuffled", "hypothesis-only"),
    "orders": 2,
    "seeds": 1,
    "test_limit": 150,
}
B_WHOLE = {**B, "budgets": {"fixed": 2400, "growing": 600}, "orders": 3, "seeds": 2, "test_limit": 1000}


def main() -> None:
    """Import, train, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=["a", "b"])
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--db", default=None)
    parser.add_argument("--out", default=None)
    parser.add_argument("--workers", type=int, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = args.db or str(Path(folder) / "study.db")
        with xp.open(address, create=True) as database:
            run(database, Path(folder), args)


def run(database: xp.Database, folder: Path, given: argparse.Namespace) -> None:
    """A study on an open database."""
    if given.study == "a":
        import_entities(database, folder)
        corpora, labels, design = ["masakhaner2"], ["PER", "ORG", "LOC"], A_WHOLE if given.whole else A
    else:
        import_pairs(database)
        corpora, labels, design = ["xnli"], None, B_WHOLE if given.whole else B
    name = f"study-{given.study}" + ("-whole" if given.whole else "")
    recipe = xp.TrainingRecipe(name=name, corpora=corpora, labels=labels, study=design)
    console = Console()
    console.print(database.preview_study(recipe))
    console.print(database.study(recipe, workers=given.workers))
    console.print(database.study_report(name, given.out or name))


def import_entities(database: xp.Database, folder: Path) -> None:
    """MasakhaNER 2.0 in the layout that it is published in."""
    for path in sorted((DATA / "masakhaner2").glob("*.conll.gz")):
        lang, split, *_ = path.name.split(".")
        place = folder / "masakhaner2" / lang
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{split}.txt").write_bytes(gzip.decompress(path.read_bytes()))
    database.import_benchmark("masakhaner2", path=folder / "masakhaner2")


def import_pairs(database: xp.Database) -> None:
    """XNLI, dev and test."""
    files = [(path.name.partition(".")[0], path) for path in sorted((DATA / "xnli").glob("*.tsv.gz"))]
    database.import_nli("xnli", files, license="CC-BY-NC-4.0")


if __name__ == "__main__":
    main()

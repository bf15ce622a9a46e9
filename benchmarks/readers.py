"""How fast each reader is: sentences a second of processor time, beside its bare parser, and the memory it takes.

    python benchmarks/readers.py [SENTENCES]

The bare parser is what the reader stands on (json, csv, expat, calamine, pyarrow, or splitting lines), which walks over
the same file and makes nothing of it; where texts are not split into words yet, "with words" is its speed with the
splitting, which no reader can do without. Memory is the peak of Python's allocations while the file is read.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.parsers import expat

from xprojdb.readers import read
from xprojdb.text.words import split_words

WORDS = ("Mara", "rests", "in", "the", "old", "town", "of", "Zürich", "today", "and", "nobody", "waits", "there")


@dataclass(frozen=True)
class Sentence:
    """Words, the characters that its one label covers, and its number."""

    number: int
    words: list[str]

    @property
    def text(self) -> str:
        return " ".join(self.words)

    @property
    def end(self) -> int:
        return len(self.words[0])


def sentences(count: int) -> list[Sentence]:
    """Sentences of four to thirty-six words."""
    draw = random.Random(0)
    return [Sentence(number, draw.choices(WORDS, k=draw.randint(4, 36))) for number in range(count)]


def span_json(every: list[Sentence]) -> str:
    """Of doccano."""
    return "".join(json.dumps({"id": s.number, "text": s.text, "label": [[0, s.end, "PER"]]}) + "\n" for s in every)


def label_studio(every: list[Sentence]) -> str:
    """One array."""
    rows = []
    for s in every:
        value = {"start": 0, "end": s.end, "text": s.words[0], "labels": ["PER"]}
        annotation = {"completed_by": 1, "result": [{"type": "labels", "value": value}]}
        rows.append({"id": s.number, "data": {"text": s.text, "words": s.words}, "annotations": [annotation]})
    return json.dumps(rows)


def webanno(every: list[Sentence]) -> str:
    """With one layer."""
    out = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=x.NamedEntity|identifier|value", "", ""]
    for s in every:
        out.append(f"#Text={s.text}")
        out += [
            f"1-{n}\t0-1\t{w}\t{'*' if n == 1 else '_'}\t{'PER' if n == 1 else '_'}\t" for n, w in enumerate(s.words, 1)
        ]
        out.append("")
    return "\n".join(out)


def conllu(every: list[Sentence]) -> str:
    """With NE= at the first word."""
    out = []
    for s in every:
        out += ["\t".join([str(n), w, *"_______", "NE=B-PER" if n == 1 else "_"]) for n, w in enumerate(s.words, 1)]
        out.append("")
    return "\n".join(out)


def table(every: list[Sentence]) -> str:
    """CSV."""
    return "id,text\n" + "".join(f'{s.number},"{s.text}"\n' for s in every)


def tmx(every: list[Sentence]) -> str:
    """English and German."""
    unit = '<tu><tuv xml:lang="en"><seg>{0}</seg></tuv><tuv xml:lang="de"><seg>{0}</seg></tuv></tu>\n'
    return f"<tmx><body>{''.join(unit.format(s.text) for s in every)}</body></tmx>"


def write_xlsx(path: Path, every: list[Sentence]) -> None:
    """One sheet."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    sheet.append(["id", "text"])
    for s in every:
        sheet.append([s.number, s.text])
    book.save(path)


def write_parquet(path: Path, every: list[Sentence]) -> None:
    """Words and tags."""
    import pyarrow as pa
    from pyarrow import parquet

    tags = [["B-PER"] + ["O"] * (len(s.words) - 1) for s in every]
    parquet.write_table(pa.table({"tokens": [s.words for s in every], "ner_tags": tags}), path)


def bare_json(path: Path) -> None:
    """Parse every line, or the whole."""
    with path.open("rb") as stream:
        if stream.read(1) == b"[":
            stream.seek(0)
            json.load(stream)
            return
        stream.seek(0)
        for line in stream:
            json.loads(line)


def bare_csv(path: Path) -> None:
    """Parse every row."""
    with path.open(encoding="utf-8", newline="") as stream:
        for _ in csv.reader(stream):
            pass


def bare_xml(path: Path) -> None:
    """Walk over every element and text."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = lambda _name, _attributes: None
    parser.EndElementHandler = lambda _name: None
    parser.CharacterDataHandler = lambda _data: None
    with path.open("rb") as stream:
        parser.ParseFile(stream)


def bare_columns(path: Path) -> None:
    """Split every line."""
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            line.split("\t")


def bare_sheet(path: Path) -> None:
    """Walk over every row."""
    from python_calamine import CalamineWorkbook

    for _ in CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).iter_rows():
        pass


def bare_parquet(path: Path) -> None:
    """Make Python lists of every batch."""
    from pyarrow import parquet

    for batch in parquet.ParquetFile(path).iter_batches(batch_size=2000):
        batch.to_pylist()


#: the format, the file, what writes it, the bare parser, the options
CASES: tuple[tuple[str, str, Callable[[list[Sentence]], str] | None, Callable[[Path], None], dict[str, Any]], ...] = (
    ("span-json", "x.jsonl", span_json, bare_json, {}),
    ("label-studio", "x.json", label_studio, bare_json, {}),
    ("webanno", "x.tsv", webanno, bare_columns, {}),
    ("conllu", "x.conllu", conllu, bare_columns, {}),
    ("table", "x.csv", table, bare_csv, {}),
    ("table", "x.xlsx", None, bare_sheet, {}),
    ("memory", "x.tmx", tmx, bare_xml, {"languages": ("en", "de")}),
    ("hf", "x.parquet", None, bare_parquet, {}),
)


#: the formats whose texts are split
SPLITTING = ("span-json", "table", "memory")


def seconds(work: Callable[[], object]) -> float:
    """Of processor time, the best of three."""
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def peak(work: Callable[[], object]) -> float:
    """Of Python's allocations, in megabytes."""
    tracemalloc.start()
    work()
    top = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return top / 1e6


def write(path: Path, writer: Callable[[list[Sentence]], str] | None, every: list[Sentence]) -> None:
    """Write a file of a format."""
    if writer is not None:
        path.write_text(writer(every), encoding="utf-8")
    elif path.suffix == ".xlsx":
        write_xlsx(path, every)
    else:
        write_parquet(path, every)


def main(arguments: list[str]) -> None:
    """Print the table."""
    every = sentences(int(arguments[0]) if arguments else 20_000)
    heads = f"{'sentences/s':>11} {'bare/s':>10} {'ratio':>6} {'with words/s':>13} {'ratio':>6}"
    print(f"{'format':<13} {'file':<9} {heads} {'file MB':>8} {'peak MB':>8}")
    splitting = seconds(lambda: [split_words(s.text, "en") for s in every])
    with tempfile.TemporaryDirectory() as folder:
        for form, name, writer, bare, options in CASES:
            path = Path(folder) / name
            write(path, writer, every)

            def drain(form: str = form, path: Path = path, options: dict[str, Any] = options) -> int:
                return sum(1 for _ in read(path, "en", form, **options))

            ours, plain = seconds(drain), seconds(lambda path=path, bare=bare: bare(path))
            rates = f"{len(every) / ours:>11,.0f} {len(every) / plain:>10,.0f} {plain / ours:>6.2f}"
            both = plain + (splitting if form in SPLITTING else 0)
            rates += f" {len(every) / both:>13,.0f} {both / ours:>6.2f}"
            print(f"{form:<13} {name:<9} {rates} {path.stat().st_size / 1e6:>8.1f} {peak(drain):>8.1f}")


if __name__ == "__main__":
    main(sys.argv[1:])

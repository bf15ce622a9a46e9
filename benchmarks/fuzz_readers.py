"""Damaged files through every reader and into a database: a refusal with its place and nothing stored, or sentences.

    python benchmarks/fuzz_readers.py [COUNT] [SEED]

Prints, for each format, how many inputs were read, how many refused and how many of the refusals name a line. Ends with
exit code 1, and the input beside this script's report, when one ends in anything but sentences or a refusal of the kind
that the command line prints, when a refusal names no file, or when it leaves rows behind.
"""

from __future__ import annotations

import io
import json
import random
import sys
import tempfile
import traceback
import zlib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select

from xprojdb.db import Database, open_database
from xprojdb.db.tables import corpus, entity, outcome, sentence, source_file
from xprojdb.errors import XprojdbError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files

WORDS = ("Mara", "rests", "in", "Zürich", "🙂", "日本", "today", ".")
JUNK = (
    b"\0", b"\xff", b"\xef\xbb\xbf", b"\xc2\xa0", b"\xe2\x80\xa8", b"\xe2\x80\xae", b"\x1b[31m", b"\t", b"\n\n", b'"',
    b"\\", b"{", b"[" * 5000, b"}", b"]", b"<", b"&x;", b"-1", b"9" * 5000, b"B-", b"I-PER", b"-DOCSTART-", b"null",
    b"\\ud800", b"|", b"1-1", b"*[1]", b"# id = x\n", b"NaN", b",", b";",
)  # fmt: skip


def spans_json(draw: random.Random) -> bytes:
    """Span JSON lines."""
    rows = []
    for number in range(draw.randint(1, 6)):
        text = " ".join(draw.choices(WORDS, k=6))
        rows.append({"id": number, "text": text, "label": [[0, len(text.split(" ")[0]), "PER"]]})
    return "".join(json.dumps(row, ensure_ascii=draw.random() < 0.5) + "\n" for row in rows).encode()


def label_studio(draw: random.Random) -> bytes:
    """Tasks of Label Studio."""
    rows = []
    for number in range(draw.randint(1, 6)):
        text = " ".join(draw.choices(WORDS, k=6))
        first = text.split(" ")[0]
        value = {"start": 0, "end": len(first), "text": first, "labels": ["PER"]}
        annotation = {"completed_by": 1, "result": [{"type": "labels", "value": value}]}
        rows.append({"id": number, "data": {"text": text}, "annotations": [annotation]})
    return json.dumps(rows).encode()


def json_lines(draw: random.Random) -> bytes:
    """Words and tags."""
    rows = []
    for number in range(draw.randint(1, 6)):
        words = draw.choices(WORDS, k=5)
        rows.append({"id": f"s{number}", "tokens": words, "ner_tags": ["B-PER", "I-PER", "O", "O", "B-LOC"]})
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def conll(draw: random.Random) -> bytes:
    """A word a line."""
    lines = []
    for number in range(draw.randint(1, 6)):
        lines += [
            f"# id = s{number}",
            *(f"{w}\t{draw.choice(['O', 'B-LOC', 'I-LOC'])}" for w in draw.choices(WORDS, k=6)),
        ]
        lines.append("")
    return "\n".join(lines).encode()


def conllu(draw: random.Random) -> bytes:
    """CoNLL-U."""
    lines = []
    for _ in range(draw.randint(1, 5)):
        for at, word in enumerate(draw.choices(WORDS, k=5), 1):
            lines.append("\t".join([str(at), word, *"_______", "NE=B-LOC" if at == 2 else "_"]))
        lines.append("")
    return "\n".join(lines).encode()


def webanno(draw: random.Random) -> bytes:
    """WebAnno TSV."""
    lines = ["#FORMAT=WebAnno TSV 3.3", "#T_SP=x.NamedEntity|identifier|value", "", ""]
    for number in range(1, draw.randint(2, 5)):
        words, at = draw.choices(WORDS, k=4), 0
        lines.append(f"#Text={' '.join(words)}")
        for place, word in enumerate(words, 1):
            value = "*[3]\tPER[3]" if place < 3 else draw.choice(["_\t_", "*\tLOC"])
            lines.append(f"{number}-{place}\t{at}-{at + len(word)}\t{word}\t{value}\t")
            at += len(word) + 1
        lines.append("")
    return "\n".join(lines).encode()


def brat(draw: random.Random) -> bytes:
    """The annotations of a text that is always the same."""
    return "".join(f"T{n}\tPER {5 * n} {5 * n + 4}\tMara\n" for n in range(draw.randint(1, 6))).encode()


def text(draw: random.Random) -> bytes:
    """Sentences."""
    return "".join(" ".join(draw.choices(WORDS, k=6)) + "\n" for _ in range(draw.randint(1, 6))).encode()


def table(draw: random.Random) -> bytes:
    """CSV."""
    return (
        b"id,text\n"
        + "".join(f'{n},"{" ".join(draw.choices(WORDS, k=6))}"\n' for n in range(draw.randint(1, 6))).encode()
    )


def spreadsheet(draw: random.Random) -> bytes:
    """XLSX."""
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    for row in [["id", "text"], *([n, " ".join(draw.choices(WORDS, k=6))] for n in range(draw.randint(1, 6)))]:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def tmx(draw: random.Random) -> bytes:
    """TMX."""
    unit = (
        '<tu tuid="{}"><tuv xml:lang="en"><seg>{} <ph>x</ph></seg></tuv><tuv xml:lang="de"><seg>Ja</seg></tuv></tu>\n'
    )
    units = "".join(unit.format(n, " ".join(draw.choices(WORDS, k=4))) for n in range(draw.randint(1, 6)))
    return f'<?xml version="1.0"?>\n<tmx version="1.4"><header/><body>\n{units}</body></tmx>'.encode()


def xliff(draw: random.Random) -> bytes:
    """XLIFF 1.2."""
    unit = '<trans-unit id="{}"><source>{}</source><target>Ja</target></trans-unit>\n'
    units = "".join(unit.format(n, " ".join(draw.choices(WORDS, k=4))) for n in range(draw.randint(1, 6)))
    head = '<xliff version="1.2"><file source-language="en" target-language="de"><body>\n'
    return f"{head}{units}</body></file></xliff>".encode()


def _rows(draw: random.Random) -> object:
    import pyarrow as pa

    count = draw.randint(1, 6)
    words = [draw.choices(WORDS, k=3) for _ in range(count)]
    return pa.table({"tokens": words, "ner_tags": [["B-PER", "O", "O"]] * count})


def parquet(draw: random.Random) -> bytes:
    """Parquet."""
    from pyarrow import parquet as writer

    out = io.BytesIO()
    writer.write_table(_rows(draw), out)
    return out.getvalue()


def arrow(draw: random.Random) -> bytes:
    """Arrow's stream, as save_to_disk writes it."""
    import pyarrow as pa

    out, rows = io.BytesIO(), _rows(draw)
    with pa.ipc.new_stream(out, rows.schema) as writer:  # type: ignore[attr-defined]
        writer.write_table(rows)
    return out.getvalue()


def squad(draw: random.Random) -> bytes:
    """Questions and answers."""
    paragraphs = []
    for number in range(draw.randint(1, 4)):
        context = " ".join(draw.choices(WORDS, k=8))
        answer = {"text": context.split(" ")[0], "answer_start": 0}
        paragraphs.append({"context": context, "qas": [{"id": f"q{number}", "question": "?", "answers": [answer]}]})
    return json.dumps({"data": [{"paragraphs": paragraphs}]}).encode()


def docbin(draw: random.Random) -> bytes:
    """spaCy's documents; a checksum protects them, so half of them are damaged before they are compressed."""
    import spacy
    from spacy.tokens import Doc, DocBin, Span

    vocab, docs = spacy.blank("xx").vocab, []
    for number in range(draw.randint(1, 4)):
        doc = Doc(vocab, words=draw.choices(WORDS, k=5))
        doc.set_ents([Span(doc, 0, 1, label="PER")])
        doc.user_data["id"] = f"s{number}"
        docs.append(doc)
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    return data if draw.random() < 0.5 else zlib.compress(mutate(zlib.decompress(data), draw))


#: the format, the name of the file, what writes it, and how it is read
CASES: tuple[tuple[str, str, Callable[[random.Random], bytes], dict[str, object]], ...] = (
    ("conll", "x.conll", conll, {}),
    ("conllu", "x.conllu", conllu, {}),
    ("webanno", "x.tsv", webanno, {}),
    ("brat", "x.ann", brat, {}),
    ("text", "x.txt", text, {}),
    ("jsonl", "x.jsonl", json_lines, {}),
    ("span-json", "x.jsonl", spans_json, {}),
    ("span-json", "y.jsonl", spans_json, {"snap": True, "nested": "outer", "split_lines": True}),
    ("label-studio", "x.json", label_studio, {}),
    ("table", "x.csv", table, {}),
    ("table", "x.xlsx", spreadsheet, {}),
    ("squad", "x.json", squad, {}),
    ("spacy", "x.spacy", docbin, {}),
    ("memory", "x.tmx", tmx, {"languages": ("en", "de")}),
    ("memory", "x.xlf", xliff, {"languages": ("en", "de")}),
    ("hf", "x.parquet", parquet, {}),
    ("hf", "x.arrow", arrow, {}),
    ("auto", "x.data", lambda draw: draw.choice([conll, text, json_lines, table, tmx, webanno])(draw), {}),
)


def mutate(data: bytes, draw: random.Random) -> bytes:
    """Damage a file in one to four places."""
    for _ in range(draw.randint(1, 4)):
        at = draw.randint(0, len(data))
        size = min(draw.choice((1, 1, 2, 8, 40)), len(data) - at)
        kind = draw.randrange(6)
        if kind == 0:
            data = data[:at] + data[at + size :]
        elif kind == 1:
            data = data[:at] + data[at : at + size] * draw.randint(2, 5) + data[at + size :]
        elif kind == 2:
            data = data[:at] + draw.choice(JUNK) + data[at:]
        elif kind == 3:
            data = data[:at] + draw.randbytes(size) + data[at + size :]
        elif kind == 4:
            lines = data.split(b"\n")
            draw.shuffle(lines)
            data = b"\n".join(lines)
        elif draw.random() < 0.3:
            data = data[:at]
    return data


def counts(database: Database) -> list[int]:
    """How many rows the tables have that an import writes to."""
    tables = (corpus, source_file, sentence, entity, outcome)
    with database.read() as connection:
        return [connection.execute(select(func.count()).select_from(entry)).scalar_one() for entry in tables]


class Fuzz:
    """Runs inputs and counts what came of them."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.folder = folder
        self.seed = seed
        self.read: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.placed: Counter[str] = Counter()
        self.faults: list[str] = []
        self.database = open_database(str(folder / "fuzz.db"), create=True)

    def one(self, number: int) -> None:
        """Run an input."""
        draw = random.Random(f"{self.seed}/{number}")
        form, name, write, reading = CASES[number % len(CASES)]
        path = self.folder / name
        if form == "brat":
            path.with_suffix(".txt").write_text("Mara " * 8, encoding="utf-8")
        path.write_bytes(mutate(write(draw), draw))
        key = f"{form} ({path.suffix[1:]})"
        before = counts(self.database)
        try:
            file = corpus_file(path, "en", form=form, **reading)
            import_files(self.database, CorpusInfo(f"c{number}"), [file])
        except XprojdbError as error:
            self.refused[key] += 1
            self.placed[key] += error.fields.get("line") is not None
            if "file" not in error.fields:
                self.faults.append(f"{number} {key}: names no file: {error.message}")
            if counts(self.database) != before:
                self.faults.append(f"{number} {key}: refused, and rows are stored")
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            self.faults.append(f"{number} {key}: {traceback.format_exc(limit=-4)}")
        else:
            self.read[key] += 1

    def report(self) -> None:
        """Print the table."""
        print(f"{'format':<22} {'inputs':>7} {'read':>7} {'refused':>8} {'with line':>10}")
        for key in sorted(self.read | self.refused):
            total = self.read[key] + self.refused[key]
            print(f"{key:<22} {total:>7} {self.read[key]:>7} {self.refused[key]:>8} {self.placed[key]:>10}")
        total = self.read.total() + self.refused.total()
        print(f"{'all':<22} {total:>7} {self.read.total():>7} {self.refused.total():>8} {self.placed.total():>10}")
        print(f"faults: {len(self.faults)}")
        for fault in self.faults[:20]:
            print(fault)


def main(arguments: list[str]) -> int:
    """Run the inputs; returns the exit code."""
    count = int(arguments[0]) if arguments else 10_000
    seed = int(arguments[1]) if len(arguments) > 1 else 0
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(Path(folder), seed)
        for number in range(count):
            fuzz.one(number)
        fuzz.report()
    return 1 if fuzz.faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""What is exported for annotation tools and spreadsheets is read back by our readers with the same words and spans."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from projection_sample import english, german, import_sample, plan_of

from xprojdb import entry_points
from xprojdb.db import Database
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as
from xprojdb.exports.atomic import atomic_file
from xprojdb.exports.rows.sentences import ProjectedLabel, ProjectedSentence
from xprojdb.readers.columns.conllu import read_conllu
from xprojdb.readers.columns.webanno import read_webanno
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.spans.brat import read_brat
from xprojdb.readers.spans.label_studio import read_label_studio
from xprojdb.readers.spans.span_json import read_span_json
from xprojdb.readers.tables.sentences import read_table
from xprojdb.text.brackets import BracketError, bracketed, parse_brackets
from xprojdb.text.spans import Span

pytestmark = pytest.mark.slow

LETTERS = st.text(st.sampled_from("ab'\"\\[]|_;*-,.:#=(é😀日"), min_size=1, max_size=5)
LABELS = st.sampled_from(("PER", "LOC", "É-2"))


@st.composite
def sentences(draw: st.DrawFn) -> list[ProjectedSentence]:
    """Sentences with words that formats use themselves, some with a text of their own."""
    results = []
    for number in range(draw(st.integers(1, 4))):
        words = draw(st.lists(LETTERS, min_size=1, max_size=7))
        ends = sorted(draw(st.sets(st.integers(0, len(words)), max_size=4)))
        pairs = list(zip(ends[::2], ends[1::2], strict=False))
        labels = [ProjectedLabel(start, end, draw(LABELS), 0.75, 0.25) for start, end in pairs]
        text = offsets = None
        if draw(st.booleans()):
            starts = [sum(len(word) + 2 for word in words[:at]) for at in range(len(words))]
            text, offsets = "  ".join(words), json.dumps(starts)
        where = ("news", "de", f"s {number}", "train", "ok", None, (f"news/en/{number}",), ("en",))
        results.append(ProjectedSentence(number, number, number, *where, words, labels, text, offsets))
    return results


def written(name: str, rows: list[ProjectedSentence], folder: Path) -> Path:
    """The first file that an exporter writes of some sentences."""
    form = entry_points.load("exporters", name)()
    step = SimpleNamespace(step=SimpleNamespace(spec=SimpleNamespace(digest="ab" * 32)))
    content: Any = SimpleNamespace(
        sentences=lambda: ((step, row) for row in rows),
        file_name=lambda suffix: f"de.train{suffix}",
        part=SimpleNamespace(split="train"),
        selection=SimpleNamespace(labels=["PER", "LOC", "É-2"]),
    )
    paths = [file.path for file in form.write(folder, content, atomic_file)]
    return paths[0]


def _accepted(path: Path, language: str) -> Iterator[Record]:
    """Label Studio's tasks after somebody has accepted all predictions."""
    tasks = json.loads(path.read_text(encoding="utf-8"))
    for task in tasks:
        (prediction,) = task.pop("predictions")
        task["annotations"] = [{"completed_by": 1, "result": prediction["result"]}]
    path.write_text(json.dumps(tasks), encoding="utf-8")
    return read_label_studio(path, language)


READERS: dict[str, Callable[[Path, str], Iterator[Record]]] = {
    "brat": read_brat,
    "conllu": read_conllu,
    "csv": read_table,
    "doccano": read_span_json,
    "label-studio": _accepted,
    "prodigy": read_span_json,
    "tsv": read_table,
    "webanno": read_webanno,
    "xlsx": read_table,
}


@pytest.mark.parametrize("name", READERS)
@given(rows=sentences())
def test_words_spans_and_ids_come_back(name: str, rows: list[ProjectedSentence], tmp_path_factory: Any) -> None:
    folder = tmp_path_factory.mktemp("out")
    if name == "xlsx":
        pytest.importorskip("openpyxl")
    records = list(READERS[name](written(name, rows, folder), "de"))
    assert [(record.external_id, list(record.words), list(record.entities or ())) for record in records] == [
        (row.name, list(row.words), [label.span for label in row.labels]) for row in rows
    ]


@given(words=st.lists(st.text(min_size=1, max_size=4), min_size=1, max_size=5), data=st.data())
def test_brackets_are_read_as_they_were_written(words: list[str], data: st.DataObject) -> None:
    ends = sorted(data.draw(st.sets(st.integers(0, len(words)), max_size=4)))
    spans = [Span(start, end, "LOC") for start, end in zip(ends[::2], ends[1::2], strict=False)]
    assert parse_brackets(bracketed(words, spans)) == (words, spans)


@pytest.mark.parametrize(
    ("text", "position"),
    [("a [b", 2), ("a b]LOC", 3), ("[a] b", 2), ("[[a]LOC b]LOC", 1), ("x []LOC", 3), ("a[b]LOC", 1)],
)
def test_brackets_that_do_not_match_are_refused(text: str, position: int) -> None:
    with pytest.raises(BracketError) as caught:
        parse_brackets(text)
    assert caught.value.position == position


def test_a_brat_text_with_other_lines_is_refused(tmp_path: Path) -> None:
    rows = [ProjectedSentence(1, 1, 1, "news", "de", "1", "train", "ok", None, (), (), ["Anna"], [])]
    path = written("brat", rows, tmp_path)
    path.write_text("Anna\nneu\n", encoding="utf-8")
    with pytest.raises(ReadError) as caught:
        list(read_brat(path, "de"))
    assert caught.value.reason == "length"


@pytest.mark.parametrize("name", READERS)
def test_every_format_is_exported_from_a_database(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_of(sqlite_database, tmp_path)
    run_plan(sqlite_database, plan)
    report = export_as(name, sqlite_database, plan, tmp_path / "out")
    assert report.sentences == 6
    path = tmp_path / "out" / next(iter(report.counts))
    records = list(READERS[name](path, "de"))
    assert (records[0].external_id, records[0].entities) == (
        "news/de/all-1", (Span(0, 2, "PER"), Span(6, 7, "LOC")),
    )  # fmt: skip

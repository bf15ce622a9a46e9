"""Every result is rows, an Arrow table, a data frame, JSON, a picture for a terminal and HTML for a notebook."""

# ruff: noqa: ARG005 -- every result is produced from the same two things, and few need both
from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from api_sample import SETTINGS, run_sample, write_sample

import xprojdb as xp
from xprojdb.api.results.base import Result
from xprojdb.cli.printing.output import console
from xprojdb.errors import UsageError

Write = Callable[..., Path]
Produce = Callable[[xp.Database, Path], Result]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what is run once for all tests."""
    return tmp_path_factory.mktemp("example")


@pytest.fixture
def db(sqlite_template: Path, write_conll: Write, tmp_path: Path, example: Path) -> Iterator[xp.Database]:
    """A database of one recipe that has been run twice, the second time under another name."""
    if not (example / "results.db").exists():
        (example / "results.db").write_bytes(sqlite_template.read_bytes())
        with xp.open(example / "results.db") as opened:
            run_sample(opened, partial(write_conll, folder=example), example)
            strict = {"name": "strict", "project": {"min_score": 0.9}, "labels": ["PER", "LOC"]}
            opened.run(xp.Recipe(**{**SETTINGS, **strict}))
    shutil.copytree(example, tmp_path, dirs_exist_ok=True)
    with xp.open(tmp_path / "results.db") as opened:
        yield opened


RESULTS: dict[str, Produce] = {
    "import": lambda db, folder: db.import_text(_written(folder, "Anna sings\n"), corpus="text", lang="en"),
    "join": lambda db, folder: db.join("news", ["en", "de"]),
    "alignments": lambda db, folder: _alignments(db, folder),
    "labels": lambda db, folder: db.labels("news"),
    "run": lambda db, folder: _run(db, folder),
    "dry run": lambda db, folder: db.dry_run(folder / "news.toml"),
    "status": lambda db, folder: db.status(),
    "failures": lambda db, folder: db.failures(),
    "explanation": lambda db, folder: db.explain("news/de/test-1", "news"),
    "evaluation": lambda db, folder: db.evaluate("news", resamples=20),
    "comparison": lambda db, folder: db.compare("news", "strict", resamples=20),
    "missed": lambda db, folder: db.missed("news", "strict"),
    "tuning": lambda db, folder: db.tune("news", thresholds=[0.3, 0.6]),
    "difference": lambda db, folder: db.diff("news", "strict"),
    "query": lambda db, folder: db.query("SELECT id, lang FROM sentence"),
    "question": lambda db, folder: db.ask("low-margin"),
    "export": lambda db, folder: db.export(folder / "out", "conll", recipe="news"),
    "card": lambda db, folder: _card(db, folder),
    "garbage": lambda db, folder: db.gc(dry_run=True, forget=["news", "strict"]),
    "corpus": lambda db, folder: db.delete_corpus("news", dry_run=True),
    "verification": lambda db, folder: db.verify(),
    "vacuum": lambda db, folder: db.vacuum(),
    "schema": lambda db, folder: db.check_schema(),
    "copy": lambda db, folder: xp.copy(folder / "results.db", folder / "copy.db"),
    "recipes": lambda db, folder: xp.list_recipes(),
    "questions": lambda db, folder: xp.list_questions(),
    "models": lambda db, folder: xp.list_models(),
}  # fmt: skip
#: those that may have no rows here
EMPTY = {"failures", "missed", "difference", "models", "run"}


def _run(db: xp.Database, folder: Path) -> Result:
    run = db.run(folder / "news.toml").run
    assert run is not None
    return run


def _card(db: xp.Database, folder: Path) -> Result:
    db.export(folder / "hf", recipe="news")
    return xp.read_card(folder / "hf")


def _alignments(db: xp.Database, folder: Path) -> Result:
    return db.import_alignments(_written(folder, "0-0\n" * 10), corpus="news", langs=["en", "de"], name="mine")


def _written(folder: Path, text: str) -> Path:
    path = folder / "lines.txt"
    path.write_text(text, encoding="utf-8")
    return path


class _Cells(HTMLParser):
    """The texts of table cells, and every tag that is not ours."""

    def __init__(self) -> None:
        super().__init__()
        self.heads: list[str] = []
        self.cells: list[str] = []
        self.foreign: set[str] = set()
        self._inside: list[str] | None = None

    def handle_starttag(self, tag: str, _attributes: object) -> None:
        self._inside = {"th": self.heads, "td": self.cells}.get(tag)
        if self._inside is not None:
            self._inside.append("")
        if tag not in ("table", "thead", "tbody", "tr", "th", "td", "pre", "span"):
            self.foreign.add(tag)

    def handle_endtag(self, tag: str) -> None:
        self._inside = None if tag in ("th", "td") else self._inside

    def handle_data(self, data: str) -> None:
        if self._inside is not None:
            self._inside[-1] += data


def _html(result: Result) -> _Cells:
    cells = _Cells()
    cells.feed(result._repr_html_())
    return cells


@pytest.mark.parametrize("name", RESULTS)
def test_every_result_converts(db: xp.Database, tmp_path: Path, name: str) -> None:
    result = RESULTS[name](db, tmp_path)
    rows = result.to_dict()
    assert bool(rows) or name in EMPTY
    assert all(list(row) == list(rows[0]) for row in rows)
    assert result.to_arrow().num_rows == len(rows)
    frame = result.to_pandas()
    assert len(frame) == len(rows)
    if rows:
        assert list(frame.columns) == list(rows[0])
    json.dumps(result.to_json())
    assert not _html(result).foreign


@pytest.mark.parametrize("name", [name for name in RESULTS if name not in ("card", "run")])
def test_html_has_what_the_terminal_has(db: xp.Database, tmp_path: Path, name: str) -> None:
    result = RESULTS[name](db, tmp_path)
    out = console()
    with out.capture() as captured:
        out.print(result)
    printed = " ".join(captured.get().split())
    results = _html(result)
    for text in (*results.heads, *results.cells):
        assert " ".join(text.split()) in printed


def test_the_tables_of_a_notebook_have_the_columns_of_the_command(db: xp.Database) -> None:
    result = _html(db.evaluate("news", resamples=20))
    assert result.heads == [
        "labels", "label", "precision", "recall", "F1", "95 % interval", "correct", "predicted", "gold"
    ]  # fmt: skip
    assert result.cells[:3] == ["en → de", "LOC", "62.5"]


def test_foreign_text_is_no_markup(db: xp.Database) -> None:
    nasty = "<script>alert(1)</script> [bold]x[/bold] [/] :smile: & \"'"
    rows = db.query("SELECT '" + nasty.replace("'", "''").replace(":smile", "' || ':' || 'smile") + '\' AS "a[/b]<i>"')
    assert rows.to_dict() == [{"a[/b]<i>": nasty}]
    result = _html(rows)
    assert (result.heads, result.cells, result.foreign) == (["a[/b]<i>"], [nasty], set())
    out = console()
    with out.capture() as captured:
        out.print(rows)
    assert nasty in captured.get()


def test_foreign_text_in_lines_is_no_markup(db: xp.Database, tmp_path: Path) -> None:
    for lang, word in (("en", "[red]x"), ("de", "[/red]")):
        path = tmp_path / f"nasty.test.{lang}.conll"
        path.write_text(f"<b>Anna</b>\tB-PER\n{word}\tO\n", encoding="utf-8")
    db.import_parallel("nasty", en=tmp_path / "nasty.test.en.conll", de=tmp_path / "nasty.test.de.conll")
    explained = db.run(xp.Recipe(**{**SETTINGS, "name": "nasty", "corpora": ["nasty"]})).explain("nasty/de/test-1")
    assert not _html(explained).foreign
    assert "&lt;b&gt;Anna" in explained._repr_html_()
    out = console()
    with out.capture() as captured:
        out.print(explained)
    assert "[red]x" in captured.get()
    assert "[/red]" in captured.get()


def test_rows_are_streamed_once_or_kept(db: xp.Database, tmp_path: Path) -> None:
    big = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT i, NULL AS e FROM n"
    streamed = db.query(big)
    assert [len(block) for block in streamed.blocks()] == [5000, 5000, 2000]
    with pytest.raises(UsageError):
        list(streamed.blocks())
    kept = db.query(big)
    assert len(kept) == 12000
    assert kept.to_arrow().num_rows == sum(len(block) for block in kept.blocks()) == 12000
    db.query(big).write(tmp_path / "rows.jsonl", "jsonl")
    assert len((tmp_path / "rows.jsonl").read_text().splitlines()) == 12000
    with pytest.raises(UsageError):
        kept.write(tmp_path / "rows.xls", "xls")  # type: ignore[arg-type]
    assert not (tmp_path / "rows.xls").exists()


def test_a_short_answer_leaves_no_transaction_open(db: xp.Database, write_conll: Write) -> None:
    rows = db.query("SELECT count(*) AS n FROM sentence")
    with db.store.write(wait=False) as connection:
        connection.exec_driver_sql("DELETE FROM export")
    assert rows.to_dict() == [{"n": 20}]
    assert db.import_parallel("more", write_sample(write_conll, 3)).report.added == 6


def test_an_empty_answer_has_its_columns(db: xp.Database) -> None:
    rows = db.query("SELECT id, lang FROM sentence WHERE 1 = 0")
    assert rows.to_arrow().column_names == ["id", "lang"]
    assert list(rows.to_pandas().columns) == ["id", "lang"]
    assert _html(rows).heads == ["id", "lang"]


def test_what_is_left_out_is_said_in_a_notebook_too(db: xp.Database, write_conll: Write) -> None:
    db.import_parallel("news", write_sample(write_conll, 13))
    evaluation = db.evaluate("news", resamples=20)
    assert evaluation.notes == ["en → de: 3 sentences with gold labels are not projected yet; use xprojdb run"]
    assert "3 sentences with gold labels" in evaluation._repr_html_()


def test_a_repr_says_what_it_is(db: xp.Database) -> None:
    assert repr(db.labels("news")).startswith("<Labels of news in ")
    assert repr(db).startswith("<Database ")
    assert repr(db.vacuum()).startswith("<VacuumResult VacuumReport(before=")


def test_a_card_is_drawn_the_same_each_time(db: xp.Database, tmp_path: Path) -> None:
    db.export(tmp_path / "hf", recipe="news")
    card: Any = xp.read_card(tmp_path / "hf", recipe_text=False)
    for name in ("a.svg", "b.svg"):
        card.to_svg(tmp_path / name)
    assert (tmp_path / "a.svg").read_bytes() == (tmp_path / "b.svg").read_bytes()

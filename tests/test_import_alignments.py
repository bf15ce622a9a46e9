"""Imported alignments: read from Pharaoh files, checked, stored as a step of their own, used by recipes."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import import_sample, labels
from sqlalchemy import select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import InputError, UsageError
from xprojdb.execution.pending import count_undone
from xprojdb.execution.run import run_plan
from xprojdb.importing import line_order
from xprojdb.importing.alignments import AlignmentFile, AlignmentReport, import_alignments
from xprojdb.importing.corpus_files import CorpusInfo, ImportRefused, corpus_file
from xprojdb.importing.files import import_files
from xprojdb.planning.planner import plan_recipe
from xprojdb.readers.parallel import alignments

ENGLISH = ["Anna/B-PER met Tom/B-PER", "nobody came", "in Turin/B-LOC"]
GERMAN = ["Tom traf Anna", "niemand kam", "in Turin"]
RECIPE = """
name = "sample"
corpora = ["news"]
source = ["en"]
target = ["de"]
[align]
aligner = "imported"
name = "hand"
[[scorer]]
"""


@pytest.fixture
def news(database: Database, write_conll: Callable[..., Path]) -> Database:
    import_sample(database, write_conll, {"en": ENGLISH, "de": GERMAN})
    return database


@pytest.fixture
def sqlite_news(sqlite_database: Database, write_conll: Callable[..., Path]) -> Database:
    import_sample(sqlite_database, write_conll, {"en": ENGLISH, "de": GERMAN})
    return sqlite_database


@pytest.fixture
def pharaoh(tmp_path: Path) -> Callable[..., AlignmentFile]:
    def write(text: str, langs: tuple[str, str] = ("en", "de"), **options: object) -> AlignmentFile:
        path = tmp_path / "hand.pharaoh"
        path.write_text(text, encoding="utf-8")
        return AlignmentFile(path, "news", langs, "hand", **options)  # type: ignore[arg-type]

    return write


def stored(database: Database) -> list[str]:
    with database.read() as connection:
        query = select(t.alignment.c.links).order_by(t.alignment.c.translation_id)
        return list(connection.execute(query).scalars())


@pytest.mark.slow
def test_a_recipe_projects_over_imported_links(news: Database, pharaoh: Callable[..., AlignmentFile]) -> None:
    report = import_alignments(news, pharaoh("0-2 1-1 2-0\n\n0-0 1-1\n"))
    assert report == AlignmentReport("hand", 3, 3, 5)
    assert stored(news) == ["0-2:1 1-1:1 2-0:1", "0-0:1 1-1:1"]
    ran = run_plan(news, plan_recipe(news, parse_recipe(RECIPE)))
    assert [(step.done, step.failed) for step in ran.steps] == [(0, 0), (3, 0), (3, 0)]
    assert ran.steps[0].title == "align as imported (hand)"
    assert [row[1:] for row in labels(news)] == [(0, 1, "PER"), (2, 3, "PER"), (1, 2, "LOC")]


def test_the_same_file_again_adds_nothing(
    news: Database, pharaoh: Callable[..., AlignmentFile], row_counts: Callable[..., dict[str, int]]
) -> None:
    import_alignments(news, pharaoh("0-2\n\n0-0\n"))
    before = row_counts(news)
    assert import_alignments(news, pharaoh("0-2\n\n0-0\n")) == AlignmentReport("hand", 3, 0, 0)
    assert row_counts(news) == before


def test_words_may_be_given_the_other_way_round(news: Database, pharaoh: Callable[..., AlignmentFile]) -> None:
    import_alignments(news, pharaoh("2-0:0.5 0-2:0.25 2-0:0.75\n\n\n", langs=("de", "en")))
    assert stored(news) == ["0-2:0.75 2-0:0.25"]


def test_lines_with_ids_may_be_some_in_any_order(news: Database, pharaoh: Callable[..., AlignmentFile]) -> None:
    import_alignments(news, pharaoh("all-3\t1-1\nall-1\t0-2\n", ids=True))
    assert stored(news) == ["0-2:1", "1-1:1"]
    plan = plan_recipe(news, parse_recipe(RECIPE))
    assert [step.done for step in run_plan(news, plan).steps] == [0, 2, 2]
    aligned = plan.stages[0]
    with news.read() as connection:
        assert count_undone(connection, aligned, plan.pairs[aligned.spec]) == 1, "the other one waits for an import"
    assert import_alignments(news, pharaoh("all-2\t0-0\n", ids=True)).added == 1
    assert [step.done for step in run_plan(news, plan).steps] == [0, 1, 1]


@pytest.mark.parametrize(
    ("text", "options", "line"),
    [
        ("0-2\n0-0 1-2\n0-0\n", {}, 2),
        ("3-0\n\n\n", {}, 1),
        ("0-2\n\n", {}, 2),
        ("0-2\n\n\n0-0\n", {}, 4),
        ("all-1\t0-0\nall-1\t1-1\n", {"ids": True}, 2),
        ("all-9\t0-0\n", {"ids": True}, 1),
        ("0-2\n\nA-0\n", {}, 3),
        ("0-2\n\n0-0:1.5\n", {}, 3),
        ("0-2\n", {"ids": True}, 1),
    ],
)
def test_a_refused_file_stores_nothing(
    sqlite_news: Database,
    pharaoh: Callable[..., AlignmentFile],
    row_counts: Callable[..., dict[str, int]],
    text: str,
    options: dict[str, bool],
    line: int,
) -> None:
    before = row_counts(sqlite_news)
    file = pharaoh(text, **options)
    with pytest.raises(InputError) as caught:
        import_alignments(sqlite_news, file)
    assert (str(caught.value.file), caught.value.line) == (str(file.path), line)
    assert row_counts(sqlite_news) == before


def test_other_links_under_a_name_that_is_taken(sqlite_news: Database, pharaoh: Callable[..., AlignmentFile]) -> None:
    import_alignments(sqlite_news, pharaoh("0-2\n\n0-0\n"))
    with pytest.raises(ImportRefused) as caught:
        import_alignments(sqlite_news, pharaoh("0-2\n0-0\n0-0\n"))
    assert caught.value.line == 2


@pytest.mark.parametrize(("changes", "field"), [({"langs": ("en", "sw")}, "langs"), ({"part": "train"}, "langs")])
def test_nothing_to_align(
    sqlite_news: Database, pharaoh: Callable[..., AlignmentFile], changes: dict[str, object], field: str
) -> None:
    with pytest.raises(UsageError) as caught:
        import_alignments(sqlite_news, pharaoh("0-0\n", **changes))
    assert field in caught.value.fields


@pytest.mark.slow
def test_the_command(
    address: str, run_cli: Callable[..., object], write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    from xprojdb.db import open_database

    with open_database(address) as database:
        import_sample(database, write_conll, {"en": ENGLISH, "de": GERMAN})
    (tmp_path / "hand.txt").write_text("0-2\n\n0-0\n")
    command = ("import", "alignments", "hand.txt", "--corpus", "news", "--langs", "eng,German", "--name", "hand")
    done = run_cli("--db", address, *command, "--json")
    assert json.loads(done.stdout) == {"name": "hand", "lines": 3, "added": 3, "links": 2}
    (tmp_path / "hand.txt").write_text("0-2\n7-0\n0-0\n")
    refused = run_cli("--db", address, *command)
    assert refused.code == 1 and "hand.txt:2:" in refused.stderr


@pytest.mark.parametrize("seed", range(6))
def test_lines_find_their_translations_whatever_the_direction_part_and_order(
    database: Database,
    pharaoh: Callable[..., AlignmentFile],
    write_conll: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    draw = random.Random(seed)
    monkeypatch.setattr(line_order, "BLOCK", draw.randint(1, 5))
    monkeypatch.setattr(line_order, "_IDS", draw.randint(1, 5))
    monkeypatch.setattr(alignments, "BLOCK", draw.randint(1, 5))
    for part in draw.sample(["all", "dev"], 2):
        texts = [" ".join("w" * draw.randint(1, 4)) for _ in range(draw.randint(3, 9))]
        order = draw.sample(["en", "de", "it"], 3)
        files = [
            corpus_file(
                write_conll(f"{part}.{lang}.conll", *(f"{lang}{n} {text}" for n, text in enumerate(texts))),
                lang,
                form="conll",
                part=part,
            )
            for lang in order
        ]
        import_files(database, CorpusInfo("news"), files, parallel=True)
    langs = tuple(draw.sample(["en", "de"], 2))
    part = draw.choice([None, "all", "dev"])
    expected = _expected(database, langs, part)
    lines = [f"{draw.randrange(n)}-{draw.randrange(m)}" if draw.random() < 0.8 else "" for _, _, n, m, _ in expected]
    texts = dict(zip([key for _, key, *_ in expected], _turned(lines, expected), strict=True))
    ids = draw.random() < 0.5
    if ids:
        lines = [f"{row[0]}\t{text}" for row, text in zip(expected, lines, strict=True)]
        draw.shuffle(lines)
    report = import_alignments(database, pharaoh("\n".join(lines) + "\n", langs, part=part, ids=ids))
    assert (report.lines, report.added) == (len(lines), len(lines))
    assert dict(zip(_keys(database), stored(database), strict=True)) == {k: text for k, text in texts.items() if text}


def _turned(lines: list[str], expected: list[tuple[str, int, int, int, bool]]) -> list[str]:
    cells = (line.split("-") for line in lines)
    turned = (cell[::-1] if row[4] else cell for cell, row in zip(cells, expected, strict=True))
    return [f"{'-'.join(cell)}:1" if len(cell) > 1 else "" for cell in turned]


def _keys(database: Database) -> list[int]:
    with database.read() as connection:
        return list(
            connection.execute(select(t.alignment.c.translation_id).order_by(t.alignment.c.translation_id)).scalars()
        )


def _expected(database: Database, langs: tuple[str, ...], part: str | None) -> list[tuple[str, int, int, int, bool]]:
    """Id of the left sentence, key, words on the left and on the right, and whether the left is the rendering."""
    with database.read() as connection:
        files = {row.id: row.part for row in connection.execute(select(t.source_file))}
        sentences = {row.id: row for row in connection.execute(select(t.sentence))}
        rows = connection.execute(select(t.translation).order_by(t.translation.c.id)).all()
    results = []
    for row in rows:
        if {row.original_lang, row.rendering_lang} == set(langs):
            swapped = row.original_lang != langs[0]
            left, right = (sentences[key] for key in (row.original_id, row.rendering_id)[:: -1 if swapped else 1])
            if part in (None, files[left.source_file_id]):
                results.append((left.id, row.id, (left.external_id, row.id, left.n_words, right.n_words, swapped)))
    return [message for _, _, message in sorted(results)]

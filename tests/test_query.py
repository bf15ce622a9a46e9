"""``xprojdb query``: SQL that reads, the views behind it, and every form of answer."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, import_sample, plan_of

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.provenance.query import ask


@pytest.fixture
def projected(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Database:
    """Twelve sentences with Anna Berg and Turin, projected from English onto German."""
    import_sample(database, write_conll, {"en": english(12), "de": german(12)})
    run_plan(database, plan_of(database, tmp_path))
    return database


def rows(database: Database, sql: str) -> list[tuple[Any, ...]]:
    with ask(database, sql) as answer:
        return [row for block in answer.blocks for row in block]


def test_a_label_leads_to_its_source_and_its_step(projected: Database) -> None:
    sql = (
        "SELECT sentence, text, label, source_lang, source_text, source_label, step_kind, recipe FROM v_label "
        "WHERE external_id = 'all-1' ORDER BY ordinal"
    )
    assert rows(projected, sql) == [
        ("news/de/all-1", "Anna Berg", "PER", "en", "Anna Berg", "PER", "project", "sample"),
        ("news/de/all-1", "Turin", "LOC", "en", "Turin", "LOC", "project", "sample"),
    ]


def test_the_views_have_every_row_once(projected: Database) -> None:
    views = {
        "v_label": "label", "v_candidate": "candidate", "v_outcome": "outcome",
        "v_translation": "translation", "v_links": "alignment",
    }  # fmt: skip
    for view, table in views.items():
        assert rows(projected, f"SELECT count(*) FROM {view}") == rows(projected, f"SELECT count(*) FROM {table}")


def test_a_label_leads_to_its_translation_its_links_and_every_step_behind_it(projected: Database) -> None:
    sql = (
        "SELECT t.original_text, t.rendering_text, t.step_kind, v_links.links FROM v_label AS l "
        "JOIN v_translation AS t ON t.translation_id = l.translation_id "
        "JOIN v_links ON v_links.translation_id = l.translation_id "
        "WHERE l.external_id = 'all-5' OR l.external_id = 'all-6' AND l.ordinal = 0"
    )
    (row,) = rows(projected, sql)
    assert row[:3] == ("Anna Berg met 5 people in Turin", "Anna Berg traf 5 Leute in Turin", "import")
    assert row[3].startswith("0-0:0.9 1-1:0.9 2-2:0.9")
    behind = "SELECT DISTINCT b.role, b.input_kind, b.input = (SELECT step FROM v_links LIMIT 1) FROM v_upstream AS b "
    result = rows(projected, behind + "JOIN v_label AS l ON l.step_id = b.step_id ORDER BY b.role")
    assert [(role, kind, bool(links)) for role, kind, links in result] == [
        ("alignment", "align", True), ("entities", "import", False), ("score:soft:aligned", "score", False)
    ]  # fmt: skip


def test_candidates_are_shown_with_their_origin(projected: Database) -> None:
    (row,) = rows(projected, "SELECT count(*), count(origin) FROM v_candidate")
    assert row[0] > 0
    assert row[1] == 0


def test_colons_and_percent_signs_are_sql(projected: Database) -> None:
    assert rows(projected, "SELECT ':x', 'a%b' WHERE 'ab' LIKE 'a%'") == [(":x", "a%b")]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM label",
        "INSERT INTO corpus (name) VALUES ('x')",
        "DROP VIEW v_label",
        "SELEC 1",
        "SELECT nothing FROM label",
        "",
    ],
)
def test_sql_that_writes_or_is_wrong_is_refused(projected: Database, row_counts: Any, sql: str) -> None:
    before = row_counts(projected)
    with pytest.raises(UsageError) as caught:
        rows(projected, sql)
    assert caught.value.sql == sql
    assert row_counts(projected) == before


@pytest.mark.slow
def test_every_form_says_the_same(run_cli: Any, projected: Database, tmp_path: Path) -> None:
    address = projected.engine.url.render_as_string(hide_password=False)
    sql = "SELECT external_id, label, score FROM v_label ORDER BY sentence_id, ordinal"
    expected = rows(projected, sql)

    def query(*arguments: str) -> str:
        done = run_cli("--db", address, "query", sql, *arguments)
        assert done.code == 0, done.stderr
        return str(done.stdout)

    as_dicts = [dict(zip(("external_id", "label", "score"), row, strict=True)) for row in expected]
    assert json.loads(query("--json")) == as_dicts
    assert [json.loads(line) for line in query("--format", "jsonl").splitlines()] == as_dicts
    read = list(csv.reader(io.StringIO(query("--format", "csv"))))
    assert read[0] == ["external_id", "label", "score"]
    assert [(name, label, float(score)) for name, label, score in read[1:]] == expected
    shown = query().splitlines()
    assert len(shown) == 1 + len(expected)
    parquet = pytest.importorskip("pyarrow.parquet")
    query("--format", "parquet", "--output", str(tmp_path / "labels.parquet"))
    assert parquet.read_table(tmp_path / "labels.parquet").to_pylist() == as_dicts


def test_the_command_refuses_in_one_line(run_cli: Any, projected: Database) -> None:
    address = projected.engine.url.render_as_string(hide_password=False)
    done = run_cli("--db", address, "query", "DELETE FROM label")
    assert done.code == 2
    assert "Traceback" not in done.stderr

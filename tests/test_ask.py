"""Ready questions: each runs on both databases, is refused in words, and tells what is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from damaged import build
from gold_sample import SENTENCES, Forgetful, import_gold, run_named
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import func, select

from xprojdb.db import Database
from xprojdb.db.tables import label, outcome
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.provenance.questions import QUESTIONS, QuestionScope, ask_question

Write = Callable[..., Path]
Rows = list[dict[str, Any]]


@pytest.fixture
def combined(database: Database, write_conll: Write, tmp_path: Path) -> Database:
    """Three sources that disagree about German, and what they agree on."""
    build(database, write_conll, tmp_path)
    return database


def asked(database: Database, name: str, **chosen: Any) -> Rows:
    with ask_question(database, name, QuestionScope(**chosen)) as answer:
        return [dict(zip(answer.columns, row, strict=True)) for block in answer.blocks for row in block]


@pytest.mark.slow
def test_every_question_runs_with_and_without_filters(combined: Database) -> None:
    for name in QUESTIONS:
        whole = asked(combined, name)
        assert len(asked(combined, name, recipe="sample", lang="de", corpus="news", limit=1)) == min(1, len(whole)), (
            name
        )


def test_the_weakest_labels_come_first(combined: Database) -> None:
    rows = asked(combined, "low-margin")
    margins = [row["margin"] for row in rows]
    assert margins == sorted(margins)
    with combined.read() as connection:
        lowest = select(func.min(label.c.margin), func.count()).where(label.c.translation_id == 0)
        assert connection.execute(lowest).one() == (margins[0], len(rows))
    assert rows[0]["text"]
    assert {row["sentence"].split("/")[1] for row in rows} == {"de"}
    scores = [row["score"] for row in asked(combined, "low-score", limit=3)]
    assert scores == sorted(scores)


def test_disagreements_show_every_vote(combined: Database) -> None:
    (row,) = [entry for entry in asked(combined, "disagreements") if entry["sentence"] == "news/de/first-3"]
    assert row["text"] == "Mira"
    assert sorted(row["votes"].split("; ")) == ["en PER Mira", "es LOC Mira"]


def test_conflicts_are_between_translations(combined: Database) -> None:
    values = {
        (row["one_source"], row["one_label"], row["other_source"], row["other_label"])
        for row in asked(combined, "conflicts")
    }
    assert ("en", "PER", "es", "LOC") in values


def test_lost_entities_are_told_with_why(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    run_named(database, tmp_path, "sample", Forgetful("Lin"))
    rows = asked(database, "lost-entities")
    lin = [row for row in rows if row["text"] == "Lin"]
    assert [(row["source"], row["target"], row["label"], row["why"]) for row in lin] == [
        ("news/en/all-1", "news/de/all-1", "PER", "no-candidates")
    ]


def test_a_label_that_the_mapping_drops_is_not_lost(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    plan = plan_of(database, tmp_path, top='labels = ["PER"]\n')
    run_plan(database, plan)
    assert asked(database, "lost-entities") == []


def test_an_entity_below_the_threshold_was_not_chosen(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    run_plan(database, plan_of(database, tmp_path, "[project]\nmin_score = 5.0"))
    rows = asked(database, "lost-entities")
    assert len(rows) == 6
    assert all(row["why"] in ("not-chosen", "no-candidates") and row["best_score"] > 0 for row in rows)


def test_counts_add_up(combined: Database) -> None:
    with combined.read() as connection:
        outcomes = connection.execute(select(func.count()).select_from(outcome)).scalar_one()
        consensus = connection.execute(select(func.count()).where(label.c.translation_id == 0)).scalar_one()
    assert sum(row["items"] for row in asked(combined, "by-run", limit=100)) == outcomes
    assert sum(row["labels"] for row in asked(combined, "by-language")) == consensus
    assert sum(row["labels"] for row in asked(combined, "frequent", limit=100)) == consensus
    for row in asked(combined, "by-step"):
        assert row["items"] == row["ok"] + row["empty"] + row["filtered"] + row["failed"]


def test_phrases_with_several_labels_are_inconsistent(database: Database, write_conll: Write, tmp_path: Path) -> None:
    labelled = ["Turin/B-LOC sleeps", "Turin/B-LOC wins", "see Turin/B-ORG"]
    import_sample(database, write_conll, {"en": labelled, "de": ["Turin schläft", "Turin siegt", "sieh Turin"]})
    run_plan(database, plan_of(database, tmp_path))
    (row,) = asked(database, "inconsistent")
    assert (row["text"], row["labels"], row["different"]) == ("Turin", 3, 2)
    assert sorted(row["labelled"].split(", ")) == ["LOC 2", "ORG 1"]


def test_failures_are_told(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": [*english(3), "poison/B-PER"], "de": [*german(3), "Gift"]})
    run_plan(database, plan_of(database, tmp_path))
    (row,) = asked(database, "failures")
    assert (row["kind"], row["message"]) == ("align", "cannot bear poison")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "chosen"),
    [
        ("nonsense", {}),
        ("low-margin", {"recipe": "x"}),
        ("low-margin", {"corpus": "x"}),
        ("low-margin", {"lang": "xx"}),
    ],
)
def test_what_is_unknown_is_refused(combined: Database, name: str, chosen: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        asked(combined, name, **chosen)


@pytest.mark.slow
def test_the_command_lists_asks_and_shows_its_sql(run_cli: Any, combined: Database) -> None:
    address = combined.engine.url.render_as_string(hide_password=False)
    listed = run_cli("ask")
    assert listed.code == 0
    assert all(name in listed.stdout for name in QUESTIONS)
    rows = json.loads(run_cli("--db", address, "ask", "low-margin", "--limit", "2", "--json").stdout)
    assert len(rows) == 2
    sql = run_cli("--db", address, "ask", "low-margin", "--limit", "2", "--lang", "de", "--sql").stdout
    assert json.loads(run_cli("--db", address, "query", sql, "--json").stdout) == rows


@pytest.mark.parametrize("settings", ['weights = "auto"', "label_consistency = 0.5"])
def test_what_a_draft_lost_and_the_corpora_learned_from_are_not_lost(
    database: Database, write_conll: Write, tmp_path: Path, settings: str
) -> None:
    """A step that learns from corpora counts these as its items: their keys are those of the first translations."""
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    plan = plan_of(database, tmp_path, f"[project]\n{settings}\nmin_score = 5.0")
    run_plan(database, plan)
    rows = asked(database, "lost-entities")
    assert len(rows) == 6
    assert {row["why"] for row in rows} <= {"not-chosen", "no-candidates"}

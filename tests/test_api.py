"""The database object: every command as a method, with the same defaults as the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from api_sample import SETTINGS, TOML, run_sample, write_sample

import xprojdb as xp
from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.errors import DatabaseError, UsageError

Write = Callable[..., Path]


@pytest.fixture
def db(address: str) -> Any:
    """The object of a database on both kinds."""
    with xp.open(address) as opened:
        yield opened


def test_a_recipe_of_python_plans_the_steps_of_its_toml(db: xp.Database, write_conll: Write) -> None:
    db.import_parallel("news", write_sample(write_conll))
    built = db.dry_run(xp.Recipe(**SETTINGS))
    read = db.dry_run(parse_recipe(TOML))
    assert [step["step"] for step in built.to_dict()] == [step["step"] for step in read.to_dict()]
    assert [step["pending"] for step in built.to_dict()] == [10, 10, 10]


@pytest.mark.parametrize(
    "more",
    [
        {"scorer": [{"type": "link_mass", "power": 3.0}, {"name": "b", "type": "edit_similarity", "weight": 0.5}]},
        {"labels": {"PER": "PERSON"}, "splits": ["test"], "project": {"min_score": 0.25}},
        {"labels": ["PER", "LOC"], "tag": {"models": {"en": 'spacy:a"b\\c\td'}}},
        {"export": {"min_margin": 0.1, "tiers": {"gold": 0.5}, "dedupe": True}},
    ],
)
def test_the_text_of_a_recipe_of_python_is_the_same_recipe(more: dict[str, Any]) -> None:
    recipe = xp.Recipe(**{**SETTINGS, **more})
    again = parse_recipe(recipe.to_toml()).recipe
    assert again == recipe
    assert again.digest == recipe.digest


def test_a_run_returns_its_labels(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    labels = run_sample(db, write_conll, tmp_path)
    assert labels.run is not None
    assert (labels.run.report.done, labels.run.report.failed) == (30, 0)
    rows = labels.to_dict()
    assert len(rows) == 16
    assert rows[0] == {
        **rows[0], "sentence": "news/de/test-1", "lang": "de", "split": "test", "start_word": 0, "end_word": 2,
        "text": "Anna Berg", "label": "PER", "source_lang": "en", "source_text": "Anna Berg", "source_label": "PER",
    }  # fmt: skip
    assert db.labels().to_dict() == db.labels("news").to_dict() == rows
    assert labels.counts().to_dict()[0] == {
        "lang": "de", "label": "LOC", "labels": 8, "sentences": 8, "mean_score": pytest.approx(1),
    }  # fmt: skip
    again = db.run(tmp_path / "news.toml")
    assert again.run is not None
    assert again.run.report.run_id is None


def test_labels_are_those_of_the_recipe_alone(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    run_sample(db, write_conll, tmp_path)
    db.import_parallel("other", write_sample(write_conll, 5))
    other = db.run(xp.Recipe(**{**SETTINGS, "name": "other", "corpora": ["other"]}))
    assert {row["corpus"] for row in other.to_dict()} == {"other"}
    assert {row["corpus"] for row in db.labels("news").to_dict()} == {"news"}
    assert {row["step"] for row in other.to_dict()} == {row["step"] for row in db.labels("news").to_dict()}


def test_steps_and_items_of_a_run_can_be_limited(db: xp.Database, write_conll: Write) -> None:
    db.import_parallel("news", write_sample(write_conll))
    partial = db.run(xp.Recipe(**SETTINGS), steps=["align"], limit=4)
    assert partial.run is not None
    assert [(step["title"], step["done"]) for step in partial.run.to_dict()] == [("align by equal words", 4)]
    with pytest.raises(UsageError) as refused:
        db.run(xp.Recipe(**SETTINGS), steps=["tag"])
    assert refused.value.step == "tag"
    with pytest.raises(UsageError) as refused:
        db.run(xp.Recipe(**SETTINGS), gpus_per_worker=1)
    assert refused.value.option == "--gpus-per-worker"


def test_everything_that_is_asked_of_labels(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    labels = run_sample(db, write_conll, tmp_path)
    (total,) = (row for row in labels.evaluate(resamples=20).to_dict() if row["label"] == "all")
    assert (total["correct"], total["predicted"], total["gold"]) == (13, 16, 13)
    explained = labels.explain("news/de/test-1").to_dict()
    assert [(row["entity"], row["text"], row["label"]) for row in explained] == [
        ("Anna Berg", "Anna Berg", "PER"),
        ("Turin", "Turin", "LOC"),
    ]
    exported = labels.export(tmp_path / "out", "conll", labels=["PER"], split_ratios={"train": 0.5, "test": 0.5})
    assert sum(row["sentences"] for row in exported.to_dict()) == 10
    with pytest.raises(UsageError):
        labels.explain("news/en/test-1")


def test_export_keywords_are_the_options_of_the_command(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    labels = run_sample(db, write_conll, tmp_path)
    for wrong, nearest in (("on_low", "on_low_score"), ("budget_pr", "budget_per"), ("min_scor", "min_score")):
        with pytest.raises(UsageError) as refused:
            labels.export(tmp_path / "out", **{wrong: 1})
        assert refused.value.nearest == nearest
    with pytest.raises(UsageError) as refused:
        labels.export(tmp_path / "out", "jsonl", ids=True)
    assert refused.value.format == "jsonl"
    assert not (tmp_path / "out").exists()


def test_imports_refuse_keywords_that_mean_nothing(db: xp.Database, write_conll: Write) -> None:
    files = write_sample(write_conll)
    with pytest.raises(UsageError) as refused:
        db.import_conll(files["en"], corpus="news", lang="en", licence="CC0-1.0")  # type: ignore[call-arg]
    assert refused.value.keyword == "licence"
    with pytest.raises(UsageError):
        db.import_parallel("news", en=files["en"], licence="CC0-1.0")


def test_each_reader_has_its_method(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    files = write_sample(write_conll)
    (tmp_path / "a.txt").write_text("Anna sings\nNobody sings\n", encoding="utf-8")
    (tmp_path / "b.jsonl").write_text(json.dumps({"w": ["Anna"], "tags": ["B-PER"]}) + "\n", encoding="utf-8")
    assert db.import_conll(files["en"], corpus="c", lang="en", license="CC0-1.0").report.added == 10
    assert db.import_conll(files["en"], corpus="c", lang="en").report.added == 0
    assert db.import_text(tmp_path / "a.txt", corpus="t", lang="en").to_dict()[0]["sentences"] == 2
    assert db.import_jsonl(tmp_path / "b.jsonl", corpus="j", lang="en", words_field="w").to_dict()[0]["entities"] == 1
    assert db.import_conll(files["de"], corpus="c", lang="deu", labelled=False).to_dict()[0]["entities"] == 0
    assert db.join("c", ["eng", "de"]).to_dict() == [{"corpus": "c", "langs": "en,de", "added": 10}]
    licenses = db.query("SELECT name, license FROM corpus ORDER BY name").rows
    assert licenses == [("c", "CC0-1.0"), ("j", None), ("t", None)]


def test_maintenance(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    run_sample(db, write_conll, tmp_path)
    assert db.verify().sound
    assert db.check_schema().report.current == db.check_schema().report.head
    assert db.gc(dry_run=True).to_dict() == []
    assert [row["kind"] for row in db.gc(forget=["news"]).to_dict()] == ["align", "score", "project"]
    assert not db.delete_corpus("news", dry_run=True).deleted
    assert db.delete_corpus("news").deleted
    assert db.query("SELECT count(*) AS n FROM sentence").to_dict() == [{"n": 0}]
    assert db.vacuum().report.before > 0


def test_watching_ends_when_no_run_is_going_on(db: xp.Database, write_conll: Write, tmp_path: Path) -> None:
    run_sample(db, write_conll, tmp_path)
    (runs,) = db.watch()
    assert (runs.going_on, runs.failed, runs.to_dict()) == (False, False, [])


def test_functions_on_addresses(bare_address: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError):
        xp.open(bare_address)
    result = xp.upgrade(bare_address)
    assert result.report.current == result.report.head == xp.schema_revision(bare_address).report.current
    copied = xp.copy(bare_address, tmp_path / "copy.db")
    assert {row["rows"] for row in copied.to_dict()} == {0}
    assert xp.downgrade(tmp_path / "copy.db", "base").report.current is None


def test_a_recipe_that_comes_with_the_package() -> None:
    names = [row["name"] for row in xp.list_recipes().to_dict()]
    assert xp.read_recipe(names[0]).text == xp.recipe_text(names[0])
    with pytest.raises(RecipeError) as refused:
        xp.recipe_text("masakaner2")
    assert refused.value.nearest == "masakhaner2"

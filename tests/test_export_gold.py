"""Gold in a data set: a test split of labels that people made beside projected ones, and marked as such."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, plan_of

from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import export_table
from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as, export_conll, export_dataset
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan
from xprojdb.readers import read_conll
from xprojdb.text.spans import Span


def _gold(line: str) -> str:
    """What people said of a German sentence: the boats are a place, and Anna has no surname."""
    return line.replace("Anna", "Anna/B-PER").replace("Boote", "Boote/B-MISC").replace("Turin", "Turin/B-LOC")


@pytest.fixture
def done(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    """German has gold labels in the test split, Spanish has none."""
    for split, first in (("train", 0), ("test", 20)):
        lines = {"en": english(10, first), "de": german(10, first), "es": german(10, first)}
        if split == "test":
            lines["de"] = list(map(_gold, lines["de"]))
        files = []
        for lang, own in lines.items():
            labelled = lang == "en" or (lang, split) == ("de", "test")
            path = write_conll(f"news.{split}.{lang}.conll", *own)
            files.append(corpus_file(path, lang, form="conll", split=split, labelled=labelled))
        import_files(database, CorpusInfo("news"), files, parallel=True)
    plan = plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["de", "es"]')
    run_plan(database, plan)
    return plan


def rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text(encoding="utf-8").splitlines()]


def test_a_gold_test_split_stands_beside_projected_training_data(
    database: Database, done: Plan, tmp_path: Path
) -> None:
    report = export_as("jsonl", database, done, tmp_path / "out", table=ExportTable(gold_splits=("test",)))
    # Spanish has no gold, and its test split would not be one.
    assert report.counts == {"de.train.jsonl": 10, "de.test.jsonl": 10, "es.train.jsonl": 10}
    assert report.removed == {"gold_splits": 20}
    test, train = rows(tmp_path / "out", "de.test.jsonl"), rows(tmp_path / "out", "de.train.jsonl")
    assert {entry["annotation"] for entry in test} == {"gold"}
    assert {entry["annotation"] for entry in train} == {"projected"}
    assert [(entry["text"], entry["score"], entry["margin"]) for entry in test[0]["entities"]] == [
        ("Anna", None, None), ("Turin", None, None),
    ]  # fmt: skip
    assert (test[4]["ner_tags"], test[4]["source"]) == (["O", "O", "O", "B-MISC"], None)
    assert train[0]["ner_tags"][:2] == ["B-PER", "I-PER"]


def test_no_projected_sentence_is_a_gold_one_or_its_translation(database: Database, done: Plan, tmp_path: Path) -> None:
    cut = {"split_ratios": {"train": 0.5, "validation": 0.5}}
    export_as("jsonl", database, done, tmp_path / "mixed", table=ExportTable(**cut))
    table = ExportTable(gold_splits=("test",), **cut)
    report = export_as("jsonl", database, done, tmp_path / "out", table=table)
    test = {row["id"].rpartition("/")[2] for row in rows(tmp_path / "out", "de.test.jsonl")}
    others = [name for name in report.counts if "test" not in name]
    silver = {row["id"].rpartition("/")[2] for name in others for row in rows(tmp_path / "out", name)}
    assert len(test) == 10
    assert not test & silver


def test_gold_alone_can_be_exported(database: Database, done: Plan, tmp_path: Path) -> None:
    report = export_conll(database, done, tmp_path / "out", table=ExportTable(gold_splits=("all",)))
    assert report.counts == {"de.test.conll": 10}
    first = next(iter(read_conll(tmp_path / "out" / "de.test.conll")))
    assert first.entities == (Span(0, 1, "PER"), Span(6, 7, "LOC"))


def test_sentences_with_gold_may_keep_their_place(database: Database, done: Plan, tmp_path: Path) -> None:
    table = ExportTable(prefer_gold=True, tiers={"good": 0.0})
    report = export_as("jsonl", database, done, tmp_path / "out", table=table)
    assert report.counts["es.test.jsonl"] == 10
    german, spanish = (rows(tmp_path / "out", f"{lang}.test.jsonl") for lang in ("de", "es"))
    assert {entry["annotation"] for entry in german} == {"gold"}
    assert {entry["tier"] for entry in german} == {"reviewed"}
    assert {entry["tier"] for entry in spanish} == {"good", None}
    assert len(german[0]["entities"][0]["text"].split()) == 1
    of_labels = [{entity["annotation"] for row in own for entity in row["entities"]} for own in (german, spanish)]
    assert of_labels == [{"gold"}, {"projected"}]


def test_gold_with_a_name_is_preferred() -> None:
    assert export_table("", {"gold": "round-1"}).prefer_gold
    assert not export_table("", {"gold": "round-1", "gold_splits": ["test"]}).prefer_gold


def test_the_card_tells_gold_from_silver(database: Database, done: Plan, tmp_path: Path) -> None:
    export_dataset(database, done, tmp_path / "out", table=ExportTable(gold_splits=("test",)))
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "annotations_creators:\n- machine-generated\n- found\n" in card
    assert "## Gold labels" in card
    assert "| de | test | 10 |" in card
    assert "No person has checked the projected labels." in card
    assert [line.split("`")[1] for line in card.splitlines() if line.startswith("- `")] == ["projected", "gold"]


def test_gold_and_projected_splits_open_together(database: Database, done: Plan, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_dataset(database, done, tmp_path / "out", table=ExportTable(gold_splits=("test",)))
    loaded = datasets.load_dataset(str(tmp_path / "out"), "de", cache_dir=str(tmp_path / "cache"))
    assert {name: set(split["annotation"]) for name, split in loaded.items()} == {
        "train": {"projected"}, "test": {"gold"},
    }  # fmt: skip
    assert loaded["test"][0]["scores"] == [None, None]


def test_names_of_configurations_stay_when_a_language_comes(database: Database, done: Plan, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_dataset(database, done, tmp_path / "one", targets=["de"])
    export_dataset(database, done, tmp_path / "two")
    names = [datasets.get_dataset_config_names(str(tmp_path / folder)) for folder in ("one", "two")]
    assert [sorted(name) for name in names] == [["all", "de"], ["all", "de", "es"]]
    labels = [
        datasets.load_dataset(str(tmp_path / folder), "de", cache_dir=str(tmp_path / "cache"))["train"].features
        for folder in ("one", "two")
    ]
    assert labels[0] == labels[1]


def test_gold_that_is_not_there_is_refused(database: Database, done: Plan, tmp_path: Path) -> None:
    with pytest.raises(RecipeError):
        export_table("", {"gold": "round-1", "prefer_gold": False})
    with pytest.raises(RecipeError):
        export_table("", {"tiers": {"reviewed": 0.5}})
    with pytest.raises(UsageError) as caught:
        export_conll(database, done, tmp_path / "out", table=ExportTable(gold="round-1", prefer_gold=True))
    assert caught.value.gold == "round-1"

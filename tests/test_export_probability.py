"""Data sets by the probability that labels are right, as a calibration has learned it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, plan_of

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as, export_dataset
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan
from xprojdb.review.calibration.model import calibrate
from xprojdb.review.export_references import ReviewReferences


@pytest.fixture
def done(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    """Places are right in the gold labels of German, and persons are not."""
    gold = [line.replace("Anna", "Anna/B-PER").replace("Turin", "Turin/B-LOC") for line in german(300)]
    sides = {"en": english(300), "de": gold}
    files = [
        corpus_file(write_conll(f"news.{lang}.conll", *lines), lang, form="conll", labelled=True)
        for lang, lines in sides.items()
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)
    plan = plan_of(database, tmp_path)
    run_plan(database, plan)
    return plan


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "de.train.jsonl").read_text(encoding="utf-8").splitlines()]


def test_what_was_not_learned_is_refused(database: Database, done: Plan, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        export_as(
            "jsonl",
            database,
            done,
            tmp_path / "out",
            table=ExportTable(min_probability=0.5),
            references=ReviewReferences(),
        )
    assert caught.value.lang == "de"


def test_labels_below_a_probability_are_left_out(database: Database, done: Plan, tmp_path: Path) -> None:
    calibrate(database, done.projections[0].step.step_id, lang="de")
    table = ExportTable(min_probability=0.5, on_low_score="label", tiers={"sure": 0.9}, tier_by="probability")
    export_as("jsonl", database, done, tmp_path / "out", table=table, references=ReviewReferences())
    result = rows(tmp_path / "out")
    assert {entry["label"] for row in result for entry in row["entities"]} == {"LOC"}
    assert {row["tier"] for row in result if row["entities"]} == {"sure"}


def test_the_card_shows_how_reliable_probabilities_are(database: Database, done: Plan, tmp_path: Path) -> None:
    calibrate(database, done.projections[0].step.step_id, lang="de")
    table = ExportTable(tiers={"sure": 0.9}, tier_by="probability")
    export_dataset(database, done, tmp_path / "out", table=table, references=ReviewReferences())
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "## Reliability of the probabilities" in card
    assert "de: learned from 480 labels" in card
    assert "██████████" in card

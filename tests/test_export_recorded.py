"""Exports out of the database: what is written, that it is recorded, and that it can be written again to the byte."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import export, run
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_conll, export_dataset
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import bind_plan
from xprojdb.readers import read_conll
from xprojdb.text.spans import Span


@pytest.fixture
def done(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> Plan:
    """A plan that has been run: Anna Berg and Turin, projected from English onto German."""
    import_sample(database, write_conll, {"en": english(12), "de": german(12)})
    plan = plan_of(database, tmp_path)
    run_plan(database, plan)
    return plan


def _bytes(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_conll_holds_the_projected_labels(database: Database, done: Plan, tmp_path: Path) -> None:
    report = export_conll(database, done, tmp_path / "out", with_ids=True)
    assert report.counts == {"de.train.conll": 12}
    records = list(read_conll(tmp_path / "out" / "de.train.conll"))
    assert [len(record.words) for record in records] == [4 if n % 5 == 4 else 7 for n in range(12)]
    assert records[0].entities == (Span(0, 2, "PER"), Span(6, 7, "LOC"))
    assert records[4].entities == ()
    assert records[0].external_id == "news/de/all-1"


def test_a_data_set_opens_with_datasets(database: Database, done: Plan, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    evaluated = export_dataset(database, done, tmp_path / "hf")
    assert evaluated.counts == {"de/train": 12}
    loaded = datasets.load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"), split="train")
    names = loaded.features["ner_tags"].feature.names
    row = loaded[0]
    assert [names[tag] for tag in row["ner_tags"]] == ["B-PER", "I-PER", "O", "O", "O", "O", "B-LOC"]
    assert (row["id"], row["source"]) == ("news/de/all-1", "news/en/all-1")
    assert len(row["scores"]) == len(row["margins"]) == 2
    assert row["step"] == done.projections[0].step.spec.digest
    assert row["text"] == "Anna Berg traf 0 Leute in Turin"
    person, place = row["entities"]
    assert {**person, "score": 0, "margin": 0} == {
        "start": 0, "end": 9, "label": "PER", "text": "Anna Berg", "score": 0, "margin": 0, "annotation": "projected",
    }  # fmt: skip
    assert (row["text"][place["start"] : place["end"]], place["label"]) == ("Turin", "LOC")
    assert [entry["score"] for entry in row["entities"]] == row["scores"]


def test_the_same_export_twice_is_the_same_to_the_byte(database: Database, done: Plan, tmp_path: Path) -> None:
    for folder in ("one", "two"):
        export_conll(database, done, tmp_path / folder / "conll")
        export_dataset(database, done, tmp_path / folder / "data")
    assert _bytes(tmp_path / "one") == _bytes(tmp_path / "two")
    before = _bytes(tmp_path / "one")
    export_dataset(database, done, tmp_path / "one" / "data")
    assert _bytes(tmp_path / "one") == before


def test_an_export_is_recorded(database: Database, done: Plan, tmp_path: Path) -> None:
    report = export_dataset(database, done, tmp_path / "hf")
    with database.read() as connection:
        row = connection.execute(select(export)).one()
        ran = connection.execute(select(run).where(run.c.id == row.run_id)).one()
    assert json.loads(row.checksums) == report.checksums
    assert report.checksums["README.md"] == _bytes(tmp_path / "hf")["README.md"]
    assert json.loads(row.counts) == {"de/train": 12}
    assert json.loads(row.query)["projections"][0]["step"] == done.projections[0].step.spec.digest
    assert (row.recipe_digest, ran.status) == (done.recipe.digest, "done")


def test_the_card_has_the_scores_and_the_steps(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    gold = [line.replace("Anna Berg", "Anna/B-PER Berg/I-PER") for line in german(10)]
    sides = {"en": english(10), "de": gold}
    files = [corpus_file(write_conll(f"{lang}.conll", *lines), lang, form="conll") for lang, lines in sides.items()]
    import_files(database, CorpusInfo("news", license="CC-BY-NC-4.0"), files, parallel=True)
    plan = plan_of(database, tmp_path)
    run_plan(database, plan)
    [score] = evaluate_projections(database, plan.projections)
    export_dataset(database, plan, tmp_path / "hf")
    card = (tmp_path / "hf" / "README.md").read_text(encoding="utf-8")
    assert f"{100 * score.total[0].f1:.1f}" in card
    assert plan.projections[0].step.spec.digest[:8] in card
    assert "CC-BY-NC-4.0" in card


def test_a_target_with_several_sources_needs_a_choice(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    sides = {"en": english(5), "fr": english(5), "de": german(5)}
    files = [
        corpus_file(write_conll(f"{lang}.conll", *lines), lang, form="conll", labelled=lang != "de")
        for lang, lines in sides.items()
    ]
    import_files(database, CorpusInfo("news"), files, parallel=True)
    plan = plan_of(database, tmp_path, top='source = ["en", "fr"]\ntarget = ["de"]')
    run_plan(database, plan)
    with pytest.raises(UsageError) as caught:
        export_conll(database, plan, tmp_path / "out")
    assert caught.value.sources == ("en", "fr")
    assert not (tmp_path / "out").exists()
    assert export_conll(database, plan, tmp_path / "out", source="fr").sentences == 5


def test_an_unknown_target_and_an_empty_database_are_refused(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(3), "de": german(3)})
    plan = plan_of(database, tmp_path)
    bind_plan(database, plan)
    with pytest.raises(UsageError) as caught:
        export_conll(database, plan, tmp_path / "out", targets=["sw"])
    assert caught.value.lang == "sw"
    with pytest.raises(UsageError) as caught:
        export_dataset(database, plan, tmp_path / "out")
    assert caught.value.recipe == "sample"
    assert not (tmp_path / "out").exists()

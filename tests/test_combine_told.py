"""Consensus labels in evaluate, compare, explain, export and status."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from several_sample import FIRST, SECOND, import_part, run_combined
from sqlalchemy import select

from xprojdb.api.results.explanation import ExplanationResult
from xprojdb.api.results.scores.evaluation import EvaluationResult
from xprojdb.cli.printing.output import show
from xprojdb.db import Database
from xprojdb.db.tables import evaluation, export
from xprojdb.errors import UsageError
from xprojdb.evaluation.compare import compare_recipes
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.evaluation.missed_entities import read_missed
from xprojdb.execution.status.database import read_status
from xprojdb.exports.api import export_conll, export_dataset
from xprojdb.planning.planner import Plan
from xprojdb.provenance.explain import explain_sentence
from xprojdb.readers import read_conll
from xprojdb.text.spans import Span

Write = Callable[..., Path]


@pytest.fixture
def plan(database: Database, write_conll: Write, tmp_path: Path) -> Plan:
    """Three sources and their majority."""
    import_part(database, write_conll, FIRST, "a")
    import_part(database, write_conll, SECOND, "b")
    return run_combined(database, tmp_path, 'method = "majority"')


@pytest.mark.slow
def test_every_source_and_the_consensus_are_scored(
    database: Database, plan: Plan, capsys: pytest.CaptureFixture[str]
) -> None:
    scores = evaluate_projections(database, plan.labellings)
    assert [score.projection.source for score in scores] == ["en", "es", "it", "en,es,it"]
    total, _ = scores[-1].total
    # Gold has Mira and Nora, whom no majority sees.
    assert (total.tp, total.predicted, total.gold, scores[-1].sentences) == (4, 4, 6, 6)
    with database.read() as connection:
        row = connection.execute(select(evaluation).where(evaluation.c.source_langs == "en,es,it")).first()
    assert row is not None
    assert (row.lang, row.sentences) == ("de", 6)
    show(EvaluationResult(scores))
    shown = capsys.readouterr().out
    assert "en+es+it → de" in shown
    assert "mean F1 of 3 single sources" in shown


def test_the_consensus_is_compared_with_its_sources(database: Database, plan: Plan) -> None:
    recipes = compare_recipes(database, ["sample", "sample:it", "sample:en"], resamples=50)
    (language,) = recipes.languages
    assert language.sentences == 4  # Italian has the first part only
    assert recipes.methods["sample"] == [plan.consensuses[0].step.spec.digest]
    assert language.f1("sample:en") == 1
    assert language.f1("sample") == pytest.approx(2 * 3 / (3 + 4))
    missed = read_missed(database, "sample:en", "sample")
    assert [(entry.sentence, entry.text) for entry in missed] == [("news/de/a-3", "Mira"), ("news/de/b-2", "Nora")]


def test_votes_are_explained(database: Database, plan: Plan, capsys: pytest.CaptureFixture[str]) -> None:
    sentence = explain_sentence(database, plan, "news/de/a-1")
    assert sentence.consensus is not None
    assert (sentence.consensus.sources, sentence.consensus.outcome) == (["en", "es", "it"], "ok")
    berg, lin = sentence.consensus.labels
    assert (lin.span, lin.text, lin.score) == (Span(3, 4, "PER"), "Lin", pytest.approx(2 / 3, abs=1e-6))
    assert [(vote.source, vote.text, vote.sentence) for vote in lin.votes] == [
        ("en", "Lin", "news/en/a-1"),
        ("es", "Lin", "news/es/a-1"),
    ]
    assert sum(vote.contribution for vote in berg.votes) == pytest.approx(berg.score)
    assert [built.role for built in sentence.consensus.made_by] == ["consensus"]
    assert len(sentence.projections) == 3
    show(ExplanationResult(sentence))
    assert "consensus of en, es, it" in capsys.readouterr().out


def test_what_learned_the_weights_is_explained(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_part(database, write_conll, FIRST, "a")
    plan = run_combined(database, tmp_path, 'method = "joint"\nweights = "agreement"')
    consensus = explain_sentence(database, plan, "news/de/a-2").consensus
    assert consensus is not None
    assert [(built.role, built.kind, built.outcome) for built in consensus.made_by] == [
        ("weights", "reliability", "ok"),
        ("consensus", "combine", "ok"),
    ]


def test_exports_take_the_consensus(database: Database, plan: Plan, tmp_path: Path) -> None:
    report = export_conll(database, plan, tmp_path / "out", with_ids=True)
    assert report.counts == {"de.train.conll": 6}
    records = {record.external_id: record.entities for record in read_conll(tmp_path / "out" / "de.train.conll")}
    assert records["news/de/a-2"] == (Span(1, 3, "ORG"),)
    assert records["news/de/a-3"] == ()
    export_conll(database, plan, tmp_path / "it", source="it", with_ids=True)
    records = {record.external_id: record.entities for record in read_conll(tmp_path / "it" / "de.train.conll")}
    assert records["news/de/a-2"] == (Span(1, 4, "ORG"),)
    assert len(records) == 4
    with pytest.raises(UsageError):
        export_conll(database, plan, tmp_path / "fr", source="fr")


@pytest.mark.slow
def test_a_data_set_names_sources_and_votes(database: Database, plan: Plan, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    export_dataset(database, plan, tmp_path / "hf")
    loaded = datasets.load_dataset(str(tmp_path / "hf"), cache_dir=str(tmp_path / "cache"), split="train")
    rows = {row["id"]: row for row in loaded}
    assert rows["news/de/a-1"]["sources"] == ["news/en/a-1", "news/es/a-1", "news/it/a-1"]
    assert rows["news/de/a-1"]["votes"] == ["en+es+it", "en+es"]
    assert rows["news/de/b-1"]["sources"] == ["news/en/b-1", "news/es/b-1"]
    assert rows["news/de/a-4"]["votes"] == []
    with database.read() as connection:
        query = json.loads(connection.execute(select(export.c.query)).scalar_one())
    assert query["projections"][0]["source"] == "en,es,it"
    assert "English, Italian, Spanish" in (tmp_path / "hf" / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("plan")
def test_status_counts_a_sentence_once(database: Database, write_conll: Write) -> None:
    step = read_status(database).recipes["sample"][-1]
    assert (step.outcomes, step.pending, step.waiting) == ({"ok": 3, "empty": 3}, 0, 0)
    assert step.reasons == {"no-consensus": 2, "no-entities": 1}
    lines = {"en": ["Rome/B-LOC"], "de": ["Rom/B-LOC"], "es": ["Roma/B-LOC"], "it": ["Roma/B-LOC"]}
    import_part(database, write_conll, lines, "c")
    step = read_status(database).recipes["sample"][-1]
    assert (step.pending, step.waiting) == (0, 1)

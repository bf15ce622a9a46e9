"""Evaluation against gold: as seqeval counts, under the recipe's label mapping, and stored once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from gold_sample import SENTENCES, Forgetful, import_gold, named_plan, run_named
from seqeval.metrics import classification_report
from seqeval.scheme import IOB2
from sqlalchemy import delete, select, update

from xprojdb.db import Database
from xprojdb.db.tables import evaluation, label, outcome, sentence
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import TOTAL, evaluate_projections, read_counts
from xprojdb.evaluation.gold import read_sentences
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import bind_plan
from xprojdb.text.spans import Span, tags_from_spans

Write = Callable[..., Path]


@pytest.fixture
def plan(database: Database, write_conll: Write, tmp_path: Path) -> Plan:
    """A recipe that finds some of the entities only: Lin is lost, and the club begins a word late."""
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    return run_named(database, tmp_path, "sample", Forgetful("Lin", "Rote"))


def _tags(database: Database) -> tuple[list[list[str]], list[list[str]]]:
    """Gold tags as they are in the sample, and predicted ones read with plain SQL."""
    gold = [[word.partition("/")[2] or "O" for word in line.split()] for line in SENTENCES["de"]]
    with database.read() as connection:
        keys = connection.execute(
            select(sentence.c.id).where(sentence.c.lang == "de").order_by(sentence.c.id)
        ).scalars()
        predicted = []
        for key, tags in zip(keys.all(), gold, strict=True):
            columns = (label.c.start_word, label.c.end_word, label.c.label)
            rows = connection.execute(select(*columns).where(label.c.sentence_id == key))
            predicted.append(tags_from_spans(len(tags), [Span(*row) for row in rows]))
    return gold, predicted


def test_the_scores_are_those_of_seqeval(database: Database, plan: Plan) -> None:
    expected = classification_report(*_tags(database), output_dict=True, mode="strict", scheme=IOB2)
    (projection,) = evaluate_projections(database, plan.projections)
    assert set(projection.labels) == {"DATE", "LOC", "ORG", "PER", TOTAL}
    for name, (score, interval) in projection.labels.items():
        theirs = expected["micro avg" if name == TOTAL else name]
        assert (score.precision, score.recall, score.f1) == pytest.approx(
            (theirs["precision"], theirs["recall"], theirs["f1-score"])
        )
        assert score.gold == theirs["support"]
        assert interval.low <= score.f1 <= interval.high
    assert 0 < projection.total[0].f1 < 1
    assert (projection.sentences, projection.left_out) == (4, 0)


def test_labels_are_mapped_on_both_sides(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(sqlite_database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    plan = run_named(sqlite_database, tmp_path, "sample", top='labels = { PER = "PERSON", LOC = "PLACE" }\n')
    (projection,) = evaluate_projections(sqlite_database, plan.projections)
    assert {name: (score.tp, score.gold) for name, (score, _) in projection.labels.items()} == {
        "PERSON": (3, 3),
        "PLACE": (1, 1),
        TOTAL: (4, 4),
    }


@pytest.mark.parametrize("source", ["en", "de"])
def test_labels_are_scored_on_either_side_of_the_translations(
    database: Database, write_conll: Write, tmp_path: Path, source: str
) -> None:
    target = {"en": "de", "de": "en"}[source]
    import_gold(database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    plan = run_named(
        database, tmp_path, "sample", Forgetful("Mira"), top=f'source = ["{source}"]\ntarget = ["{target}"]\n'
    )
    (projection,) = evaluate_projections(database, plan.projections)
    assert (projection.projection.labelled, projection.projection.target) == (
        {"en": "original", "de": "rendering"}[source],
        target,
    )
    score, _ = projection.total
    assert (score.tp, score.predicted, score.gold) == (5, 5, 6)


@pytest.mark.usefixtures("plan")
def test_what_is_not_projected_is_left_out_and_told(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_gold(database, write_conll, {"en": ["Mira/B-PER sang"], "de": ["Mira/B-PER sang"]}, split="late")
    (projection,) = evaluate_projections(database, named_and_bound(database, tmp_path).projections)
    assert (projection.sentences, projection.left_out) == (4, 1)


def named_and_bound(database: Database, folder: Path) -> Plan:
    plan = named_plan(database, folder, "sample")
    bind_plan(database, plan)
    return plan


def test_a_failed_sentence_is_left_out_and_a_filtered_one_counts(database: Database, plan: Plan) -> None:
    (projection,) = plan.projections
    step_id = projection.step.step_id
    with database.write() as connection:
        query = select(outcome.c.item_id).where(outcome.c.step_id == step_id).order_by(outcome.c.item_id)
        keys = connection.execute(query)
        first, second, *_ = keys.scalars().all()
        connection.execute(delete(label).where(label.c.step_id == step_id, label.c.translation_id.in_((first, second))))
        for key, status in ((first, "failed"), (second, "filtered")):
            mine = (outcome.c.step_id == step_id) & (outcome.c.item_id == key)
            connection.execute(update(outcome).where(mine).values(status=status))
    (result,) = evaluate_projections(database, plan.projections)
    assert (result.sentences, result.left_out) == (3, 1)
    assert {name: (score.tp, score.gold) for name, (score, _) in result.labels.items()} == {
        "DATE": (0, 1),
        "ORG": (0, 1),
        "PER": (1, 1),
        TOTAL: (1, 3),
    }


def test_scores_are_stored_once(database: Database, plan: Plan) -> None:
    evaluate_projections(database, plan.projections, seed=1)
    (projection,) = evaluate_projections(database, plan.projections, seed=2)
    with database.read() as connection:
        rows = connection.execute(select(evaluation)).mappings().all()
    assert {row["label"]: (row["correct"], row["f1"], row["f1_low"]) for row in rows} == {
        name: (score.tp, score.f1, interval.low) for name, (score, interval) in projection.labels.items()
    }
    assert len(rows) == len(projection.labels)
    assert {(row["seed"], row["lang"], row["source_langs"], row["sentences"]) for row in rows} == {(2, "de", "en", 4)}


def test_without_gold_labels_there_is_nothing_to_evaluate(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_gold(sqlite_database, write_conll, {lang: SENTENCES[lang] for lang in ("en", "de")})
    plan = named_and_bound(sqlite_database, tmp_path)
    with pytest.raises(UsageError):
        evaluate_projections(sqlite_database, plan.projections)
    with sqlite_database.read() as connection:
        assert connection.execute(select(evaluation)).first() is None


def test_the_size_of_a_block_changes_nothing(database: Database, plan: Plan) -> None:
    (projection,) = plan.projections
    with database.read() as connection:
        whole = [entry for block in read_sentences(connection, projection) for entry in block]
        blocks = list(read_sentences(connection, projection, block=3))
        counts = read_counts(connection, projection)
    assert [len(block) for block in blocks] == [3, 1]
    assert [entry for block in blocks for entry in block] == whole
    assert [entry.key for entry in whole] == sorted(entry.key for entry in whole)
    assert whole[0].gold == (Span(0, 2, "PER"), Span(3, 4, "PER"), Span(5, 6, "LOC"))
    assert whole[0].predicted == (Span(0, 2, "PER"), Span(5, 6, "LOC"))
    assert counts.rows.sum(axis=(0, 1)).tolist() == [4, 5, 6]

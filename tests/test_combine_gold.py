"""Labels by people in ``[combine]``: they measure its sources and replace the labels of their sentences."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
import pytest
from several_sample import FIRST, SECOND, combined_plan, consensus, import_part, run_combined
from sqlalchemy import select, update

import xprojdb as xp
from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.db.tables import artifact, outcome, sentence, vote
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_conll
from xprojdb.matching.combination.reliability import source_weights
from xprojdb.planning.planner import Plan
from xprojdb.provenance.explain import explain_sentence
from xprojdb.readers import read_conll
from xprojdb.steps.combine.gold_set import FOLDS, folds_of
from xprojdb.steps.combine.reliability import without_fold
from xprojdb.steps.reviewed import find_frozen

Write = Callable[..., Path]
TOP = 'gold = "speakers"\nmethod = '
WEIGHTED = f'{TOP}"weighted"'
#: what people say of three sentences: Italian is right about the club, and nobody else saw Nora
SPEAKERS: Mapping[str, Sequence[str]] = {
    "a-1": ("B-PER", "I-PER", "O", "B-PER"),
    "a-2": ("O", "B-ORG", "I-ORG", "I-ORG", "O"),
    "a-3": ("O", "O", "O"),
    "b-2": ("O", "B-PER"),
}


@pytest.fixture
def news(database: Database, write_conll: Write) -> Database:
    import_part(database, write_conll, FIRST, "a")
    import_part(database, write_conll, SECOND, "b")
    return database


def speak(database: Database, folder: Path, said: Mapping[str, Sequence[str]], name: str = "speakers") -> None:
    """Import labels of people for German sentences."""
    path = folder / f"{name}.jsonl"
    words = {f"a-{n}": line for n, line in enumerate(FIRST["de"], 1)}
    words |= {f"b-{n}": line for n, line in enumerate(SECOND["de"], 1)}
    rows = [
        {"id": key, "tokens": [word.partition("/")[0] for word in words[key].split()], "ner_tags": list(tags)}
        for key, tags in said.items()
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    xp.Database(database).import_labels(path, name=name, lang="de", annotator="ana")


def learned(database: Database, plan: Plan) -> dict[str, Any]:
    """What the reliability step of a plan has learned."""
    (step_id,) = (stage.step_id for stage in plan.stages if stage.spec.kind == "reliability")
    with database.read() as connection:
        query = select(artifact.c.content).where(artifact.c.step_id == step_id)
        content: dict[str, Any] = json.loads(connection.execute(query).scalar_one())
    return content


def test_sentences_of_people_have_their_labels(news: Database, tmp_path: Path) -> None:
    plain = consensus(news, run_combined(news, tmp_path, 'method = "majority"'))
    speak(news, tmp_path, SPEAKERS)
    plan = run_combined(news, tmp_path, f'{TOP}"majority"')
    assert consensus(news, plan) == {
        "a-1": [(0, 2, "PER", 1.0), (3, 4, "PER", 1.0)],
        "a-2": [(1, 4, "ORG", 1.0)],
        "b-1": plain["b-1"],
        "b-2": [(1, 2, "PER", 1.0)],
    }
    assert run_plan(news, combined_plan(news, tmp_path, f'{TOP}"majority"')).run_id is None
    with news.read() as connection:
        empty = select(sentence.c.external_id).join(outcome, outcome.c.item_id == sentence.c.id)
        empty = empty.where(outcome.c.step_id == plan.consensuses[0].step.step_id, outcome.c.reason == "corrected")
        assert [*connection.execute(empty).scalars()] == ["a-3"]


def test_votes_say_which_labels_people_confirmed(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, SPEAKERS)
    plan = run_combined(news, tmp_path, f'{TOP}"majority"')
    result = explain_sentence(news, plan, "news/de/a-1").consensus
    assert result is not None
    _, lin = result.labels
    assert [(entry.source, entry.text, entry.people) for entry in lin.votes] == [
        ("en", "Lin", False),
        ("es", "Lin", False),
        ("gold:speakers", "Lin", True),
    ]
    assert sum(entry.contribution for entry in lin.votes) == pytest.approx(lin.score) == pytest.approx(1)
    club = explain_sentence(news, plan, "news/de/a-2").consensus
    assert club is not None
    assert [(entry.source, entry.contribution) for entry in club.labels[0].votes] == [("gold:speakers", 1.0)]
    assert ("gold", "review", "ok") in [(built.role, built.kind, built.outcome) for built in club.made_by]
    other = explain_sentence(news, plan, "news/de/b-1").consensus
    assert other is not None
    assert [built.role for built in other.made_by] == ["consensus"]


def test_sources_are_measured_on_the_sentences_of_people(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, SPEAKERS)
    plan = run_combined(news, tmp_path, WEIGHTED)
    content = learned(news, plan)
    # A plain count: shared spans, and spans of either side in the sentences that a source has.
    counts = {"en": {"a-1": (2, 4), "a-2": (0, 2), "a-3": (0, 1), "b-2": (1, 2)},
              "es": {"a-1": (2, 4), "a-2": (0, 2), "a-3": (0, 1), "b-2": (0, 2)},
              "it": {"a-1": (1, 3), "a-2": (1, 2), "a-3": (0, 0)}}  # fmt: skip

    def f1(source: str, without: int | None = None) -> float:
        kept = [entry for key, entry in counts[source].items() if crc32(key.encode()) % FOLDS != without]
        right, both = (sum(column) for column in zip(*kept, strict=True))
        prior: float = content["agreement"][source]
        return (2 * right + 30 * prior) / (both + 30)

    assert content["gold"] == pytest.approx({source: f1(source) for source in counts})
    for fold in range(FOLDS):
        expected = source_weights([f1(source, fold) for source in ("en", "es", "it")])
        assert list(content[without_fold(fold)].values()) == pytest.approx(expected.tolist())


def test_without_corrections_a_sentence_does_not_see_its_own_labels(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, SPEAKERS)
    plan = run_combined(news, tmp_path, f"{WEIGHTED}\nmin_support = 0\ncorrections = false")
    content = learned(news, plan)
    fold = crc32(b"a-2") % FOLDS
    assert content[without_fold(fold)] != content["weights"]
    weights = content[without_fold(fold)]
    expected = (weights["en"] + weights["es"]) / sum(weights.values())
    assert consensus(news, plan)["a-2"] == [(1, 3, "ORG", pytest.approx(expected, abs=1e-5))]


def test_a_corrected_consensus_is_not_measured_on_its_corrections(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, SPEAKERS)
    corrected = run_combined(news, tmp_path, WEIGHTED)
    with news.read() as connection:
        gold = find_frozen(connection, "speakers")
    with pytest.raises(UsageError, match="corrected by speakers"):
        evaluate_projections(news, corrected.labellings, gold_step=gold)
    # On the imported labels it can be measured, and single sources on the set.
    assert evaluate_projections(news, corrected.consensuses)
    assert evaluate_projections(news, corrected.projections, gold_step=gold)
    apart = run_combined(news, tmp_path, f"{WEIGHTED}\ncorrections = false")
    assert evaluate_projections(news, apart.consensuses, gold_step=gold)[0].sentences == len(SPEAKERS)


def test_more_labels_of_people_make_a_new_consensus(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, {"a-1": SPEAKERS["a-1"]})
    first = run_combined(news, tmp_path, f'{TOP}"majority"')
    speak(news, tmp_path, {"a-2": SPEAKERS["a-2"]})
    second = run_combined(news, tmp_path, f'{TOP}"majority"')
    assert first.consensuses[0].step.spec.digest != second.consensuses[0].step.spec.digest
    assert consensus(news, second)["a-2"] == [(1, 4, "ORG", 1.0)]


def test_exports_say_which_sentences_people_labelled(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, SPEAKERS)
    plan = run_combined(news, tmp_path, f'{TOP}"majority"')
    export_conll(news, plan, tmp_path / "conll", with_ids=True)
    records = {record.external_id: record.entities for record in read_conll(tmp_path / "conll" / "de.train.conll")}
    assert [span.label for span in records["news/de/b-2"]] == ["PER"]
    xp.Database(news).export(tmp_path / "jsonl", "jsonl", provenance="full", min_votes=2)
    rows = [json.loads(line) for line in (tmp_path / "jsonl" / "de.train.jsonl").read_text().splitlines()]
    assert {row["id"]: row["annotation"] for row in rows} == {
        **{f"news/de/{key}": "reviewed" for key in SPEAKERS},
        "news/de/a-4": "projected",
        "news/de/b-1": "projected",
    }
    xp.Database(news).export(tmp_path / "hf", provenance="full")
    card = (tmp_path / "hf" / "README.md").read_text()
    assert "Sentences that people labelled have the labels of these people." in card
    assert "See its parameters" not in card


def test_votes_of_people_belong_to_a_step(news: Database, tmp_path: Path) -> None:
    speak(news, tmp_path, SPEAKERS)
    run_combined(news, tmp_path, WEIGHTED)
    with news.read() as connection:
        gold = find_frozen(connection, "speakers")
        assert connection.execute(select(vote.c.step_id).where(vote.c.voter_step_id == gold)).first() is not None
    assert xp.Database(news).verify().sound


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('method = "joint"\nweights = "gold"', "need a set"),
        ('method = "joint"\ncorrections = false', "come from a set"),
        ('gold = "speakers"', "has no gold"),
        ('method = "majority"\ngold = "speakers"\ncorrections = false', "nothing would be taken"),
    ],
)
def test_what_makes_no_sense_is_refused(table: str, message: str) -> None:
    text = f'name = "a"\ncorpora = ["a"]\nsource = ["en"]\ntarget = ["de"]\n[combine]\n{table}\n'
    with pytest.raises(RecipeError, match=message):
        parse_recipe(text)


def test_an_unknown_set_is_named(news: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no set of labels 'speakers'"):
        combined_plan(news, tmp_path, WEIGHTED)


def test_a_translation_of_a_model_has_a_fold_without_an_id(news: Database) -> None:
    with news.write() as connection:
        keys = connection.execute(select(sentence.c.id).order_by(sentence.c.id).limit(2)).scalars().all()
        connection.execute(update(sentence).where(sentence.c.id == keys[0]).values(external_id=None))
        words, name = connection.execute(
            select(sentence.c.words, sentence.c.external_id).order_by(sentence.c.id)
        ).first()
        assert name is None
        assert folds_of(connection, np.array(keys))[0] == crc32(words.encode()) % FOLDS

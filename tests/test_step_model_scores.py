"""Taggers and translation models in a recipe: what they store, how they are fused, and that nothing is repeated."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from projection_sample import import_sample, labels, outcomes, plan_of
from sqlalchemy import select
from toy_tagger import TAGS, toy_tagger, wordpiece_tagger
from toy_translator import toy_translator

from xprojdb.config.recipe import RecipeError, parse_recipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ModelError, UsageError
from xprojdb.execution.run import run_plan
from xprojdb.models.taggers.token_classifier import TokenClassifier
from xprojdb.models.translators.seq2seq import Seq2Seq
from xprojdb.steps.score.phrase_scores import translation_scores
from xprojdb.steps.score.scorers.nmt_score import NmtScore

ENGLISH = [
    "the mayor met Anna/B-PER Berg/I-PER in Turin/B-LOC",
    "today Lin/B-PER sold bread",
    "the old boat",
    "the mayor met Anna/B-PER Berg/I-PER today",
]
GERMAN = ["das amt traf Anna Berg bei Turin", "heute Lin gab brot", "das alt boot", "das amt traf Anna Berg heute"]


def _settings(**scores: str) -> str:
    """A recipe's tables: a scorer a keyword, and the German tagger where one may need it."""
    head = "" if "nmt_score" in scores and len(scores) == 1 else f'[tag]\nmodels = {{ de = "hf:{toy_tagger()}" }}\n'
    tables = (f'[[scorer]]\ntype = "{score}"\n{keys}\n' for score, keys in scores.items())
    return head + "".join(tables)


@pytest.fixture
def sample(sqlite_database: Database, write_conll: Callable[..., Path]) -> Database:
    import_sample(sqlite_database, write_conll, {"en": ENGLISH, "de": GERMAN})
    return sqlite_database


def _rows(database: Database, *columns: Any) -> list[tuple[Any, ...]]:
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(select(*columns).order_by(*columns))]


@pytest.mark.slow
def test_a_hugging_face_tagger_labels_the_source_side(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"de": GERMAN, "en": [line.replace("/B-LOC", "") for line in ENGLISH]})
    settings = f'[tag]\nmodels = {{ de = "hf:{toy_tagger()}" }}\nkeep_scores = true\n'
    run_plan(database, plan_of(database, tmp_path, settings, top='source = ["de"]\ntarget = ["en"]\n'))
    assert [row[1:] for row in labels(database)] == [(3, 5, "PER"), (6, 7, "LOC"), (1, 2, "PER"), (3, 5, "PER")]
    assert list(outcomes(database, "tag").values())[2] == ("empty", "no-entities")
    expected = TokenClassifier(str(toy_tagger()), device="cpu").tag_scored([line.split() for line in GERMAN])
    packed = [row[1] for row in _rows(database, t.word_score.c.sentence_id, t.word_score.c.probabilities)]
    for result, tagged in zip(packed, expected, strict=True):
        rows = np.frombuffer(result, np.float16).reshape(-1, len(TAGS))
        np.testing.assert_allclose(rows, tagged.probabilities, atol=1e-3)


@pytest.mark.slow
def test_probabilities_are_kept_only_where_they_are_wanted(sample: Database, tmp_path: Path) -> None:
    settings = _settings(link_mass='candidates = "tagged"\nmin_score = 0.0')
    plan = plan_of(sample, tmp_path, settings)
    run_plan(sample, plan)
    assert outcomes(sample, "tag")
    assert _rows(sample, t.word_score.c.probabilities) == []


def test_the_ner_score_is_the_mean_probability_of_the_words(sample: Database, tmp_path: Path) -> None:
    run_plan(
        sample,
        plan_of(sample, tmp_path, _settings(tagger_probability='candidates = "ngram"\nmax_length = 3\nalpha = 1.1')),
    )
    tagger = TokenClassifier(str(toy_tagger()), device="cpu")
    rows = tagger.tag_scored([GERMAN[0].split()])[0].probabilities.astype(np.float16).astype(float)
    place = {tag: column for column, tag in enumerate(TAGS)}
    begin = {"PER": rows[:, place["I-PER"]], "LOC": rows[:, place["B-LOC"]] + rows[:, place["I-LOC"]]}
    inside = {label: rows[:, place[f"I-{label}"]] for label in ("PER", "LOC")}
    expected = {}
    for ordinal, label in enumerate(["PER", "LOC"]):
        for start in range(7):
            for end in range(start + 1, min(start + 3, 7) + 1):
                mean = np.mean([begin[label][start], *inside[label][start + 1 : end]])
                if (score := 1.1 ** (end - start - 1) * mean) >= 0.05:
                    expected[ordinal, start, end] = score
    c = t.candidate.c
    result = _rows(sample, c.translation_id, c.entity_ordinal, c.start_word, c.end_word, c.score)
    first = {row[1:4]: row[4] for row in result if row[0] == result[0][0]}
    assert first == pytest.approx(expected)
    assert max(first, key=lambda key: first[key]) == (0, 3, 5)


@pytest.mark.parametrize(("any_label", "found"), [("false", []), ("true", [(0, 1, "ANIMAL"), (2, 3, "ANIMAL")])])
def test_the_likeliest_label_counts_where_any_may(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, any_label: str, found: list[Any]
) -> None:
    lines = {"en": ["Lin/B-ANIMAL met Oslo/B-ANIMAL"], "de": ["Lin traf Oslo"]}
    import_sample(sqlite_database, write_conll, lines)
    scorers = {"tagger_probability": f"any_label = {any_label}\nweight = 0.1", "link_dice": ""}
    settings = f"{_settings(**scorers)}[project]\nmin_score = 1.05\n"
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, settings))
    assert [row[1:] for row in labels(sqlite_database)] == found


def test_the_taggers_labels_are_renamed_with_those_of_the_source(sample: Database, tmp_path: Path) -> None:
    settings = _settings(tagger_probability='candidates = "ngram"\n') + "[project]\nmin_score = 0.9\n"
    run_plan(sample, plan_of(sample, tmp_path, settings, top='labels = { PER = "HUMAN" }\n'))
    assert [row[1:] for row in labels(sample)] == [(3, 5, "HUMAN"), (1, 2, "HUMAN"), (3, 5, "HUMAN")]


@pytest.mark.slow
@pytest.mark.parametrize("labelled", ["original", "rendering"])
def test_scores_of_models_are_fused_with_the_alignment(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, labelled: str
) -> None:
    sides = [("en", ENGLISH), ("de", GERMAN)]
    import_sample(sqlite_database, write_conll, dict(sides if labelled == "original" else sides[::-1]))
    sample = sqlite_database
    settings = _settings(
        link_dice="weight = 0.5",
        tagger_probability='candidates = "ngram"\nmax_length = 3\nweight = 0.5',
        nmt_score=f'candidates = "scored"\nscorers = ["link_dice:aligned"]\nmodel = "{toy_translator()}"',
    )
    plan = plan_of(sample, tmp_path, settings)
    assert [projection.labelled for projection in plan.projections] == [labelled]
    run_plan(sample, plan)
    assert [row[1:] for row in labels(sample)] == [(3, 5, "PER"), (6, 7, "LOC"), (1, 2, "PER"), (3, 5, "PER")]
    columns = (t.candidate.c.translation_id, t.candidate.c.entity_ordinal, t.candidate.c.start_word)
    columns += (t.candidate.c.end_word, t.step.c.params, t.candidate.c.score)
    with sample.read() as connection:
        read = connection.execute(select(*columns).join(t.step, t.step.c.id == t.candidate.c.step_id)).all()
    first = min(row[0] for row in read)
    parts = {json.loads(row[4])["score"]: row[5] for row in read if row[:4] == (first, 0, 3, 5)}
    assert parts.keys() == {"alignment", "ner", "translation"}
    assert (parts["alignment"], parts["translation"]) == pytest.approx((1.0, 1.0), abs=0.05)
    fused = _rows(sample, t.label.c.translation_id, t.label.c.start_word, t.label.c.score)
    expected = 0.5 * parts["alignment"] + 0.5 * parts["ner"] + parts["translation"]
    assert fused[0] == (first, 3, pytest.approx(expected, abs=1e-8))


def _translated(keys: str = "") -> str:
    return _settings(nmt_score=f'candidates = "ngram"\nmax_length = 2\nmodel = "{toy_translator()}"\n{keys}')


@pytest.mark.slow
@pytest.mark.parametrize("direct", [False, True])
def test_the_translation_score_is_nmtscore(sample: Database, tmp_path: Path, direct: bool) -> None:
    run_plan(sample, plan_of(sample, tmp_path, _translated(f"direct = {str(direct).lower()}\ncutoff = 0.2")))
    model, entity = Seq2Seq(str(toy_translator()), device="cpu"), "Anna Berg"

    def score(candidate: str) -> float:
        ask = [(entity, candidate, "en", "de"), (candidate, entity, "de", "en")]
        alone = [(candidate, candidate, "de", "de"), (entity, entity, "en", "en")]
        forth, back = (model.probabilities([a], [b], c, d)[0] for a, b, c, d in ask)
        to, of = (1.0, 1.0) if direct else (model.probabilities([a], [b], c, d)[0] for a, b, c, d in alone)
        return (forth / to + back / of) / 2

    words = GERMAN[0].split()
    spans = [(start, end) for start in range(7) for end in (start + 1, start + 2) if end <= 7]
    expected = {(start, end): score(" ".join(words[start:end])) for start, end in spans}
    c = t.candidate.c
    result = _rows(sample, c.translation_id, c.entity_ordinal, c.start_word, c.end_word, c.score)
    first = {row[2:4]: row[4] for row in result if row[:2] == (result[0][0], 0)}
    assert first == pytest.approx({key: value for key, value in expected.items() if value >= 0.2}, rel=1e-3)
    assert max(first, key=lambda key: first[key]) == (3, 5)


@pytest.mark.slow
def test_a_phrase_pair_is_computed_once(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_sample(database, write_conll, {"en": ENGLISH, "de": GERMAN})
    asked: list[tuple[str, ...]] = []
    compute = Seq2Seq.probabilities

    def counted(model: Seq2Seq, given: list[str], phrases: list[str], source: str, target: str) -> Any:
        asked.extend((a, b, source, target) for a, b in zip(given, phrases, strict=True))
        return compute(model, given, phrases, source, target)

    monkeypatch.setattr(Seq2Seq, "probabilities", counted)
    monkeypatch.setattr(NmtScore, "block", 1)
    run_plan(database, plan_of(database, tmp_path, _translated()))
    assert len(asked) == len(set(asked)) == len(_rows(database, t.phrase_score.c.condition, t.phrase_score.c.direction))
    monkeypatch.setattr(Seq2Seq, "__init__", None)
    # Another step, whose phrases are among those of the first.
    report = run_plan(database, plan_of(database, tmp_path, _translated("direct = true")))
    assert (report.done, report.failed) == (8, 0)
    count = len(asked)
    again = run_plan(database, plan_of(database, tmp_path, _translated("direct = true")))
    assert (again.run_id, again.done, len(asked)) == (None, 0, count)


def test_a_text_that_is_impossible_given_itself_scores_nothing() -> None:
    result = translation_scores([0.5, 0.5], [0.4, 0.4], [1.0, 0.0], [0.5, 0.5])
    assert result.tolist() == [pytest.approx(0.65), pytest.approx(0.4)]


def test_a_scorer_without_a_tagger_says_what_it_needs(sample: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        plan_of(sample, tmp_path, '[[scorer]]\ntype = "tagger_probability"\n')
    assert (raised.value.lang, raised.value.scorer) == ("de", "tagger_probability:aligned")
    run_plan(
        sample, plan_of(sample, tmp_path, f'[[scorer]]\ntype = "tagger_probability"\ntagger = "hf:{toy_tagger()}"\n')
    )
    assert len(labels(sample)) == 4


def test_a_tagger_that_is_none_is_refused_before_anything_is_stored(sample: Database, tmp_path: Path) -> None:
    folder = wordpiece_tagger(tmp_path / "bert", architectures=["BertModel"])
    with pytest.raises(ModelError) as raised:
        plan_of(sample, tmp_path, f'[tag]\nmodels = {{ en = "hf:{folder}" }}\n')
    assert raised.value.model_id == str(folder)
    assert _rows(sample, t.step.c.kind) == [("import",)]


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('[tag]\nmodels = { en = "bert" }', "tag.models"),
        ('[tag]\nmodels = { en = "spacy:en_core_web_sm" }\nkeep_scores = true', "tag.keep_scores"),
        ('[[scorer]]\ntype = "nmt_score"', "scorer.model"),
        ('[[scorer]]\ntype = "tagger_probability"\ntagger = "bert"', "scorer.tagger"),
        ("[[scorer]]\nalpha = 1.1", "scorer.alpha"),
    ],
)
def test_a_wrong_key_is_named(table: str, key: str) -> None:
    with pytest.raises(RecipeError) as raised:
        parse_recipe(f'name = "x"\ncorpora = ["x"]\nsource = ["en"]\ntarget = ["de"]\n{table}\n')
    assert raised.value.key == key

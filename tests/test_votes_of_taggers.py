"""Taggers of the target language vote on projected labels: word by word, without having seen the sentence."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from projection_sample import english, german, import_sample, outcomes, plan_of
from sqlalchemy import select, text
from training_sample import encoder, import_languages, lines, train_toml

from xprojdb.api.results.explanation import ExplanationResult
from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import Recipe, parse_recipe
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_as
from xprojdb.maintenance.verify import verify
from xprojdb.matching.combination.form_evidence import KINDS, form_counts, form_gains, form_kinds, kind_counts
from xprojdb.matching.combination.projection_evidence import agreed_chances, confusion, evidence, projected_counts
from xprojdb.matching.combination.tagger_votes import matched, pooled, renamed, votes
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.planning import voting
from xprojdb.planning.plan import Plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.provenance.explain import explain_sentence
from xprojdb.steps.fit import target_tagger
from xprojdb.steps.project import revised
from xprojdb.steps.project.evidence import Known
from xprojdb.study.train import train_model
from xprojdb.text.spans import Span
from xprojdb.training.cross_fitting import CrossFitted, cross_fit, fold_of
from xprojdb.training.decoding import best_tags, iob2_tags, tagged_spans
from xprojdb.training.fitting import FitSettings
from xprojdb.training.word_features import principal_components, shapes, word_features

Write = Callable[..., Path]
TAGS = iob2_tags(["LOC", "PER"])
FEW = FitSettings(hidden=8, steps=4, batch=64)


def _random_scores(random: np.random.Generator, words: int) -> np.ndarray:
    return np.log(random.dirichlet(np.ones(len(TAGS)), words)).astype(np.float32)


def test_a_vote_adds_the_projection_to_the_taggers() -> None:
    random = np.random.default_rng(0)
    for _ in range(20):
        scores, projected = _random_scores(random, 7), random.integers(len(TAGS), size=7)
        known, weight = random.normal(size=(len(TAGS), len(TAGS))), float(random.random() + 0.5)
        shares = votes(scores, known[projected], weight)
        for word in range(7):
            sums = [scores[word, tag] + known[projected[word], tag] for tag in range(len(TAGS))]
            naive = [np.exp(total / (weight + 1)) for total in sums]
            assert np.exp(shares[word]) == pytest.approx(np.array(naive) / sum(naive), rel=1e-4)


def test_the_tags_of_a_projection_are_counted_by_what_taggers_take_for_right() -> None:
    random = np.random.default_rng(4)
    scores, projected = _random_scores(random, 30), random.integers(len(TAGS), size=30)
    counts = projected_counts(agreed_chances([scores]), projected)
    naive = np.zeros((len(TAGS), len(TAGS)))
    for word, given in enumerate(projected.tolist()):
        for right in range(len(TAGS)):
            naive[right, given] += np.exp(scores[word, right])
    assert counts == pytest.approx(naive, rel=1e-4)
    # A tagger that knows no place says nothing about them.
    other = scores.copy()
    other[:, 1:3] = other[:, :1]
    assert not agreed_chances([other])[:, 1:3].any()
    both = np.exp(scores.astype(np.float64) + other)
    assert agreed_chances([scores, other]) == pytest.approx(both / both.sum(1, keepdims=True), rel=1e-4)


@pytest.mark.parametrize("labels", [["PER"], ["LOC", "PER"], ["A", "B", "C", "D", "E", "F", "G", "H"]])
def test_what_a_projection_is_worth_follows_its_errors(labels: list[str]) -> None:
    tags = iob2_tags(labels)
    random = np.random.default_rng(5)
    right = np.where(random.random(20_000) < 0.9, 0, random.integers(len(tags), size=20_000))
    sure = np.log(np.full((20_000, len(tags)), 1e-9) + np.eye(len(tags))[right]).astype(np.float32)
    rates = []
    for missing in (0.1, 0.5):
        given = np.where(random.random(20_000) < missing, 0, right)
        counts = projected_counts(agreed_chances([sure]), given)
        rates.append(confusion(counts, tags)[1:, 0].mean())
        assert rates[-1] == pytest.approx(missing, abs=0.08)
        gains = evidence(counts, tags, repeated=False)
        assert (gains[:, 0] == 0).all() and (gains[0, 1:] < 0).all()
        assert all(gains[tag].argmax() == tag for tag in range(1, len(tags)))
        # What a tagger that repeats the projection does not find is the less certain to be no entity.
        assert (evidence(counts, tags, repeated=True)[0, 1:] > gains[0, 1:]).all()
    assert rates[0] < rates[1]


def test_nothing_counted_leaves_beliefs() -> None:
    chances = confusion(np.zeros((len(TAGS), len(TAGS))), TAGS)
    assert chances.sum(1) == pytest.approx(1)
    assert (np.diagonal(chances) > 0.5).all()


def test_kinds_of_words_follow_what_became_of_them_elsewhere() -> None:
    random = np.random.default_rng(6)
    words = random.choice(list("abcdefghijklmnopqrst"), 80).tolist()
    projected = random.integers(3, size=80) * random.integers(2, size=80)
    counts = form_counts(words, projected)
    kinds = form_kinds(words, projected, counts)
    for at, word in enumerate(words):
        others = [projected[place] > 0 for place in range(80) if words[place] == word and place != at]
        share = sum(others) / len(others) if others else 0
        naive = 0 if not others else 1 if not share else 2 if share < 0.25 else 3 if share < 0.5 else 4
        assert kinds[at] == naive
    assert form_kinds(["new"], np.zeros(1, np.int64), counts).tolist() == [0]
    assert form_kinds([], np.zeros(0, np.int64), counts).tolist() == []


def test_what_became_of_a_word_elsewhere_is_worth_what_it_tells() -> None:
    assert (form_gains(np.zeros((2, KINDS, 2))) == 0).all()
    random = np.random.default_rng(7)
    kinds, projected = random.integers(KINDS, size=5_000), random.integers(2, size=5_000)
    chances = np.full((5_000, 3), 0.25)
    chances[:, 0] = 0.5
    assert form_gains(kind_counts(chances[:, 0], projected, kinds)) == pytest.approx(0)
    chances[(kinds == 4) & (projected == 0)] = (0.1, 0.5, 0.4)
    counts = kind_counts(chances[:, 0], projected, kinds)
    assert counts.sum() == pytest.approx(5_000)
    gains = form_gains(counts)
    assert gains[0, 4] > 0.5 and (gains[0, :4] < 0).all() and gains[1] == pytest.approx(0)


def test_a_projection_that_is_worth_more_than_any_doubt_stays_as_it_is() -> None:
    random = np.random.default_rng(1)
    projected = [Span(0, 2, "PER"), Span(2, 3, "PER"), Span(5, 6, "LOC")]
    tags = np.array([TAGS.index(tag) for tag in ("B-PER", "I-PER", "B-PER", "O", "O", "B-LOC")], np.int64)
    shares = votes(_random_scores(random, 6), 100 * np.eye(len(TAGS))[tags], 1)
    (result,) = tagged_spans(best_tags(shares, [6], TAGS), [6], TAGS)
    message = matched(projected, result, shares, TAGS)
    assert [(own.span, own.projected) for own in message] == [(span, place) for place, span in enumerate(projected)]
    assert all(own.support is not None and own.support > 0.99 for own in message)


def test_a_label_is_as_certain_as_its_least_certain_word() -> None:
    words = np.full((3, len(TAGS)), 0.05)
    words[0, TAGS.index("B-PER")] = 0.8
    words[1, TAGS.index("I-PER")], words[1, 0] = 0.5, 0.3
    shares = np.log(words / words.sum(1, keepdims=True)).astype(np.float32)
    (one,) = matched([], (Span(0, 2, "PER"),), shares, TAGS)
    total = words[1].sum()
    assert (one.support, one.margin) == pytest.approx((0.5 / total, 0.2 / total), rel=1e-5)


def test_the_span_behind_a_label_shares_most_of_its_words() -> None:
    shares = np.zeros((9, len(TAGS)), np.float32)
    projected = [Span(0, 2, "PER"), Span(3, 5, "LOC"), Span(6, 7, "DATE")]
    voted = (Span(1, 4, "PER"), Span(4, 5, "LOC"), Span(6, 8, "LOC"), Span(8, 9, "PER"))
    values = [(own.span, own.projected) for own in matched(projected, voted, shares, TAGS)]
    # No tagger knows dates, so that none can take one away.
    assert values == [
        (Span(1, 4, "PER"), 0),
        (Span(4, 5, "LOC"), 1),
        (Span(6, 7, "DATE"), 2),
        (Span(8, 9, "PER"), None),
    ]


def test_a_tagger_says_nothing_of_labels_that_it_does_not_know() -> None:
    classes = ("O", "B-PERSON", "I-PERSON", "B-DATE", "I-DATE")
    scores = np.log(np.array([[0.3, 0.4, 0.1, 0.15, 0.05]], np.float32))
    result = np.exp(renamed(scores, classes, TAGS, {"PERSON": "PER", "DATE": None}))
    assert result[0].tolist() == pytest.approx([0.5, 0.5, 0.5, 0.4, 0.1], rel=1e-5)
    both = pooled([scores, scores], [0.5, 1.0])
    assert both == pytest.approx(1.5 * scores)


def test_features_describe_a_word_and_its_neighbours() -> None:
    words = ["Anna", "met", "EU", "in", "1999", "."]
    vectors = np.random.default_rng(2).normal(size=(6, 5)).astype(np.float16)
    reduction = principal_components(vectors, 3)
    reduced = reduction.reduced(vectors)
    assert reduced.mean(0) == pytest.approx(np.zeros(3), abs=1e-2)
    assert (reduced**2).mean(0) == pytest.approx(np.ones(3), abs=1e-2)
    assert shapes(words)[:, 0].tolist() == [1, 0, 1, 0, 0, 0]
    rows = word_features(words, vectors, reduction).astype(np.float32)
    own = np.concatenate([reduced, shapes(words)], 1)
    assert rows[:, :10] == pytest.approx(own, abs=1e-2)
    assert rows[1:, 10:20] == pytest.approx(own[:-1], abs=1e-2)
    assert not rows[0, 10:20].any() and not rows[-1, 20:].any()


def _sentences(count: int, random: np.random.Generator) -> tuple[list[tuple[str, ...]], list[np.ndarray]]:
    words = [tuple(f"w{random.integers(50)}" for _ in range(random.integers(1, 6))) for _ in range(count)]
    return words, [random.normal(size=(len(own), 6)).astype(np.float16) for own in words]


def test_a_sentence_is_tagged_by_a_head_that_has_not_seen_it() -> None:
    pytest.importorskip("torch")
    random = np.random.default_rng(3)
    words, vectors = _sentences(40, random)
    classes = [random.integers(len(TAGS), size=len(own)) for own in words]
    fold = fold_of(words[0], 3)
    mine = [fold_of(own, 3) == fold for own in words]
    other = [(own + 1) % len(TAGS) if changed else own for own, changed in zip(classes, mine, strict=True)]
    before, after = (cross_fit(words, vectors, labels, TAGS, FEW) for labels in (classes, other))
    scores = [fitted.log_probabilities(words, vectors) for fitted in (before, after)]
    same = np.repeat(mine, [len(own) for own in words])
    assert (scores[0][same] == scores[1][same]).all()
    assert (scores[0][~same] != scores[1][~same]).any()
    again = CrossFitted.from_bytes(before.to_bytes(), TAGS)
    assert again.log_probabilities(words, vectors) == pytest.approx(scores[0], abs=0.02)


def _english(count: int) -> list[str]:
    """Sentences in which every sixth has lost its labels."""
    return [
        line if number % 6 else " ".join(word.partition("/")[0] for word in line.split())
        for number, line in enumerate(lines(0, count))
    ]


def _vote(database: Database, folder: Path, taggers: Sequence[str] = ("self",), refit: int = 0, **keys: str) -> Plan:
    table = {"taggers": json.dumps(list(taggers)), "mode": '"always"', "encoder": f'"{encoder(folder)}"', "layer": "0"}
    vote = "\n".join(f"{key} = {value}" for key, value in (table | keys).items())
    top = 'name = "r"\ncorpora = ["pairs"]\nsource = ["en"]\ntarget = ["de"]\n'
    links = '[align]\naligner = "equal_words"\nwords = "all"\n[[scorer]]\n'
    return plan_recipe(database, parse_recipe(f"{top}{links}[project]\nrefit = {refit}\n[vote]\n{vote}\n"))


def _labels(database: Database, step_id: int) -> list[tuple[int, int, int, str, int | None]]:
    names = ("sentence_id", "start_word", "end_word", "label", "entity_ordinal")
    columns = [t.label.c[name] for name in names]
    with database.read() as connection:
        query = select(*columns).where(t.label.c.step_id == step_id).order_by(*columns[:2])
        return [tuple(row) for row in connection.execute(query)]


def _final_labels(database: Database) -> list[tuple[int, int, int, str, int | None]]:
    """The labels of the view, with the entities from the table."""
    own = "label.step_id = v_final.step_id AND label.sentence_id = v_final.sentence_id"
    columns = "v_final.sentence_id, v_final.start_word, v_final.end_word, v_final.label, label.entity_ordinal"
    query = f"SELECT {columns} FROM v_final JOIN label ON {own} AND label.ordinal = v_final.ordinal ORDER BY 1, 2"
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def _import_pairs(database: Database, write_conll: Write, count: int) -> None:
    sides = {
        "en": _english(count),
        "de": [" ".join(w.partition("/")[0] for w in line.split()) for line in lines(0, count)],
    }
    import_sample(database, write_conll, sides, corpus="pairs")


@pytest.mark.slow
@pytest.mark.usefixtures("own_cache")
def test_a_tagger_adds_what_the_projection_has_missed(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    database = sqlite_database
    _import_pairs(database, write_conll, 300)
    plan = _vote(database, tmp_path)
    assert run_plan(database, plan).failed == 0
    (projection,) = plan.projections
    (before,) = plan.unrevised
    projected, voted = (_labels(database, entry.step.step_id) for entry in (before, projection))
    assert {row[:4] for row in projected} <= {row[:4] for row in voted}
    assert _final_labels(database) == voted
    added = [row for row in voted if row[4] is None]
    export_as("jsonl", database, plan, tmp_path / "out")
    rows = map(json.loads, (tmp_path / "out" / "de.train.jsonl").read_text().splitlines())
    made = [entity["annotation"] for row in rows for entity in row["entities"]]
    assert made == ["voted" if row[4] is None else "projected" for row in voted]
    assert len(added) > 80 and len(voted) == len(projected) + len(added)
    assert len(voted) / 600 > 0.95
    (learned,) = outcomes(database, "target-tagger").values()
    assert learned[0] == "ok" and learned[1].startswith("learned:sentences=300,entities=500,agreement=")
    assert {"added", None} == {reason for _, reason in outcomes(database, "revise").values()}
    keys = [key for key, *_ in added]
    both = next(key for key in keys if keys.count(key) == 2)
    sentence = explain_sentence(database, plan, str(both))
    assert [label.span.label for label in sentence.projections[0].added] == ["PER", "LOC"]
    assert {row["reason"] for row in ExplanationResult(sentence).to_dict()} == {"added"}
    (one,) = explain_sentence(database, plan, f"{both}#2").projections[0].added
    assert (one.span.label, one.text[0]) == ("LOC", "z")
    assert run_plan(database, _vote(database, tmp_path)).done == 0


@pytest.mark.usefixtures("own_cache")
def test_a_small_corpus_teaches_nothing_and_keeps_its_labels(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _import_pairs(database, write_conll, 12)
    plan = _vote(database, tmp_path)
    assert run_plan(database, plan).failed == 0
    projected, voted = (_labels(database, entry[0].step.step_id) for entry in (plan.unrevised, plan.projections))
    assert voted == projected == _final_labels(database) and len(voted) == 20
    assert outcomes(database, "target-tagger") == {1: ("ok", "learned:sentences=12,entities=20,off=too-little")}
    assert outcomes(database, "revise").keys() == outcomes(database, "project").keys()
    statuses = [
        {key: status for key, (status, _) in outcomes(database, kind).items()} for kind in ("revise", "project")
    ]
    assert statuses[0] == statuses[1]


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.usefixtures("own_cache")
def test_the_tagger_reads_the_vectors_that_the_aligner_has_computed(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, precision: str
) -> None:
    database = sqlite_database
    _import_pairs(database, write_conll, 20)
    monkeypatch.setattr(voting, "LEAST", 10)
    monkeypatch.setattr(target_tagger, "LEAST_AGREEMENT", 0.0)
    sentences: list[int] = []
    word_vectors = Encoder.word_vectors

    def counted(self: Encoder, words: Sequence[Sequence[str]], layer: int) -> list[np.ndarray]:
        sentences.append(len(words))
        return word_vectors(self, words, layer)

    monkeypatch.setattr(Encoder, "word_vectors", counted)
    top = 'name = "r"\ncorpora = ["pairs"]\nsource = ["en"]\ntarget = ["de"]\n'
    align = f'[align]\nmodel = "{encoder(tmp_path)}"\nlayer = 1\nprecision = "{precision}"\n'
    plan = plan_recipe(
        database, parse_recipe(f'{top}{align}[quality]\nlayer = 1\n[vote]\nmode = "always"\nlayer = 1\n')
    )
    assert run_plan(database, plan).failed == 0
    ((_, learned),) = outcomes(database, "target-tagger").values()
    assert "off" not in learned
    assert sum(sentences) == 40


@pytest.mark.slow
@pytest.mark.usefixtures("own_cache")
def test_a_model_of_other_languages_votes_even_where_there_is_little_to_learn_from(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sqlite_database
    import_languages(database, write_conll, "fr", "es")
    recipe = train_toml(tmp_path, 'languages = ["fr", "es"]')
    train_model(database, LoadedTraining(TrainingRecipe.from_toml(recipe), recipe))
    _import_pairs(database, write_conll, 12)
    plan = _vote(database, tmp_path, ("self", "trained:tiny"))
    assert run_plan(database, plan).failed == 0
    voted = _labels(database, plan.projections[0].step.step_id)
    assert [row[1:4] for row in voted if row[4] is None] == [(0, 2, "PER"), (5, 6, "LOC")] * 2
    alone = _vote(database, tmp_path, ("trained:tiny",))
    assert run_plan(database, alone).failed == 0
    assert _labels(database, alone.projections[0].step.step_id) == voted
    # A vote that no projection can win drops its labels, and says so.
    hopeless = Known(-100 * (np.arange(5) > 0) * np.ones((5, 5)), np.zeros((2, KINDS)), {})
    monkeypatch.setattr(revised, "read_evidence", lambda *_, **__: hopeless)
    against = _vote(database, tmp_path, ("trained:tiny",), refit=1)
    assert run_plan(database, against).failed == 0
    assert _labels(database, against.projections[0].step.step_id) == []
    assert {status for status, reason in outcomes(database, "revise").values() if reason == "dropped"} == {"empty"}
    assert not any(check.count for check in verify(database).checks)


def _kinds(plan: Plan) -> set[str]:
    return {stage.spec.kind for stage in plan.stages}


def test_taggers_vote_by_themselves_only_where_a_tagger_found_the_entities(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(5), "de": german(5)})
    auto = '[project]\nweights = "auto"\n'
    (tmp_path / "tagger").mkdir()
    labels = {"id2label": {"0": "O", "1": "B-LOC"}, "architectures": ["ToyForTokenClassification"]}
    (tmp_path / "tagger" / "config.json").write_text(json.dumps(labels))
    tagged = f'[tag]\nmodels = {{ en = "hf:{tmp_path / "tagger"}" }}\n'
    assert "revise" not in _kinds(plan_of(database, tmp_path, auto))
    assert {"revise", "target-tagger"} <= _kinds(plan_of(database, tmp_path, tagged + auto))
    assert "revise" not in _kinds(plan_of(database, tmp_path, f"{tagged}{auto}[vote]\ntaggers = []\n"))
    assert "revise" not in _kinds(plan_of(database, tmp_path, f"{tagged}[[scorer]]\n"))
    assert "revise" in _kinds(plan_of(database, tmp_path, f"{tagged}[[scorer]]\n[vote]\n"))
    assert "revise" in _kinds(plan_of(database, tmp_path, f'{auto}[vote]\nmode = "always"\n'))


@pytest.mark.parametrize("name", ["spacy:en_core_web_sm", "trained:", "me"])
def test_only_taggers_of_this_database_can_vote(name: str) -> None:
    with pytest.raises(RecipeError) as caught:
        Recipe(name="r", corpora=["c"], source=["en"], target=["de"], vote={"taggers": [name]})
    assert caught.value.fields["key"] == "vote.taggers"


def test_a_recipe_without_votes_has_the_digest_that_it_had() -> None:
    keys = {"name": "r", "corpora": ["c"], "source": ["en"], "target": ["de"]}
    digests = {Recipe(**keys, vote=vote).digest for vote in (None, {}, {"mode": "always"})}
    assert len(digests) == 3
    assert "vote" not in Recipe(**keys).to_toml()

"""Entities by a model behind a server: what it is asked, what of its answers counts, and what a run would cost."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from children import HANG
from projection_sample import english, german, import_sample, outcomes, plan_of
from sqlalchemy import select
from test_model_chat import Answer, Ask, Stand, said

from xprojdb.config.recipe import Recipe, RecipeError
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ServiceError, UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.models.servers.chat import Server
from xprojdb.models.taggers.served import Named, ServedParams, ServedTagger, described, locate
from xprojdb.provenance.explain import explain_sentence
from xprojdb.text.spans import Span

Write = Callable[..., Path]
TYPES = {"PER": "people", "LOC": "places"}
NAMES = {"Anna": "PER", "Berg": "PER", "Turin": "LOC"}
TAG = '[tag]\nmodels = { en = "openai:m" }\n[project]\nmethod = "heuristic"\n'


def sentence_of(body: Ask) -> str:
    return str(body["messages"][0]["content"].rsplit("Sentence: ", 1)[-1])


def entities(*named: tuple[str, str]) -> Answer:
    return said(json.dumps({"entities": [{"text": text, "type": label} for text, label in named]}))


def knows_names(_number: int, body: Ask) -> Answer:
    """Names of one word, each by itself."""
    return entities(*((word, NAMES[word]) for word in sentence_of(body).split() if word in NAMES))


def tagger(stand: Stand, *, attempts: int = 2, **params: Any) -> ServedTagger:
    server = Server(stand.url, "NO_SUCH_KEY", patience=0.0, timeout=HANG, attempts=attempts)
    return ServedTagger("m", "en", ServedParams(types=TYPES, **params), server)


def test_the_model_is_told_the_types_the_words_and_the_form() -> None:
    with Stand(knows_names) as stand:
        tagged = tagger(stand).tag([["Anna", "saw", "{types}", "in", "Turin"], [], ["nobody", "came"]])
    assert tagged == [(Span(0, 1, "PER"), Span(4, 5, "LOC")), (), ()]
    asked = next(body for body in stand.bodies if "Anna" in sentence_of(body))
    assert (asked["path"], asked["model"], asked["temperature"]) == ("/v1/chat/completions", "m", 0.0)
    assert "English" in asked["messages"][0]["content"]
    assert "- PER: people\n- LOC: places\n" in asked["messages"][0]["content"]
    assert sentence_of(asked) == "Anna saw {types} in Turin"
    form = asked["response_format"]["json_schema"]
    assert form["strict"] is True
    assert form["schema"]["properties"]["entities"]["items"]["properties"]["type"]["enum"] == ["PER", "LOC"]
    assert len(stand.bodies) == 2


@pytest.mark.parametrize(
    ("words", "named", "spans"),
    [
        ("a b a", ["a", "a"], [(0, 1), (2, 3)]),
        ("a b a", ["b", "a"], [(1, 2), (2, 3)]),
        ("a b a", ["a", "b", "a", "a"], [(0, 1), (1, 2), (2, 3)]),
        ("John 's U.S. visit", ["John's", "U. S."], [(0, 2), (2, 3)]),
        ("Johnson met John", ["John"], [(2, 3)]),
        ("New York Times", ["New York Times", "New York"], [(0, 3)]),
        ("Cafe\u0301 Zoe\u0308", ["Café", "Zoë"], [(0, 1), (1, 2)]),
        ("one two", ["three", "", " ", "tw", "ONE"], []),
    ],
)
def test_entities_are_whole_words_with_the_same_letters(
    words: str, named: list[str], spans: list[tuple[int, int]]
) -> None:
    assert locate(words.split(), [Named(text, "PER") for text in named]) == tuple(
        Span(start, end, "PER") for start, end in spans
    )


def test_what_is_copied_from_a_sentence_is_found_in_it() -> None:
    rng = random.Random(4)
    for _ in range(300):
        words = ["".join(rng.choices("abç", k=rng.randint(1, 3))) for _ in range(rng.randint(1, 12))]
        cuts = sorted(rng.sample(range(len(words) + 1), min(len(words) + 1, 4)))
        spans = list(zip(cuts[::2], cuts[1::2], strict=False))
        result = locate(words, [Named(" ".join(words[start:end]), "PER") for start, end in spans])
        assert ["".join(words[start:end]) for start, end, _ in result] == ["".join(words[a:b]) for a, b in spans]
        assert all(one.end <= two.start for one, two in itertools.pairwise(result))


def test_what_is_no_words_of_the_sentence_is_left_out_and_counted() -> None:
    with Stand(lambda *_: entities(("Anna", "PER"), ("Rome", "LOC"), ("Turin", "CITY"), ("Anna", "LOC"))) as stand:
        (result,) = tagger(stand).find([["Anna", "saw", "Turin"]])
    assert result.spans == (Span(0, 1, "PER"),)
    assert result.left_out == 3


@pytest.mark.parametrize(
    "answer",
    [
        said("Anna is a person."),
        said('{"names": []}'),
        said('{"entities": ["Anna"]}'),
        said('{"entities": [{"text": 3, "type": "PER"}]}'),
        said('{"entities": []}', "length"),
        said("[" * 100_000),
        said(None),
    ],
)
def test_nonsense_is_asked_again_and_then_given_up(answer: Answer) -> None:
    with Stand(lambda *_: answer) as stand, pytest.raises(ServiceError) as raised:
        tagger(stand).tag([["Anna"]])
    assert (raised.value.reason, len(stand.bodies)) == ("nonsense", 2)


def test_equal_sentences_are_asked_once() -> None:
    with Stand(knows_names) as stand:
        ready = tagger(stand)
        first = ready.tag([["Anna"], ["Turin"], ["Anna"]])
        assert ready.tag([["Turin"], ["Anna"]]) == [first[1], first[0]]
        assert len(stand.bodies) == 2


def test_agreement_of_samples_is_the_confidence() -> None:
    answers = [(("Anna Berg", "PER"), ("Turin", "LOC")), (("Anna Berg", "PER"),), (("Anna", "PER"), ("Turin", "PER"))]
    with Stand(lambda _number, body: entities(*answers[body["seed"] - 5])) as stand:
        (tagged,) = tagger(stand, samples=3, temperature=0.7, seed=5).tag_scored([["Anna", "Berg", "saw", "Turin"]])
    assert sorted(body["seed"] for body in stand.bodies) == [5, 6, 7]
    assert tagged.spans == (Span(0, 2, "PER"),)
    third = 1 / 3
    expected = [[0, 1, 0, 0, 0], [third, 0, 2 * third, 0, 0], [1, 0, 0, 0, 0], [third, third, 0, third, 0]]
    np.testing.assert_allclose(tagged.probabilities, expected, atol=1e-6)


@pytest.mark.parametrize("keys", [{"samples": 3}, {"prompt": "entities of {text}"}, {"prompt": "find {types}"}])
def test_impossible_options_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ServedParams(**keys)
    with pytest.raises(RecipeError):
        Recipe(name="x", corpora=["c"], source=["en"], target=["de"], tag={"model": "openai:m", **keys})


def test_the_cost_is_what_is_sent() -> None:
    sentences: Sequence[Sequence[str]] = [["Anna", "saw", "Turin"], ["Anna", "saw", "Turin"], [], ["Œuvre"]]
    with Stand(knows_names) as stand:
        ready = tagger(stand, samples=2, temperature=1.0)
        cost = ready.cost(sentences)
        assert stand.bodies == []
        ready.tag(sentences)
    prompts = [body["messages"][0]["content"] for body in stand.bodies]
    assert (cost.requests, cost.characters) == (len(prompts), sum(map(len, prompts)))
    assert 0.2 * cost.characters < cost.tokens < cost.characters


@pytest.fixture
def news(sqlite_database: Database, write_conll: Write) -> Database:
    lines = [*english(5), *english(1)]
    import_sample(sqlite_database, write_conll, {"en": lines, "de": [*german(5), *german(1)]})
    return sqlite_database


def _tagged(database: Database) -> list[tuple[str, int, int, str]]:
    columns = (t.sentence.c.external_id, t.entity.c.start_word, t.entity.c.end_word, t.entity.c.label)
    query = select(*columns).join(t.sentence, t.sentence.c.id == t.entity.c.sentence_id)
    query = query.join(t.step, t.step.c.id == t.entity.c.step_id).where(t.step.c.kind == "tag")
    with database.read() as connection:
        return [tuple(row) for row in connection.execute(query.order_by(t.sentence.c.id, t.entity.c.ordinal))]


def test_a_recipe_tags_by_a_server(news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def answers(number: int, body: Ask) -> Answer:
        return entities(("Oslo", "LOC")) if "Nobody" in sentence_of(body) else knows_names(number, body)

    with Stand(answers) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        plan = plan_of(news, tmp_path, TAG, top='labels = ["PER", "LOC"]\n')
        preview = next(entry for entry in preview_plan(news, plan) if entry.title.startswith("tag"))
        assert preview.sends is not None
        assert stand.bodies == []
        report = run_plan(news, plan)
        assert (report.failed, len(stand.bodies)) == (0, preview.sends["requests"])
    assert preview.sends["requests"] == 5
    assert preview.sends["characters"] == sum(len(body["messages"][0]["content"]) for body in stand.bodies)
    # The types are those that the recipe names.
    assert "- LOC: places" in stand.bodies[0]["messages"][0]["content"]
    assert "MISC" not in stand.bodies[0]["messages"][0]["content"]
    first = [("all-1", 0, 1, "PER"), ("all-1", 1, 2, "PER"), ("all-1", 6, 7, "LOC")]
    assert _tagged(news)[:3] == first
    assert [row for row in _tagged(news) if row[0] == "all-6"] == [("all-6", *row[1:]) for row in first]
    assert sorted(outcomes(news, "tag").values(), key=str) == [("empty", "no-entities left-out:1"), *[("ok", None)] * 5]
    projections = explain_sentence(news, plan, "news/de/all-1").projections[0]
    assert [step.model for step in projections.made_by if step.kind == "tag"] == ["openai:m"]
    assert run_plan(news, plan).done == 0


def test_a_broken_server_leaves_sentences_pending(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stand(lambda *_: (400, {}, '{"error": "no such model"}')) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        plan = plan_of(news, tmp_path, TAG)
        with pytest.raises(ServiceError):
            run_plan(news, plan)
    assert outcomes(news, "tag") == {}
    with Stand(knows_names) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        assert run_plan(news, plan_of(news, tmp_path, TAG)).failed == 0
    assert len(outcomes(news, "tag")) == 6


def test_samples_serve_a_scorer_as_probabilities(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = '[tag]\nmodels = { de = "openai:m" }\n[[scorer]]\ntype = "tagger_probability"\ncandidates = "ngram"\n'
    with Stand(knows_names) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        assert run_plan(news, plan_of(news, tmp_path, tables)).failed == 0
    query = select(t.candidate.c.start_word, t.candidate.c.end_word, t.candidate.c.score).distinct()
    with news.read() as connection:
        scores = {(start, end): score for start, end, score in connection.execute(query)}
    assert scores[6, 7] > 0.99
    assert (2, 3) not in scores


def test_another_prompt_or_other_types_are_another_step(news: Database, tmp_path: Path) -> None:
    tables = [
        TAG,
        TAG.replace("[project]", "seed = 1\n[project]"),
        TAG.replace("[project]", 'types = { PER = "men" }\n[project]'),
    ]
    plans = [plan_of(news, tmp_path, table) for table in tables]
    plans.append(plan_of(news, tmp_path, TAG, top='labels = ["PER"]\n'))
    digests = [next(stage.spec.digest for stage in plan.stages if stage.spec.kind == "tag") for plan in plans]
    assert len(set(digests)) == 4


def test_a_label_of_no_scheme_stands_for_itself() -> None:
    assert described(["PER", "COURT_CASE"]) == {"PER": "names of people", "COURT_CASE": "court case"}
    assert list(described([])) == ["PER", "ORG", "LOC", "MISC"]

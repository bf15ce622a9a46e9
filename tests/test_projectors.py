"""Other ways to project: a model that marks a translation, constrained decoding, and spans that a model writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from children import HANG
from projection_sample import english, german, import_sample, labels, outcomes, plan_of
from test_model_chat import Answer, Ask, Stand, said
from toy_translator import toy_translator

from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import Recipe
from xprojdb.db import Database
from xprojdb.errors import ServiceError, UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.models.marking import Marker, MarkerParams, Marking
from xprojdb.models.servers.chat import Server
from xprojdb.models.translators.constrained import bracket_places, bracketed
from xprojdb.models.translators.seq2seq import Seq2Seq

Write = Callable[..., Path]
SENTENCE = Marking(("Anna", "left", "Turin"), ("Anna", "verließ", "Turin"), ((0, 1), (2, 3)))


def named(*entities: tuple[str, str]) -> Answer:
    return said(json.dumps({"entities": [{"tag": tag, "text": text} for tag, text in entities]}))


def marker(stand: Stand, **params: Any) -> Marker:
    server = Server(stand.url, "NO_SUCH_KEY", patience=0.0, timeout=HANG, attempts=2)
    return Marker("m", "en", "de", MarkerParams(**params), server)


def test_the_words_of_an_answer_are_found_in_the_translation() -> None:
    with Stand(lambda *_: named(("b", "Turin"), ("<a>", "Anna"), ("c", "verließ"), ("b", "Rom"))) as stand:
        assert marker(stand).mark([SENTENCE]) == [[{(0, 1): 1.0}, {(2, 3): 1.0}]]
    asked = stand.bodies[0]["messages"][0]["content"]
    assert "English: <a>Anna</a> left <b>Turin</b>\nGerman: Anna verließ Turin" in asked


def test_several_answers_give_shares() -> None:
    answers = [named(("a", "Anna")), named(("a", "Anna verließ"), ("b", "Turin")), named(("a", "Anna")), named()]
    with Stand(lambda number, _: answers[number]) as stand:
        (shares,) = marker(stand, samples=4, temperature=0.7).mark([SENTENCE])
    assert sorted(shares[0].items()) == [((0, 1), 0.5), ((0, 2), 0.25)] and shares[1] == {(2, 3): 0.25}
    assert sorted(body["seed"] for body in stand.bodies) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "answer", [said("Anna"), said('{"entities": [{"tag": 1, "text": "x"}]}'), said("{}", "length")]
)
def test_an_answer_of_another_form_is_asked_again_and_given_up(answer: Answer) -> None:
    with Stand(lambda *_: answer) as stand, pytest.raises(ServiceError) as raised:
        marker(stand).mark([SENTENCE])
    assert (raised.value.reason, len(stand.bodies)) == ("nonsense", 2)


def copies(_number: int, body: Ask) -> Answer:
    """Marks names that are equal on both sides."""
    text = body["messages"][0]["content"].rsplit("English: ", 1)[1]
    marks = [(name, text.split(f"<{name}>")[1].split("<")[0]) for name in "ab" if f"<{name}>" in text]
    return named(*marks)


def test_a_language_model_projects_on_equal_terms(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(5), "de": german(5)})
    with Stand(copies) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        plan = plan_of(sqlite_database, tmp_path, '[[scorer]]\ntype = "marked"\nmodel = "openai:m"\n')
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, "[[scorer]]\n"))
        (sends,) = [entry.sends for entry in preview_plan(sqlite_database, plan) if entry.sends]
        before = set(labels(sqlite_database))
        run_plan(sqlite_database, plan)
        assert sends["requests"] == len(stand.bodies) == 4
    assert set(labels(sqlite_database)) == before
    assert {status for status, _ in outcomes(sqlite_database, "project").values()} == {"ok", "empty"}


def test_a_language_model_translates_and_marks(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_conll("en.conll", "Anna/B-PER Berg/I-PER left Turin/B-LOC")
    import_files(sqlite_database, CorpusInfo("news"), [corpus_file(path, "en", form="conll")], parallel=False)

    def answer(_number: int, body: Ask) -> Answer:
        return said(body["messages"][0]["content"].rsplit("\n\n", 1)[1].replace("left", "hat verlassen:"))

    tables = '[translate]\nmodel = "openai:m"\ndirection = "translate-train"\nmarkers = "xml"\n'
    with Stand(answer) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, f'{tables}[project]\nmethod = "markers"\n'))
    asked = stand.bodies[0]["messages"][0]["content"]
    assert "the same tags" in asked and asked.endswith("<a>Anna Berg</a> left <b>Turin</b>")
    assert [span[1:] for span in labels(sqlite_database)] == [(0, 2, "PER"), (5, 6, "LOC")]


@pytest.mark.parametrize(
    "table",
    [
        {"type": "marked"},
        {"type": "marked", "model": "openai:m", "candidates": "aligned"},
        {"type": "marked", "model": "openai:m", "prompt": "mark it"},
        {"type": "codec"},
        {"type": "generated", "model": "m", "answer": "{type}"},
        {"type": "link_mass", "candidates": "proposed"},
    ],
)
def test_impossible_keys_are_refused(table: dict[str, Any]) -> None:
    with pytest.raises(RecipeError):
        Recipe(name="x", corpora=["c"], source=["en"], target=["de"], scorer=[table])


def test_a_prompt_without_sentences_is_refused() -> None:
    with pytest.raises(UsageError):
        MarkerParams(prompt="{original}")


class Likes:
    """A model whose probability of a text is a number that depends on all of it."""

    def log_probabilities(self, texts: Sequence[str], phrases: Sequence[str], source: str, target: str) -> Any:
        pairs = zip(texts, phrases, strict=True)
        numbers = [int.from_bytes(f"{source}{pair}{target}".encode(), "big") % 9973 for pair in pairs]
        return -np.array(numbers) / 2000


def test_with_all_openings_the_best_brackets_are_found() -> None:
    source, target = ("one", "two", "three"), ("eins", "zwei", "drei", "vier")
    for start in range(3):
        found = bracket_places(Likes(), (source, "en"), (start, start + 1), (target, "de"), openings=4, longest=3)
        spans = [(a, b) for a in range(4) for b in range(a + 1, min(4, a + 3) + 1)]
        texts = [bracketed(target, *span, "de") for span in spans]
        logs = Likes().log_probabilities([bracketed(source, start, start + 1, "en")] * len(texts), texts, "en", "de")
        shares = np.exp(logs) / np.exp(logs).sum()
        assert found == pytest.approx(dict(zip(spans, shares.tolist(), strict=True)))
        fewer = bracket_places(Likes(), (source, "en"), (start, start + 1), (target, "de"), openings=2, longest=3)
        assert fewer.keys() < found.keys() and sum(fewer.values()) == pytest.approx(1)
        assert len({span[0] for span in fewer}) == 2


@pytest.fixture(scope="module")
def model() -> Seq2Seq:
    return Seq2Seq(str(toy_translator()), device="cpu")


@pytest.mark.slow
def test_a_translator_that_keeps_brackets_puts_them_around_the_name(model: Seq2Seq) -> None:
    source, target = (
        ["the", "mayor", "met", "Anna", "Berg", "in", "Turin"],
        ["das", "amt", "traf", "Anna", "Berg", "bei", "Turin"],
    )
    for entity in ((3, 5), (6, 7)):
        found = bracket_places(model, (source, "en"), entity, (target, "de"), openings=3, longest=4)
        assert max(found, key=found.__getitem__) == entity


@pytest.mark.slow
def test_log_probabilities_are_sums(model: Seq2Seq) -> None:
    sums = model.log_probabilities(["the old boat"] * 2, ["das alt boot", "amt"], "en", "de")
    means = model.probabilities(["the old boat"] * 2, ["das alt boot", "amt"], "en", "de")
    pieces = [len(model._texts.targets([text], model.prompt("en", "de"))[0]) - 1 for text in ("das alt boot", "amt")]
    assert sums == pytest.approx(np.log(means) * pieces)
    assert model.log_probabilities([], [], "en", "de").shape == (0,)


@pytest.mark.slow
def test_with_as_many_beams_as_answers_all_are_found_best_first(model: Seq2Seq) -> None:
    answers = ["das", "das alt", "alt boot", "boot", "Turin"]
    found = model.best_answers("the old boat", answers, "en", "de", 9)
    scores = model.probabilities(["the old boat"] * 5, answers, "en", "de")
    assert dict(found) == pytest.approx(dict(enumerate(scores.tolist())))
    assert [place for place, _ in found] == np.argsort(-scores).tolist()
    some = model.best_answers("the old boat", answers, "en", "de", 2)
    assert len(some) <= 2 and {place for place, _ in some} <= set(range(5))


@pytest.mark.slow
@pytest.mark.parametrize("scorer", ["codec", "generated"])
def test_recipes_project_with_a_translation_model(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, scorer: str
) -> None:
    sides = {"en": ["the mayor met Anna/B-PER"], "de": ["das amt traf Anna"]}
    import_sample(sqlite_database, write_conll, sides)
    keys = "openings = 2" if scorer == "codec" else 'prompt = "{text}"\nanswer = "{span}"\nbeams = 12'
    tables = f'[[scorer]]\ntype = "{scorer}"\nmodel = "{toy_translator()}"\n{keys}\nstop_words = ["traf"]\n'
    tables += "[project]\nmin_score = 0.0\n"
    plan = plan_of(sqlite_database, tmp_path, tables)
    run_plan(sqlite_database, plan)
    ((_, start, end, label),) = labels(sqlite_database)
    assert label == "PER" and "traf" not in ["das", "amt", "traf", "Anna"][start:end]
    if scorer == "codec":
        assert (start, end) == (3, 4)


def test_stop_words_are_for_every_kind_of_candidates(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    sides = {"en": ["Anna/B-PER Berg/I-PER left"], "de": ["Anna Berg ging"]}
    import_sample(sqlite_database, write_conll, sides)
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, '[[scorer]]\nstop_words = ["Berg"]\n'))
    assert [span[1:3] for span in labels(sqlite_database)] == [(0, 1)]


def test_the_default_stop_words_are_for_ngrams_alone(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    sides = {"en": ["Yahoo/B-ORG !/I-ORG won"], "de": ["Yahoo ! gewann"]}
    import_sample(sqlite_database, write_conll, sides)
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, "[[scorer]]\n"))
    assert [span[1:3] for span in labels(sqlite_database)] == [(0, 2)]

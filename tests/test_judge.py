"""A judge: a model behind a server that accepts or rejects what other scorers find best."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from children import HANG
from projection_sample import english, german, import_sample, labels, plan_of
from sqlalchemy import func, select
from test_model_chat import Answer, Ask, Stand

from xprojdb.config.recipe import Recipe, RecipeError
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ServiceError, UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_dataset
from xprojdb.models.judge import Case, Judge, JudgeParams, marked
from xprojdb.models.servers.chat import Server
from xprojdb.provenance.explain import explain_sentence

Write = Callable[..., Path]
CASE = Case("PER", "[[Anna]] came", "[[Anna]] kam")
SCORERS = """[[scorer]]
[[scorer]]
type = "judge"
model = "openai:m"
{keys}
[project]
min_score = 1.2
"""


def probable(text: str, *tokens: tuple[str, float]) -> Answer:
    """An answer with the probabilities of first tokens, or without any."""
    choice: dict[str, Any] = {"message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    if tokens:
        top = [{"token": token, "logprob": math.log(chance), "bytes": None} for token, chance in tokens]
        choice["logprobs"] = {"content": [{**top[0], "top_logprobs": top}]}
    return 200, {}, json.dumps({"choices": [choice]})


def judge(stand: Stand, **params: Any) -> Judge:
    server = Server(stand.url, "NO_SUCH_KEY", patience=0.0, timeout=HANG, attempts=2)
    return Judge("m", "en", "de", JudgeParams(**params), server)


def translation_of(body: Ask) -> str:
    return str(body["messages"][0]["content"].rsplit("German: ", 1)[-1])


@pytest.mark.parametrize(
    ("answer", "chance"),
    [
        (probable("yes"), 1.0),
        (probable(" No."), 0.0),
        (probable("yes", ("yes", 0.6), ("no", 0.2), ("maybe", 0.1)), 0.75),
        (probable("Yes", ("Yes", 0.4), (" yes", 0.2), ("NO", 0.3)), 2 / 3),
        (probable("no", ("no", 1.0)), 0.0),
        (probable("yes", ("The", 0.5)), 1.0),
    ],
)
def test_the_answer_is_a_probability(answer: Answer, chance: float) -> None:
    with Stand(lambda *_: answer) as stand:
        assert judge(stand).judge([CASE, CASE]) == [pytest.approx(chance)] * 2
    (asked,) = stand.bodies
    assert (asked["temperature"], asked["logprobs"]) == (0.0, True)
    result = asked["messages"][0]["content"]
    assert all(part in result for part in ("English: [[Anna]] came\n", "German: [[Anna]] kam", "type PER"))


def said(text: str, *alternatives: dict[str, object]) -> str:
    logprobs = {"content": [{"top_logprobs": alternatives}]}
    return json.dumps({"choices": [{"message": {"content": text}, "logprobs": logprobs}]})


@pytest.mark.parametrize(
    "answer",
    [
        probable("perhaps"),
        probable(""),
        (200, {}, json.dumps({"choices": [{"message": {"content": "yes"}, "logprobs": {"content": []}}]})),
        (200, {}, json.dumps({"choices": [{"message": {"content": "yes"}, "logprobs": {"content": [{}]}}]})),
        (200, {}, said("yes", {"token": "yes", "logprob": -(10**400)})),
    ],
)
def test_nonsense_is_asked_again_and_then_given_up(answer: Answer) -> None:
    with Stand(lambda *_: answer) as stand, pytest.raises(ServiceError) as raised:
        judge(stand).judge([CASE])
    assert (raised.value.reason, len(stand.bodies)) == ("nonsense", 2)


def test_sentences_may_hold_braces() -> None:
    with Stand(lambda *_: probable("yes")) as stand:
        judge(stand).judge([Case("PER", "[[{translation}]] came", "[[{original}]] {type}")])
    bodies = stand.bodies[0]["messages"][0]["content"]
    assert "English: [[{translation}]] came\nGerman: [[{original}]] {type}" in bodies


def test_a_span_is_marked() -> None:
    assert marked(["a", "b", "c", "d"], 1, 3) == "a [[b c]] d"


@pytest.mark.parametrize(
    "keys",
    [
        {},
        {"model": "m"},
        {"model": "openai:"},
        {"model": "openai:m", "candidates": "ngram"},
        {"model": "openai:m", "prompt": "yes or no?"},
    ],
)
def test_impossible_keys_are_refused(keys: dict[str, Any]) -> None:
    tables = ({"type": "link_mass"}, {"type": "judge", **keys})
    with pytest.raises(RecipeError):
        Recipe(name="x", corpora=["c"], source=["en"], target=["de"], scorer=tables)


def test_a_prompt_without_sentences_is_refused() -> None:
    with pytest.raises(UsageError):
        JudgeParams(prompt="{original}, yes or no?")


def says_no_to_turin(_number: int, body: Ask) -> Answer:
    return probable("no") if "[[Turin]]" in translation_of(body) else probable("yes", ("yes", 0.8), ("no", 0.2))


@pytest.fixture
def news(sqlite_database: Database, write_conll: Write) -> Database:
    import_sample(sqlite_database, write_conll, {"en": english(5), "de": german(5)})
    return sqlite_database


def _texts(database: Database) -> set[str]:
    with database.read() as connection:
        query = select(t.translation.c.id, t.sentence.c.words)
        query = query.join(t.sentence, t.sentence.c.id == t.translation.c.rendering_id)
        words = {pair: text for pair, text in connection.execute(query)}  # noqa: C416 - a result has keys
    return {" ".join(json.loads(words[pair])[start:end]) for pair, start, end, _ in labels(database)}


def test_what_the_judge_rejects_is_not_projected(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stand(says_no_to_turin) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        plan = plan_of(news, tmp_path, SCORERS.format(keys=""))
        assert run_plan(news, plan).failed == 0
        # One question for each entity, about its best candidate.
        assert sorted({translation_of(body) for body in stand.bodies}) == sorted(map(translation_of, stand.bodies))
        assert len(stand.bodies) == 8
        assert _texts(news) == {"Anna Berg"}
        projections = explain_sentence(news, plan, "news/de/all-1").projections[0]
        assert "openai:m" in {step.model for step in projections.made_by}
        export_dataset(news, plan, tmp_path / "hf")
        card = (tmp_path / "hf" / "README.md").read_text(encoding="utf-8")
        assert "openai:m was asked whether labels are right" in card
        assert run_plan(news, plan).done == 0


def test_the_answers_are_stored(news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stand(says_no_to_turin) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        run_plan(news, plan_of(news, tmp_path, SCORERS.format(keys="")))
        asked = len(stand.bodies)
        # Another step: it asks about the second-best candidates only.
        more = plan_of(news, tmp_path, SCORERS.format(keys="best = 2"))
        preview = [entry for entry in preview_plan(news, more) if entry.sends]
        run_plan(news, more)
        assert [entry.sends and entry.sends["requests"] for entry in preview] == [len(stand.bodies) - asked]
        assert len({body["messages"][0]["content"] for body in stand.bodies}) == len(stand.bodies) > asked
        again = len(stand.bodies)
        run_plan(news, plan_of(news, tmp_path, SCORERS.format(keys="min_score = 0.1")))
        assert len(stand.bodies) == again
        # Another question.
        run_plan(news, plan_of(news, tmp_path, SCORERS.format(keys="seed = 1")))
        assert len(stand.bodies) == again + asked
    with news.read() as connection:
        stored = connection.execute(select(func.count()).select_from(t.phrase_score)).scalar_one()
    assert stored == len(stand.bodies)


def test_a_dry_run_before_anything_is_aligned_sends_nothing(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stand(says_no_to_turin) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        previews = preview_plan(news, plan_of(news, tmp_path, SCORERS.format(keys="")))
    assert stand.bodies == []
    (sends,) = [preview.sends for preview in previews if preview.sends is not None]
    assert sends == {"requests": 0, "characters": 0, "tokens": 0}


def test_a_broken_server_leaves_pairs_pending(news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Stand(lambda *_: (401, {}, "no")) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        plan = plan_of(news, tmp_path, SCORERS.format(keys=""))
        with pytest.raises(ServiceError):
            run_plan(news, plan)
    assert labels(news) == []
    with Stand(lambda *_: probable("yes")) as stand:
        monkeypatch.setenv("OPENAI_BASE_URL", stand.url)
        assert run_plan(news, plan_of(news, tmp_path, SCORERS.format(keys=""))).failed == 0
    assert _texts(news) == {"Anna Berg", "Turin"}

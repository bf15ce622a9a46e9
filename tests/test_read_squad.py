"""Answers of XQuAD, MLQA and SQuAD: each question is a sentence with a span, and measures projection."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xprojdb
from xprojdb.readers import Notes, ReadError, Record, format_of, read
from xprojdb.text.spans import Span

EN = "Mwanza lies on a lake . Juma fishes there ."
SW = "Mwanza iko juu ya ziwa . Juma anavua huko ."
ALIGNED = '[align]\naligner = "equal_words"\n'


def answer(context: str, text: str) -> dict[str, Any]:
    return {"text": text, "answer_start": context.index(text)}


def nested(context: str, *questions: tuple[str, list[dict[str, Any]]]) -> str:
    qas = [{"id": name, "question": "?", "answers": answers} for name, answers in questions]
    article = {"title": "Lake", "paragraphs": [{"context": context, "qas": qas}]}
    return json.dumps({"data": [article], "version": "1.1"}, ensure_ascii=False)


def flat(context: str, *questions: tuple[str, list[dict[str, Any]]]) -> str:
    rows = [
        {"id": name, "title": "Lake", "context": context, "question": "?",
         "answers": {key: [entry[key] for entry in answers] for key in ("text", "answer_start")}}
        for name, answers in questions
    ]  # fmt: skip
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def put(folder: Path, text: str, name: str = "xquad.json") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(path: Path, notes: Notes | None = None, **options: Any) -> list[Record]:
    return list(read(path, "en", "auto", notes, **options))


@pytest.mark.parametrize("write", [nested, flat])
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    words=st.lists(st.sampled_from(["Mara", "rests", "Zürich", "🙂", "ẹ̀kọ́"]), min_size=1, max_size=9),
    data=st.data(),
)
def test_every_question_is_a_sentence_with_its_answer(tmp_path: Path, write: Any, words: list[str], data: Any) -> None:
    from unicodedata import normalize

    context, questions, expected = " ".join(words), [], []
    for number in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(words) - 1))
        end = data.draw(st.integers(start + 1, len(words)))
        offset, text = len(" ".join([*words[:start], ""])), " ".join(words[start:end])
        questions.append((f"q{number}", [{"text": text, "answer_start": offset}]))
        expected.append((f"q{number}", normalize("NFC", text).replace(" ", "")))
    path = put(tmp_path, write(context, *questions))
    assert format_of(path) == "squad"
    records = load(path)
    assert all(record.text == normalize("NFC", context) for record in records)
    results = []
    for record in records:
        assert record.entities is not None
        ((start, end, label),) = record.entities
        assert label == "ANSWER"
        results.append((record.external_id, "".join(record.words[start:end])))
    assert results == expected


def test_a_large_file_is_recognized_by_its_beginning(tmp_path: Path) -> None:
    context = "word " * 20_000 + "Juma"
    (record,) = load(put(tmp_path, nested(context, ("q", [answer(context, "Juma")]))))
    assert record.entities == (Span(20_000, 20_001, "ANSWER"),)


def test_what_is_left_out_is_counted(tmp_path: Path) -> None:
    lake, on_lake = answer(EN, "a lake"), answer(EN, "on a lake")
    notes = Notes()
    records = load(put(tmp_path, nested(EN, ("one", [lake, on_lake]), ("two", [lake, lake]), ("none", []))), notes)
    assert [record.entities for record in records] == [(Span(3, 5, "ANSWER"),), (Span(3, 5, "ANSWER"),), ()]
    assert {code: note.count for code, note in notes} == {"other-answer": 1, "unanswered": 1}


@pytest.mark.parametrize(
    ("text", "reason", "place"),
    [
        (nested(EN, ("q", [{"text": "a lake", "answer_start": 3}])), "span-text", "'q'"),
        (nested(EN, ("q", [{"text": "there .", "answer_start": 400}])), "span-outside", "'q'"),
        (nested(EN, ("q", [answer(EN, "Mwan")])), "span-cuts-word", "'q'"),
        (nested(EN, ("ok", []), ("q", [{"text": "a"}])), "squad", "data[0].paragraphs[0].qas[1].answers[0]"),
        (nested(EN, ("", [])), "squad", "data[0].paragraphs[0].qas[0].id"),
        ('{"data": [{"paragraphs": [{"qas": [{"id": "q"}]}]}]}', "squad", "data[0].paragraphs[0].context"),
        ('{"data": [{"paragraphs": [7]}]}', "squad", "data[0].paragraphs[0]"),
        ('{"version": "2", "data": [{"paragraphs": []}]}', "empty", ""),
        ('{"id": "q", "context": "a", "answers": {"text": ["a"], "answer_start": []}}', "squad", "answers"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_its_place(
    tmp_path: Path, text: str, reason: str, place: str
) -> None:
    path = put(tmp_path, text)
    with pytest.raises(ReadError) as caught:
        load(path)
    assert (caught.value.file, caught.value.reason) == (str(path), reason)
    assert place in str(caught.value)


def test_answers_are_projected_and_measured(tmp_path: Path) -> None:
    db = xprojdb.open(tmp_path / "a.db", create=True)
    for lang, context, lake in (("en", EN, "a lake"), ("sw", SW, "ziwa")):
        questions = ("q1", [answer(context, "Juma")]), ("q2", [answer(context, lake)])
        path = put(tmp_path, nested(context, *questions), f"xquad.{lang}.json")
        db.import_spans(path, corpus="xquad", lang=lang, split="test")
    db.join("xquad", langs=["en", "sw"])
    recipe = put(
        tmp_path, f'name = "answers"\ncorpora = ["xquad"]\nsource = ["en"]\ntarget = ["sw"]\n{ALIGNED}', "answers.toml"
    )
    db.run(recipe)
    (row,) = (row for row in db.evaluate("answers").to_dict() if row["label"] == "ANSWER")
    # The aligner links equal words, of which "a lake" has none.
    assert (row["gold"], row["predicted"], row["correct"]) == (2, 1, 1)

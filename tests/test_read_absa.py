"""SemEval's XML: opinion targets as spans, in the forms of 2014 and of 2015 and 2016."""

from __future__ import annotations

from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import xprojdb
from xprojdb.readers import Notes, ReadError, Record, format_of, read
from xprojdb.text.spans import Span


def opinion(text: str, target: str, *more: str) -> str:
    start = text.index(target)
    places = f'from="{start}" to="{start + len(target)}"'
    return "".join(f'<Opinion target={quoteattr(target)} category="{name}" {places}/>' for name in ("FOOD", *more))


def reviews(*sentences: tuple[str, str, str | None]) -> str:
    parts = [
        f"<sentence id={quoteattr(name)}><text>{text}</text>"
        + ("" if opinions is None else f"<Opinions>{opinions}</Opinions>")
        + "</sentence>"
        for name, text, opinions in sentences
    ]
    review = f'<Review rid="1"><sentences>{"".join(parts)}</sentences></Review>'
    return f'<?xml version="1.0" encoding="utf-8"?><Reviews>{review}</Reviews>'


def put(folder: Path, text: str, name: str = "absa.xml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def load(path: Path, notes: Notes | None = None) -> list[Record]:
    return list(read(path, "en", "auto", notes))


def test_a_target_of_several_opinions_is_one_span(tmp_path: Path) -> None:
    text = "The fried rice was cold"
    null = '<Opinion target="NULL" category="SERVICE" from="0" to="0"/>'
    path = put(
        tmp_path, reviews(("1:0", text, opinion(text, "fried rice", "PRICE") + null), ("1:1", "Never again", None))
    )
    assert format_of(path) == "absa"
    notes = Notes()
    first, second = load(path, notes)
    assert (first.external_id, first.words, first.entities) == ("1:0", tuple(text.split()), (Span(1, 3, "TARGET"),))
    assert second.entities is None
    assert {code: note.count for code, note in notes} == {"unlabelled": 1}


def test_the_form_of_2014(tmp_path: Path) -> None:
    term = '<aspectTerm term="screen" polarity="positive" from="4" to="10"/>'
    sentence = f'<sentence id="7"><text>The screen &amp; keys</text><aspectTerms>{term}</aspectTerms></sentence>'
    (record,) = load(put(tmp_path, f"<sentences>{sentence}</sentences>"))
    assert (record.words[1:], record.entities) == (("screen", "&", "keys"), (Span(1, 2, "TARGET"),))


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=st.lists(st.sampled_from(["Fisch", "çorba", "🙂", "good"]), min_size=1, max_size=8), data=st.data())
def test_every_target_keeps_its_words(tmp_path: Path, words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    offset, target = len(" ".join([*words[:start], ""])), " ".join(words[start:end])
    given = f'<Opinion target={quoteattr(target)} from="{offset}" to="{offset + len(target)}"/>'
    (record,) = load(put(tmp_path, reviews(("a", " ".join(words), given))))
    (span,) = record.entities or ()
    assert "".join(record.words[span.start : span.end]) == "".join(words[start:end])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (reviews(("a", "The rice", '<Opinion target="rice" from="0" to="4"/>')), "span-text"),
        (reviews(("a", "The rice", '<Opinion target="rice"/>')), "absa"),
        (reviews(("a", "The rice", '<Opinion target="rice" from="x" to="8"/>')), "absa"),
        ("<Reviews><sentence><text>a</text>", "xml"),
        ('<!DOCTYPE r [<!ENTITY a "b">]><Reviews><sentence id="1"><text>&a;</text></sentence></Reviews>', "entity"),
        ("<Reviews>\n<text></text></Reviews>", "empty"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(ReadError) as caught:
        list(read(put(tmp_path, text), "en", "absa", None))
    assert caught.value.fields["reason"] == reason


def test_targets_are_projected_and_measured(tmp_path: Path) -> None:
    db = xprojdb.open(tmp_path / "a.db", create=True)
    for lang, text in (("en", "The sushi was cold"), ("de", "Das sushi war kalt")):
        path = put(tmp_path, reviews(("1", text, opinion(text, "sushi"))), f"{lang}.xml")
        db.import_spans(path, corpus="absa", lang=lang, split="test")
    db.join("absa", langs=["en", "de"])
    recipe = 'name = "targets"\ncorpora = ["absa"]\nsource = ["en"]\ntarget = ["de"]\n'
    aligned = '[align]\naligner = "equal_words"\nwords = "all"\n'
    db.run(put(tmp_path, recipe + aligned, "targets.toml"))
    (row,) = (row for row in db.evaluate("targets").to_dict() if row["label"] == "TARGET")
    assert (row["gold"], row["predicted"], row["correct"]) == (1, 1, 1)

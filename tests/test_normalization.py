"""Folded strings and their edit similarity."""

import unicodedata
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.text.normalization import edit_distance, edit_similarity, fold, normal_form


@pytest.mark.parametrize(
    ("text", "folded"),
    [("Ｅurópa", "europa"), ("STRASSE", "strasse"), ("Straße", "strasse"), ("İzmir", "izmir"), ("ﬁrst", "first")],
)
def test_spellings_of_one_name_fold_to_one_string(text, folded):
    assert fold(text) == folded


def test_a_lone_combining_mark_does_not_vanish():
    assert fold("\u0301") == "\u0301"


@given(st.text(max_size=20))
def test_folding_twice_changes_nothing_more_in_case_and_accents(text):
    assert fold(fold(text)) == fold(text)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_the_distance_is_levenshteins(a, b):
    def naive(i, j):
        if not i or not j:
            return i + j
        return min(naive(i - 1, j) + 1, naive(i, j - 1) + 1, naive(i - 1, j - 1) + (a[i - 1] != b[j - 1]))

    assert edit_distance(a, b) == naive(len(a), len(b))


def test_similarity_is_relative_to_the_longer_string():
    assert edit_similarity("abcd", "ab") == 0.5
    assert edit_similarity("", "") == 1


@given(
    st.text(st.sampled_from("aeé≮∈\u0338\u0301\u0316\u1e69\u0344한ᄀ<…🎉 "), max_size=80),
    st.sampled_from(["NFC", "NFKD"]),
)
def test_normal_forms_are_unicodes(text, form):
    runs = "".join("x" if unicodedata.combining(character) else " " for character in text).split()
    if max(map(len, runs), default=0) <= 30:
        assert normal_form(form, text) == unicodedata.normalize(form, text)


def test_no_letter_has_more_marks_sorted_at_once_than_any_language_writes(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "xprojdb.text.normalization.unicodedata",
        SimpleNamespace(normalize=lambda _form, text: asked.append(text) or text, combining=unicodedata.combining),
    )
    text = "né" + "…" * 40 + "\u0301\u0316" * 1000 + "e\u0301"
    assert normal_form("NFC", text) == text
    assert max(map(len, asked[1:-1])) == 30

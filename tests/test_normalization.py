"""Folded strings and their edit similarity."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.text.normalization import edit_distance, edit_similarity, fold


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

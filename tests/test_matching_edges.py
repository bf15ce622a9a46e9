"""Scores of where candidates begin and end, against the words themselves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.errors import MatchingError
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import ngrams
from xprojdb.matching.scores.boundary import clean_start, function_words, is_function_word, name_edges, name_words
from xprojdb.matching.scores.word_weights import WordCounts

TEXTS = st.lists(
    st.lists(st.sampled_from(["the", "Rhine", "12", "boat", "-", "«", "Ärzte"]), max_size=5), min_size=1, max_size=5
)


def _pairs(sentences: list[list[str]]) -> PairBatch:
    return PairBatch.pack([(2, len(words), [(0, 1), (1, 2)], []) for words in sentences])


@given(TEXTS)
def test_a_start_is_clean_unless_it_is_a_function_word(sentences: list[list[str]]) -> None:
    counts = WordCounts.of([["the"] * 9 + ["Rhine"]])
    pairs = _pairs(sentences)
    candidates = ngrams(pairs, 3)
    scores = clean_start(pairs, candidates, function_words(sentences, counts, 0.5)).tolist()
    for pair, words in enumerate(sentences):
        for row in range(candidates.ptr[pair], candidates.ptr[pair + 1]):
            assert scores[row] == (0 if words[candidates.start[row]] in ("the", "-", "«") else 1)


@given(TEXTS, st.lists(st.booleans(), min_size=10, max_size=10))
def test_name_edges_count_both_ends_of_capitalised_entities(sentences: list[list[str]], asked: list[bool]) -> None:
    pairs = _pairs(sentences)
    candidates = ngrams(pairs, 3)
    is_name = np.array(asked[: 2 * len(sentences)])
    scores = name_edges(pairs, candidates, name_words(sentences), is_name).tolist()
    for pair, words in enumerate(sentences):
        for row in range(candidates.ptr[pair], candidates.ptr[pair + 1]):
            ends = (words[candidates.start[row]], words[candidates.end[row] - 1])
            share = sum(word in ("Rhine", "12", "Ärzte") for word in ends) / 2
            assert scores[row] == (share if asked[2 * pair + candidates.entity[row]] else 1)


@pytest.mark.parametrize(
    ("word", "expected"), [("'s", False), ("...", True), ("of", True), ("OF", True), ("Oslo", False)]
)
def test_function_words(word: str, expected: bool) -> None:
    assert is_function_word(word, WordCounts({"of": 3, "oslo": 1}, 100), 0.02) is expected


def test_flags_of_other_sentences_are_refused() -> None:
    pairs = _pairs([["a", "b"]])
    with pytest.raises(MatchingError) as caught:
        clean_start(pairs, ngrams(pairs, 1), np.zeros(3, np.bool_))
    assert (caught.value.what, caught.value.value) == ("flags", 3)

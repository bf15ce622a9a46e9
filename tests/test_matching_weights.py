"""Weights of words and of the links between them, against the formulas written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.errors import MatchingError
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import ngrams
from xprojdb.matching.scores.links import soft_alignment
from xprojdb.matching.scores.word_weights import WordCounts, weigh_links, word_weights

WORDS = st.lists(st.lists(st.sampled_from(["the", "The", "boat", "Turin", "ß", "ẞ", "."]), max_size=6), max_size=6)


@given(WORDS, WORDS, st.floats(0.1, 3))
def test_weights_are_those_of_the_formula(counted: list[list[str]], sentences: list[list[str]], gamma: float) -> None:
    counts = WordCounts.of(counted)
    everything = [word.lower() for sentence in counted for word in sentence]
    assert counts.total == len(everything)
    weights = word_weights(sentences, counts, gamma).tolist()
    for word, weight in zip([word for sentence in sentences for word in sentence], weights, strict=True):
        occurrences = everything.count(word.lower())
        information = min(-math.log(occurrences / len(everything)), 8) if occurrences else 8
        assert weight == pytest.approx((information / 8) ** gamma)


def _random_pairs(seed: int) -> PairBatch:
    random = np.random.default_rng(seed)
    items, scores = [], []
    for _ in range(8):
        n, m = random.integers(1, 7, 2).tolist()
        links = np.argwhere(random.random((n, m)) < 0.5)
        items.append((n, m, [(0, 1)], [(x, y) for x, y in links.tolist()]))
        scores.append(random.random(len(links)).tolist())
    return PairBatch.pack(items, scores)


@pytest.mark.parametrize("seed", range(20))
def test_links_are_weighed_by_both_words(seed: int) -> None:
    pairs, random = _random_pairs(seed), np.random.default_rng(seed)
    left, right = (random.random(int(words.sum())) for words in (pairs.source_words, pairs.target_words))
    weighed = weigh_links(pairs, left, right)
    assert pairs.link_score is not None and weighed.link_score is not None
    for pair in range(len(pairs)):
        first = [int(words[:pair].sum()) for words in (pairs.source_words, pairs.target_words)]
        for link in range(pairs.link_ptr[pair], pairs.link_ptr[pair + 1]):
            u = left[first[0] + pairs.link_source[link]]
            v = right[first[1] + pairs.link_target[link]]
            assert weighed.link_score[link] == pytest.approx(pairs.link_score[link] * math.sqrt(u * v), rel=1e-5)


def test_equal_weights_change_no_score() -> None:
    pairs = _random_pairs(1)
    halves = [np.full(int(words.sum()), 0.5) for words in (pairs.source_words, pairs.target_words)]
    candidates = ngrams(pairs, 3)
    weighed = soft_alignment(weigh_links(pairs, *halves), candidates)
    np.testing.assert_allclose(weighed, soft_alignment(pairs, candidates), rtol=1e-5)


def test_weights_of_other_sentences_are_refused() -> None:
    pairs = _random_pairs(2)
    right = np.ones(int(pairs.target_words.sum()))
    with pytest.raises(MatchingError) as caught:
        weigh_links(pairs, np.ones(3), right)
    assert (caught.value.what, caught.value.value) == ("source", 3)


def test_links_without_scores_are_refused() -> None:
    pairs = PairBatch.pack([(1, 1, [(0, 1)], [(0, 0)])])
    with pytest.raises(MatchingError) as caught:
        weigh_links(pairs, np.ones(1), np.ones(1))
    assert caught.value.what == "link_score"

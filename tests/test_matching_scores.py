"""Scores against their formulas."""

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import PairBatch, alignment, ngrams, soft_alignment


@pytest.fixture
def scored():
    """Random items with link scores, their pairs, and every n-gram."""
    random = np.random.default_rng(2)
    items, scores = [], []
    for _ in range(200):
        n, m = (int(w) for w in random.integers(1, 9, 2))
        start = int(random.integers(0, n))
        links = [(x, y) for x in range(n) for y in range(m) if random.random() < 0.3]
        items.append((n, m, [(start, int(random.integers(start + 1, n + 1))), (0, 1)], links))
        scores.append([float(np.float32(v)) for v in random.random(len(links))])
    pairs = PairBatch.pack(items, scores)
    return items, scores, pairs, ngrams(pairs, 5)


def naive(scored, formula):
    items, scores, _, candidates = scored
    values = []
    for i, (_, _, spans, links) in enumerate(items):
        for c in range(candidates.ptr[i], candidates.ptr[i + 1]):
            (a, b), s, e = spans[candidates.entity[c]], candidates.start[c], candidates.end[c]
            weighted = [(a <= x < b, s <= y < e, w) for (x, y), w in zip(links, scores[i], strict=True)]
            values.append(formula(weighted, b - a, e - s))
    return values


def test_alignment(scored):
    wanted = naive(scored, lambda links, size, length: 2 * sum(a and b for a, b, _ in links) / (size + length))
    assert alignment(scored[2], scored[3]).tolist() == wanted


def test_soft_alignment_is_a_share_of_the_linked_mass(scored):
    def formula(links, *_):
        both = sum(w * (int(a) + int(b)) for a, b, w in links)
        return 2 * sum(w for a, b, w in links if a and b) / both if both else 0.0

    result = soft_alignment(scored[2], scored[3])
    assert result.tolist() == pytest.approx(naive(scored, formula))
    assert result.max() <= 1 + 1e-12


def test_soft_alignment_by_words(scored):
    wanted = naive(scored, lambda links, size, length: 2 * sum(w for a, b, w in links if a and b) / (size + length))
    assert soft_alignment(scored[2], scored[3], by_words=True).tolist() == pytest.approx(wanted)


def test_soft_alignment_wants_link_scores():
    pairs = PairBatch.pack([(1, 1, [(0, 1)], [(0, 0)])])
    with pytest.raises(MatchingError) as caught:
        soft_alignment(pairs, ngrams(pairs, 1))
    assert caught.value.what == "link_score"


def test_no_links_score_nothing():
    pairs = PairBatch.pack([(2, 2, [(0, 2)], []), (1, 0, [(0, 1)], []), (0, 1, [], [])], [[], [], []])
    candidates = ngrams(pairs, 2)
    assert alignment(pairs, candidates).tolist() == [0, 0, 0]
    assert soft_alignment(pairs, candidates).tolist() == [0, 0, 0]

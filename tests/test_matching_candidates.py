"""Candidate generators against naive ones."""

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import (
    Candidates,
    PairBatch,
    aligned_subranges,
    alignment,
    exact,
    from_spans,
    ngrams,
    to_fixed,
    union,
)


def random_pairs(random, pairs=300, words=12, entities=3):
    items = []
    for _ in range(pairs):
        n, m = (int(w) for w in random.integers(0, words + 1, 2))
        starts = random.integers(0, n, random.integers(0, entities + 1)) if n else []
        spans = [(int(s), int(random.integers(s + 1, min(n, s + 3) + 1))) for s in starts]
        links = [(x, y) for x in range(n) for y in range(m) if random.random() < 2 / words]
        items.append((n, m, spans, links))
    return items, PairBatch.pack(items)


def rows(candidates):
    pair = np.repeat(np.arange(len(candidates.ptr) - 1), np.diff(candidates.ptr))
    return list(
        zip(*(column.tolist() for column in (pair, candidates.entity, candidates.start, candidates.end)), strict=True)
    )


@pytest.mark.parametrize("longest", [1, 3, 50])
def test_aligned_subranges_start_and_end_on_linked_words(longest):
    items, pairs = random_pairs(np.random.default_rng(longest))
    naive = []
    for i, (_, m, spans, links) in enumerate(items):
        for j, (a, b) in enumerate(spans):
            linked = {y for x, y in links if a <= x < b}
            naive += [
                (i, j, s, e + 1) for s in range(m) for e in range(s, m) if {s, e} <= linked and e + 1 - s <= longest
            ]
    assert rows(aligned_subranges(pairs, longest)) == naive
    assert naive


@pytest.mark.parametrize("longest", [1, 4, 50])
def test_ngrams_hold_no_forbidden_word(longest):
    random = np.random.default_rng(longest)
    items, pairs = random_pairs(random)
    forbidden = random.random(sum(item[1] for item in items)) < 0.2
    naive, first = [], 0
    for i, (_, m, spans, _) in enumerate(items):
        for j in range(len(spans)):
            for s in range(m):
                ends = range(s + 1, min(m, s + longest) + 1)
                naive += [(i, j, s, e) for e in ends if not forbidden[first + s : first + e].any()]
        first += m
    assert rows(ngrams(pairs, longest, forbidden)) == naive
    assert len(ngrams(pairs, longest)) > len(naive)


def test_a_mask_of_another_length_is_refused():
    with pytest.raises(MatchingError) as caught:
        ngrams(PairBatch.pack([(1, 2, [], [])]), 3, np.zeros(3, bool))
    assert (caught.value.what, caught.value.value) == ("forbidden", 3)


@pytest.mark.parametrize("with_subspans", [False, True])
def test_proposed_spans_serve_every_entity(with_subspans):
    random = np.random.default_rng(8)
    items, pairs = random_pairs(random)
    proposed = []
    for _, m, _, _ in items:
        spans = [(int(s), int(random.integers(s + 1, m + 1))) for s in (random.integers(0, m, 3) if m else [])]
        proposed.append(spans)
    naive = set()
    for i, spans in enumerate(proposed):
        wanted = (
            {(s, e) for a, b in spans for s in range(a, b) for e in range(s + 1, b + 1)}
            if with_subspans
            else set(spans)
        )
        naive |= {(i, j, s, e) for j in range(len(items[i][2])) for s, e in wanted if e - s <= 4}
    start, end = np.array([span for spans in proposed for span in spans]).T
    ptr = np.cumsum([0] + [len(spans) for spans in proposed])
    assert rows(from_spans(pairs, ptr, start, end, with_subspans, 4)) == sorted(naive)


@pytest.mark.parametrize("span", [(1, 1), (-1, 1), (1, 3), (2, 1)])
def test_spans_outside_the_sentence_are_refused(span):
    pairs = PairBatch.pack([(1, 9, [], []), (1, 2, [], [])])
    with pytest.raises(MatchingError) as caught:
        from_spans(pairs, [0, 1, 2], [0, span[0]], [1, span[1]])
    assert (caught.value.pair, caught.value.value) == (1, span)


def test_union_keeps_each_candidate_once_and_its_origins():
    items, pairs = random_pairs(np.random.default_rng(4))
    spans = [(i, 0, max(1, m // 2)) for i, (_, m, _, _) in enumerate(items) if m]
    ptr = np.cumsum([0] + [int(m > 0) for _, m, _, _ in items])
    sets = [aligned_subranges(pairs, 5), from_spans(pairs, ptr, *np.array(spans).T[1:]), ngrams(pairs, 2)]
    united = union(*sets)
    naive = {}
    for bit, entry in enumerate(sets):
        for row in rows(entry):
            naive[row] = naive.get(row, 0) | 1 << bit
    naive = dict(sorted(naive.items()))
    assert rows(united) == list(naive)
    assert united.origin.tolist() == list(naive.values())
    united.by_entity(pairs.entity_ptr, pairs.target_words)
    with pytest.raises(MatchingError):
        union()


@pytest.mark.parametrize(("entity", "start", "end"), [(0, 0, 4), (0, 2, 2), (1, 0, 1), (0, -1, 1)])
def test_candidates_outside_the_pair_are_refused(entity, start, end):
    pairs = PairBatch.pack([(1, 3, [(0, 1)], [])])
    candidates = Candidates([0, 1], [entity], [start], [end], [1])
    with pytest.raises(MatchingError) as caught:
        alignment(pairs, candidates)
    assert (caught.value.pair, caught.value.value) == (0, (entity, start, end))


def test_aligned_subranges_lose_no_optimum():
    _, pairs = random_pairs(np.random.default_rng(6), 3000)
    totals, chosen = [], []
    for candidates in (aligned_subranges(pairs, 50), ngrams(pairs, 50)):
        matches = exact(pairs.entity_ptr, candidates, to_fixed(alignment(pairs, candidates)))
        totals.append(matches.bound)
        listed = rows(candidates)
        chosen.append([listed[c] for c in matches.chosen])
    assert np.array_equal(*totals)
    assert chosen[0] == chosen[1]
    assert totals[0].any()

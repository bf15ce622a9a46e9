"""Majority and weighted votes on labelled spans."""

from collections import defaultdict

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import Sources, vote

Row = tuple[int, int, int, int]  # source, start, end, label


def columns(sentences):
    ptr = np.cumsum([0, *map(len, sentences)])
    rows = np.array([row for sentence in sentences for row in sentence], np.int32).reshape(-1, 4)
    return ptr, *(np.ascontiguousarray(column) for column in rows.T)


def spans(answer, sentence=0):
    got = slice(answer.ptr[sentence], answer.ptr[sentence + 1])
    return list(zip(answer.start[got].tolist(), answer.end[got].tolist(), answer.label[got].tolist(), strict=True))


def random_votes(random, sources):
    """Every source's spans, without overlaps within a source."""
    rows = []
    for source in sources:
        cuts = sorted(random.choice(7, random.integers(0, 7), replace=False).tolist())
        rows += [(int(source), a, b, int(random.integers(2))) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]
    return rows


def naive(rows, present, weight, scores, least):
    total = sum(w for w, p in zip(weight, present, strict=True) if p)
    cast, scored = defaultdict(float), defaultdict(float)
    for (source, *ballot), score in zip(rows, scores, strict=True):
        cast[tuple(ballot)] += weight[source]
        scored[tuple(ballot)] += weight[source] * score
    order = sorted(cast, key=lambda b: (-cast[b], -round(scored[b] / cast[b], 6), b))
    taken = []
    for ballot in order:
        free = all(ballot[1] <= s or e <= ballot[0] for s, e, _ in taken)
        if cast[ballot] / total > least + 1e-9 and free:
            taken.append(ballot)
    return sorted(taken)


@pytest.mark.parametrize("least", [0.0, 0.3, 0.5])
def test_the_answer_is_that_of_a_plain_count(least):
    random = np.random.default_rng(int(least * 10))
    present = random.random((300, 4)) < 0.8
    present[:, 0] |= ~present.any(1)
    weight = np.array([1.0, 2.0, 0.5, 1.0])
    sentences = [random_votes(random, np.flatnonzero(row)) for row in present]
    arrays = columns(sentences)
    scores = random.integers(0, 3, len(arrays[1])) / 2
    answer = vote(Sources(present, weight), *arrays, score=scores, least=least)
    assert len(answer) > 100
    for t, rows in enumerate(sentences):
        mine = scores[arrays[0][t] : arrays[0][t + 1]]
        assert spans(answer, t) == naive(rows, present[t], weight, mine, least)


def test_the_votes_of_a_span_add_up_to_its_value():
    random = np.random.default_rng(4)
    sentences = [random_votes(random, range(3)) for _ in range(50)]
    arrays = columns(sentences)
    answer = vote(Sources(np.ones((50, 3)), [1, 2, 3]), *arrays, least=0.2)
    for k in range(len(answer)):
        votes = slice(answer.vote_ptr[k], answer.vote_ptr[k + 1])
        rows = answer.vote_row[votes]
        assert answer.contribution[votes].sum() == pytest.approx(answer.value[k])
        assert (arrays[2][rows] == answer.start[k]).all() and (arrays[4][rows] == answer.label[k]).all()
        assert (np.diff(answer.vote_source[votes]) > 0).all()


def test_two_of_three_are_enough_and_two_of_four_are_not():
    rows = [(0, 0, 1, 0), (1, 0, 1, 0)]
    assert spans(vote(Sources.equal([[True] * 3]), *columns([rows]))) == [(0, 1, 0)]
    assert spans(vote(Sources.equal([[True] * 4]), *columns([rows]))) == []


def test_exactly_half_of_many_equal_weights_is_not_enough():
    rows = [(s, 0, 1, 0) for s in range(3)]
    assert spans(vote(Sources([[True] * 6], [0.1] * 6), *columns([rows]))) == []


def test_a_missing_source_is_no_vote_against():
    rows = [(0, 0, 1, 0), (1, 0, 1, 0)]
    assert spans(vote(Sources.equal([[True, True, False, False]]), *columns([rows]))) == [(0, 1, 0)]


def test_a_weight_decides():
    rows = [(0, 0, 1, 0), (1, 0, 2, 0), (2, 0, 2, 0)]
    assert spans(vote(Sources([[True] * 3], [3, 1, 1]), *columns([rows]))) == [(0, 1, 0)]


def test_overlaps_go_by_votes_then_score_then_leftmost_then_shorter():
    sources = Sources.equal([[True] * 3])
    rows = [(0, 0, 2, 0), (1, 1, 3, 0), (2, 1, 3, 0)]
    assert spans(vote(sources, *columns([rows]), least=0.1)) == [(1, 3, 0)]
    rows = [(0, 0, 2, 0), (1, 1, 3, 0)]
    answer = vote(sources, *columns([rows]), score=[0.1, 0.2], least=0.1)
    assert spans(answer) == [(1, 3, 0)] and answer.margin.tolist() == [0]
    assert spans(vote(sources, *columns([rows]), least=0.1)) == [(0, 2, 0)]
    assert spans(vote(sources, *columns([[(0, 0, 2, 0), (1, 0, 1, 0)]]), least=0.1)) == [(0, 1, 0)]


@pytest.mark.parametrize(
    ("rows", "what"),
    [
        ([(2, 0, 1, 0)], "source"),
        ([(0, 1, 1, 0)], "span"),
        ([(0, 0, 1, -1)], "label"),
        ([(0, 0, 1, 0), (0, 0, 1, 0)], "row"),
    ],
)
def test_impossible_votes_are_refused(rows, what):
    with pytest.raises(MatchingError) as error:
        vote(Sources.equal([[True, True]]), *columns([rows]))
    assert error.value.what == what


def test_nothing_in_nothing_out():
    assert len(vote(Sources.equal(np.ones((0, 2))), *columns([]))) == 0
    assert vote(Sources([[True, True]], [0, 0]), *columns([[(0, 0, 1, 0)]])).ptr.tolist() == [0, 0]

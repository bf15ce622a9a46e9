import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.models.aligners.symmetrization import RULES, symmetrise, voted
from xprojdb.models.aligners.word_links import Links

CELLS = st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=22)


def links(cells, score=1.0):
    ordered = sorted(cells)
    return Links(np.array(ordered, np.int32).reshape(-1, 2), np.full(len(ordered), score, np.float32))


def cells(found):
    return [tuple(cell) for cell in found.pairs.tolist()]


def grow_diag_final_and(forward, reverse, final):  # noqa: C901
    """The published pseudo-code, on matrices."""
    union, linked = np.zeros((7, 7), bool), np.zeros((7, 7), bool)
    for cell in forward | reverse:
        union[cell] = True
    for cell in forward & reverse:
        linked[cell] = True
    added = True
    while added:
        added = False
        for i in range(7):
            for j in range(7):
                if not linked[i, j]:
                    continue
                for a, b in ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)):
                    x, y = i + a, j + b
                    if not (0 <= x < 7 and 0 <= y < 7) or linked[x, y] or not union[x, y]:
                        continue
                    if not linked[x].any() or not linked[:, y].any():
                        linked[x, y] = added = True
    for direction in (forward, reverse) if final else ():
        for x in range(7):
            for y in range(7):
                if (x, y) in direction and not linked[x].any() and not linked[:, y].any():
                    linked[x, y] = True
    return [tuple(cell) for cell in np.argwhere(linked).tolist()]


@settings(deadline=None, max_examples=300)
@given(CELLS, CELLS)
def test_growing_is_that_of_the_published_rule(forward, reverse):
    for rule, final in (("grow-diag", False), ("grow-diag-final-and", True)):
        assert cells(symmetrise([links(forward), links(reverse)], rule)) == grow_diag_final_and(forward, reverse, final)


@settings(deadline=None)
@given(CELLS, CELLS)
def test_rules_lie_between_intersection_and_union(forward, reverse):
    by_name = {rule: set(cells(symmetrise([links(forward), links(reverse)], rule))) for rule in RULES}
    assert by_name["intersection"] == forward & reverse
    assert by_name["union"] == forward | reverse
    assert by_name["intersection"] <= by_name["grow-diag"] <= by_name["grow-diag-final-and"] <= by_name["union"]


@settings(deadline=None)
@given(CELLS, CELLS, CELLS, st.integers(1, 3))
def test_votes_are_counted_and_scores_are_means(one, two, three, least):
    several = [links(one, 0.9), links(two, 0.6), links(three, 0.3)]
    result = voted(several, least)
    expected = {cell for cell in one | two | three if (cell in one) + (cell in two) + (cell in three) >= least}
    assert cells(result) == sorted(expected)
    shares = [(0.9 * (cell in one) + 0.6 * (cell in two) + 0.3 * (cell in three)) / 3 for cell in sorted(expected)]
    assert result.scores.tolist() == pytest.approx(shares, abs=1e-6)


@given(CELLS)
def test_one_set_alone_stays_as_it_is(one):
    for rule in RULES:
        result = symmetrise([links(one, 0.5)], rule)
        assert cells(result) == sorted(one) and (result.scores == np.float32(0.5)).all()


def test_no_links_at_all():
    empty = links(set())
    for rule in RULES:
        result = symmetrise([empty, empty], rule)
        assert result.pairs.shape == (0, 2) and result.pairs.dtype == np.int32 and result.scores.dtype == np.float32
    assert voted([empty], 1).pairs.shape == (0, 2)

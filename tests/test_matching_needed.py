"""Candidates that are left out change no label, score or margin, with any weight and either solver."""

from __future__ import annotations

import numpy as np
import pytest
from test_matching_exact import batch, random_instance

from xprojdb.matching import Candidates, exact, greedy, to_fixed
from xprojdb.matching.solvers.matches import Matches
from xprojdb.matching.solvers.needed import needed

Answer = list[tuple[int, int, int, int, float]]


def answers(matches: Matches, candidates: Candidates, entity_ptr: np.ndarray) -> Answer:
    """Pair, entity, start, end and margin of what was chosen."""
    rows = matches.chosen
    pair = np.searchsorted(candidates.ptr, rows, "right") - 1
    entity = candidates.entity[rows]
    columns = (pair, entity, candidates.start[rows], candidates.end[rows], matches.margin[entity_ptr[pair] + entity])
    return list(zip(*(column.tolist() for column in columns), strict=True))


def without(candidates: Candidates, mask: np.ndarray) -> Candidates:
    ptr = np.concatenate([[0], np.cumsum(mask)])[candidates.ptr]
    entity, start, end, origin = (
        column[mask] for column in (candidates.entity, candidates.start, candidates.end, candidates.origin)
    )
    return Candidates(ptr, entity, start, end, origin)


@pytest.mark.parametrize("solver", [exact, greedy])
def test_nothing_that_matters_is_left_out(solver) -> None:
    random = np.random.default_rng(20)
    left_out = 0
    for _ in range(20):
        entity_ptr, candidates, values = batch([random_instance(random, 5, 9, 14, 3) for _ in range(30)])
        # Ties, differences that rounding removes, and others.
        scores = values / 4 + random.choice([0, 2.0**-32, 2.0**-21, 2.0**-19, 0.1], len(values))
        mask = needed(entity_ptr, candidates, scores)
        left_out += np.count_nonzero((scores > 0) & ~mask)
        for weight in (1, 0.3, 2.0**-9, 7.77, 1_000):
            for least in (0, 0.4):
                fused = weight * scores
                fixed = np.where(fused > least, to_fixed(fused), 0)
                whole = answers(solver(entity_ptr, candidates, fixed), candidates, entity_ptr)
                fewer = without(candidates, mask)
                assert answers(solver(entity_ptr, fewer, fixed[mask]), fewer, entity_ptr) == whole
    assert left_out > 500


def test_ties_and_runners_up_stay() -> None:
    entity_ptr = np.array([0, 1])
    candidates = Candidates(*map(np.array, ([0, 4], [0] * 4, [0, 1, 2, 2], [3, 3, 3, 5], [1] * 4)))
    # The first contains the second, which is as good, but starts later; the fourth contains the third.
    assert needed(entity_ptr, candidates, np.array([0.5, 0.5, 0.4, 0.4])).tolist() == [True, True, True, False]
    # The first is worse than what it contains, but the second best.
    assert needed(entity_ptr, candidates, np.array([0.5, 0.6, 0.4, 0.3])).tolist() == [True, True, True, False]
    assert needed(entity_ptr, candidates, np.array([0.4, 0.5, 0.6, 0.3])).tolist() == [False, True, True, False]

"""The general solver against brute force, the dynamic program, and its own promises."""

import itertools
import operator

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import Candidates, SolverStatus, exact, general, solve
from xprojdb.matching.scores.links import SCALE

RELATIONS = {"<": operator.lt, "<=": operator.le, "=": operator.eq, ">=": operator.ge, ">": operator.gt}


def random_rows(random, pairs, entities, words, most, top=5):
    """Per pair and entity a list of (start, end, score)."""
    pool = [(s, e) for s in range(words) for e in range(s + 1, min(words, s + 3) + 1)]
    return [
        [
            [
                (*pool[p], int(random.integers(-1, top + 1)))
                for p in sorted(random.choice(len(pool), random.integers(0, most + 1), replace=False))
            ]
            for _ in range(random.integers(0, entities + 1))
        ]
        for _ in range(pairs)
    ]


def batch(instances):
    rows = [(j, *span) for instance in instances for j, spans in enumerate(instance) for span in spans]
    entity, start, end, score = np.array(rows, np.int64).reshape(-1, 4).T
    ptr = np.cumsum([0] + [sum(map(len, instance)) for instance in instances])
    entity_ptr = np.cumsum([0] + [len(instance) for instance in instances])
    return entity_ptr, Candidates(ptr, entity, start, end, np.ones(len(rows), np.uint8)), score


def brute_force(instance, relation, number):
    """The best total, or None when nothing keeps the constraints."""
    rows = [(s, e, j, v) for j, spans in enumerate(instance) for s, e, v in spans if v > 0]
    best = None
    for size in range(len(rows) + 1):
        for chosen in itertools.combinations(rows, size):
            counts = [sum(c[2] == j for c in chosen) for j in range(len(instance))]
            clear = all(a[1] <= b[0] or b[1] <= a[0] for a, b in itertools.combinations(chosen, 2))
            if clear and all(RELATIONS[relation](count, number) for count in counts):
                total = sum(c[3] for c in chosen)
                best = total if best is None else max(best, total)
    return best


def totals(matches, candidates, scores):
    return [
        int(scores[matches.chosen[slice(*np.searchsorted(matches.chosen, candidates.ptr[i : i + 2]))]].sum())
        for i in range(len(candidates.ptr) - 1)
    ]


@pytest.mark.parametrize("count", [("<", 3), ("<=", 1), ("<=", 2), ("=", 1), (">=", 1), (">", 1), ("=", 2)])
def test_every_count_equals_brute_force(count):
    random = np.random.default_rng(9)
    instances = random_rows(random, 40, 3, 7, 4)
    entity_ptr, candidates, scores = batch(instances)
    matches = solve(entity_ptr, candidates, scores, count=count)
    statuses = set()
    for i, (instance, total) in enumerate(zip(instances, totals(matches, candidates, scores), strict=True)):
        best = brute_force(instance, *count)
        assert matches.status[i] == (SolverStatus.INFEASIBLE if best is None else SolverStatus.OPTIMAL)
        assert total == (best or 0)
        assert round(matches.bound[i] * SCALE) == total
        statuses.add(int(matches.status[i]))
    assert (SolverStatus.INFEASIBLE in statuses) == (count[0] in "=>=")


def test_the_general_solver_agrees_with_the_dynamic_program():
    random = np.random.default_rng(10)
    entity_ptr, candidates, scores = batch(random_rows(random, 120, 6, 12, 8))
    one, two = exact(entity_ptr, candidates, scores), general(entity_ptr, candidates, scores)
    assert totals(one, candidates, scores) == totals(two, candidates, scores)
    assert set(two.status) == {SolverStatus.OPTIMAL}


def test_deferred_entities_are_completed():
    random = np.random.default_rng(11)
    entity_ptr, candidates, scores = batch(random_rows(random, 150, 6, 10, 12, 9))
    whole, narrow = exact(entity_ptr, candidates, scores), exact(entity_ptr, candidates, scores, width=1)
    done = general(entity_ptr, candidates, scores, unfinished=narrow)
    assert narrow.deferred.sum() > 20
    assert totals(done, candidates, scores) == totals(whole, candidates, scores)
    assert done.bound.tolist() == whole.bound.tolist()
    assert set(done.status) == {SolverStatus.OPTIMAL}
    settled = ~narrow.deferred
    assert np.array_equal(done.choice[settled], narrow.choice[settled])


def long_sentence(words, entities, seed):
    random = np.random.default_rng(seed)
    spans = [(s, e) for s in range(words) for e in range(s + 1, min(words, s + 10) + 1)]
    return batch(
        [
            [
                [(*span, int(v)) for span, v in zip(spans, row, strict=True)]
                for row in random.integers(0, 1000, (entities, len(spans)))
            ]
        ]
    )


@pytest.mark.slow
def test_a_long_sentence_ends_with_an_honest_status():
    entity_ptr, candidates, scores = long_sentence(200, 40, 7)
    matches = solve(entity_ptr, candidates, scores, time_limit=0.5)
    assert matches.status[0] in (SolverStatus.OPTIMAL, SolverStatus.FEASIBLE)
    total = totals(matches, candidates, scores)[0]
    assert total <= round(matches.bound[0] * SCALE)
    assert (matches.status[0] == SolverStatus.OPTIMAL) == (total == round(matches.bound[0] * SCALE))
    assert total >= totals(solve(entity_ptr, candidates, scores, "greedy"), candidates, scores)[0]
    again = solve(entity_ptr, candidates, scores, time_limit=0.5)
    assert np.array_equal(matches.chosen, again.chosen)


def test_no_time_leaves_greedys_answer_or_says_unsolved():
    entity_ptr, candidates, scores = long_sentence(60, 25, 3)
    matches = solve(entity_ptr, candidates, scores, time_limit=0.0)
    assert matches.status[0] == SolverStatus.FEASIBLE
    assert totals(matches, candidates, scores)[0] > 0
    must = solve(entity_ptr, candidates, scores, count=("=", 1), time_limit=0.0)
    assert must.status[0] == SolverStatus.UNSOLVED
    assert len(must.chosen) == 0


@pytest.mark.parametrize("count", [("<", 1), ("<=", 0), ("=", 0), (">=", -1), ("~", 1)])
def test_counts_that_make_no_sense_are_refused(count):
    entity_ptr, candidates, scores = batch([[[(0, 1, 1)]]])
    with pytest.raises(MatchingError) as caught:
        solve(entity_ptr, candidates, scores, count=count)
    assert caught.value.value == count


def test_greedy_promises_no_minimum():
    entity_ptr, candidates, scores = batch([[[(0, 1, 1), (2, 3, 1)]]])
    with pytest.raises(MatchingError) as caught:
        solve(entity_ptr, candidates, scores, "greedy", ("=", 1))
    assert caught.value.what == "count"
    assert solve(entity_ptr, candidates, scores, "greedy", ("<", 3)).chosen.tolist() == [0, 1]
    with pytest.raises(MatchingError) as caught:
        solve(entity_ptr, candidates, scores, "best")
    assert caught.value.what == "solver"

"""Exact, greedy and their ties, against naive references on thousands of small random instances with many ties."""

import itertools

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import Candidates, SolverStatus, exact, greedy, to_fixed
from xprojdb.matching.scores.links import SCALE

Instance = list[list[tuple[int, int, int]]]  # per entity: (start, end, score)


def random_instance(random, entities=4, words=7, most=6, top=4):
    pool = [(s, e) for s in range(words) for e in range(s + 1, min(words, s + 4) + 1)]
    instance = []
    for _ in range(random.integers(0, entities + 1)):
        picks = sorted(random.choice(len(pool), random.integers(0, most + 1), replace=False))
        instance.append([(*pool[p], int(random.integers(-1, top + 1))) for p in picks])
    return instance


def batch(instances):
    rows = [(j, s, e, v) for instance in instances for j, spans in enumerate(instance) for s, e, v in spans]
    entity, start, end, score = np.array(rows, np.int64).reshape(-1, 4).T
    ptr = np.cumsum([0] + [sum(map(len, instance)) for instance in instances])
    entity_ptr = np.cumsum([0] + [len(instance) for instance in instances])
    return entity_ptr, Candidates(ptr, entity, start, end, np.ones(len(rows), np.uint8)), score


def overlap(a, b):
    return a[0] < b[1] and b[0] < a[1]


def brute_force(instance: Instance):
    """The best total, and the lexicographically smallest sorted list of (start, end, entity) that has it."""
    best = (0, [])
    options = [[None, *[(s, e, j, v) for s, e, v in spans if v > 0]] for j, spans in enumerate(instance)]
    for combination in itertools.product(*options):
        spans = sorted(c for c in combination if c)
        if any(overlap(a, b) for a, b in itertools.combinations(spans, 2)):
            continue
        best = min(best, (-sum(c[3] for c in spans), [c[:3] for c in spans]))
    return -best[0], best[1]


def naive_greedy(instance: Instance, most=1):
    pool = sorted((-v, s, e, j) for j, spans in enumerate(instance) for s, e, v in spans if v > 0)
    taken = []
    for _, s, e, j in pool:
        if sum(t[2] == j for t in taken) < most and not any(overlap((s, e), t) for t in taken):
            taken.append((s, e, j))
    return sorted(taken)


def spans_of(matches, candidates, pair):
    first, last = np.searchsorted(matches.chosen, candidates.ptr[pair : pair + 2])
    rows = matches.chosen[first:last]
    return sorted((int(candidates.start[c]), int(candidates.end[c]), int(candidates.entity[c])) for c in rows)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("entities", "words", "most", "top"), [(4, 7, 6, 4), (3, 5, 12, 2), (6, 12, 4, 9), (2, 4, 10, 1)]
)
def test_exact_finds_the_canonical_optimum(entities, words, most, top):
    random = np.random.default_rng(entities)
    instances = [random_instance(random, entities, words, most, top) for _ in range(1500)]
    entity_ptr, candidates, scores = batch(instances)
    matches = exact(entity_ptr, candidates, scores)
    assert set(matches.status) == {SolverStatus.OPTIMAL}
    for i, instance in enumerate(instances):
        total, spans = brute_force(instance)
        assert spans_of(matches, candidates, i) == spans
        assert round(matches.bound[i] * SCALE) == total


def test_greedy_equals_naive_greedy_and_never_beats_exact():
    random = np.random.default_rng(1)
    instances = [random_instance(random, 5, 9, 8, 5) for _ in range(3000)]
    entity_ptr, candidates, scores = batch(instances)
    best = exact(entity_ptr, candidates, scores)
    worse = 0
    for most in (1, 2):
        matches = greedy(entity_ptr, candidates, scores, most)
        for i, instance in enumerate(instances):
            assert spans_of(matches, candidates, i) == naive_greedy(instance, most)
    matches = greedy(entity_ptr, candidates, scores)
    for i in range(len(instances)):
        mine = slice(entity_ptr[i], entity_ptr[i + 1])
        totals = [sum(scores[c] for c in m.choice[mine] if c >= 0) for m in (matches, best)]
        assert totals[0] <= totals[1]
        worse += totals[0] < totals[1]
        assert matches.status[i] in (SolverStatus.OPTIMAL, SolverStatus.FEASIBLE)
        assert matches.status[i] == SolverStatus.FEASIBLE or totals[0] == totals[1]
        assert totals[1] <= round(matches.bound[i] * SCALE)
    assert worse > 10


def test_margin_and_runner_up():
    instance = [[(0, 1, 5), (0, 2, 7), (3, 4, 7)], [(0, 2, 9)], [(5, 6, 3)], [(0, 1, -4)]]
    entity_ptr, candidates, scores = batch([instance])
    matches = exact(entity_ptr, candidates, scores * SCALE)
    assert matches.choice.tolist() == [2, 3, 4, -1]
    assert matches.runner_up.tolist() == [1, -1, -1, -1]
    assert matches.margin[:3].tolist() == [0.0, 9.0, 3.0]
    assert np.isnan(matches.margin[3])


def test_ties_of_one_entity_go_left_then_short():
    entity_ptr, candidates, scores = batch(
        [[[(1, 3, 2), (2, 3, 2)]], [[(1, 2, 2), (1, 3, 2)]], [[(0, 1, 1), (2, 3, 2)]]]
    )
    matches = exact(entity_ptr, candidates, scores)
    assert matches.choice.tolist() == [0, 2, 5]


def test_what_the_program_cannot_hold_is_deferred_with_greedys_answer():
    random = np.random.default_rng(5)
    instances = [random_instance(random, 6, 8, 12, 9) for _ in range(300)]
    entity_ptr, candidates, scores = batch(instances)
    whole, narrow = exact(entity_ptr, candidates, scores), exact(entity_ptr, candidates, scores, width=1)
    assert 10 < (narrow.status == SolverStatus.DEFERRED).sum() < 290
    for i, instance in enumerate(instances):
        mine = slice(entity_ptr[i], entity_ptr[i + 1])
        spans = spans_of(narrow, candidates, i)
        assert (narrow.status[i] == SolverStatus.DEFERRED) == narrow.deferred[mine].any()
        assert not any(overlap(a, b) for a, b in itertools.combinations(spans, 2))
        assert whole.bound[i] <= narrow.bound[i]
        if narrow.status[i] == SolverStatus.OPTIMAL:
            assert spans == brute_force(instance)[1]


def test_many_entities_in_a_long_sentence_finish():
    random = np.random.default_rng(7)
    spans = [(s, e) for s in range(200) for e in range(s + 1, min(200, s + 10) + 1)]
    instance = [
        [(*span, int(v)) for span, v in zip(spans, random.integers(0, 1000, len(spans)), strict=True)]
        for _ in range(40)
    ]
    entity_ptr, candidates, scores = batch([instance])
    matches = exact(entity_ptr, candidates, scores)
    assert matches.status[0] in (SolverStatus.OPTIMAL, SolverStatus.DEFERRED)
    chosen = spans_of(matches, candidates, 0)
    assert len(chosen) > 30
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(chosen))


def test_an_empty_batch_and_pairs_without_candidates():
    entity_ptr, candidates, scores = batch([])
    assert len(exact(entity_ptr, candidates, scores).choice) == 0
    entity_ptr, candidates, scores = batch([[], [[], []]])
    matches = greedy(entity_ptr, candidates, scores)
    assert matches.choice.tolist() == [-1, -1]
    assert matches.status.tolist() == [SolverStatus.OPTIMAL, SolverStatus.OPTIMAL]


@pytest.mark.parametrize("solver", [exact, greedy])
def test_contradictory_arrays_are_refused(solver):
    entity_ptr, candidates, scores = batch([[[(0, 1, 1)]], [[(0, 1, 1), (2, 3, 1)]]])
    with pytest.raises(MatchingError) as caught:
        solver(entity_ptr, candidates, scores[:-1])
    assert caught.value.what == "scores"
    with pytest.raises(MatchingError) as caught:
        solver(entity_ptr, candidates, scores * 0.5)
    assert caught.value.what == "scores"
    with pytest.raises(MatchingError) as caught:
        solver(np.array([0, 1]), candidates, scores)
    assert caught.value.what == "entity_ptr"
    unsorted = Candidates(candidates.ptr, candidates.entity, [0, 2, 0], [1, 3, 1], candidates.origin)
    with pytest.raises(MatchingError) as caught:
        solver(entity_ptr, unsorted, scores)
    assert (caught.value.pair, caught.value.value) == (1, (0, 0, 1))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 2.0**20])
def test_scores_that_are_no_numbers_are_refused(value):
    with pytest.raises(MatchingError) as caught:
        to_fixed([0.5, value])
    assert caught.value.candidate == 1


def test_fixed_point_rounds_to_the_nearest():
    assert to_fixed([0.0, 1.0, -0.5, 1.4 / SCALE, 1.6 / SCALE]).tolist() == [0, SCALE, -SCALE // 2, 1, 2]

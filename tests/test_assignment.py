"""The assignment against every permutation."""

import itertools

import numpy as np

from xprojdb.models.easyproject.assignment import best_assignment


def brute_force(weights):
    """The best sum of positive weights."""
    rows, columns = len(weights), len(weights[0]) if weights else 0
    options = itertools.permutations([*range(columns), *[-1] * rows], rows)
    return max(sum(max(0, weights[r][c]) if c >= 0 else 0 for r, c in enumerate(option)) for option in options)


def test_the_sum_is_the_best_of_all_permutations():
    random = np.random.default_rng(1)
    for _ in range(400):
        rows, columns = random.integers(0, 5), random.integers(0, 5)
        weights = random.integers(-3, random.choice([3, 1000]), (rows, columns)).tolist()
        chosen = best_assignment(weights)
        taken = [c for c in chosen if c >= 0]
        assert len(set(taken)) == len(taken) and len(chosen) == rows
        assert all(weights[r][c] > 0 for r, c in enumerate(chosen) if c >= 0)
        assert sum(weights[r][c] for r, c in enumerate(chosen) if c >= 0) == brute_force(weights)


def test_integers_beyond_machine_words_are_exact():
    large = 10**30
    assert best_assignment([[large, large + 1], [large, large]]) == [1, 0]


def test_a_large_instance_has_the_best_sum():
    random = np.random.default_rng(2)
    hidden = random.permutation(40)
    weights = random.integers(0, 50, (40, 40))
    weights[np.arange(40), hidden] = 50
    assert sum(weights[r, c] for r, c in enumerate(best_assignment(weights.tolist()))) == 40 * 50

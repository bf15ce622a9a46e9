"""Probabilities of links: against a sum over all alignments, written out."""

from itertools import product

import numpy as np
import pytest

from xprojdb.models.aligners.hmm import WordModel


def every_alignment(model, given, emitted):
    """The probability of each link, by adding up all (given + 1) ** emitted alignments; None emits as well."""
    none, unseen, farthest = 0.3, 0.5, 8
    total = sum(model.words.values()) + 0.5 * (len(model.words) + 1)
    jumps = np.array(model.jumps) + 0.5

    def alone(word):
        return (model.words.get(word, 0) + 0.5) / total

    def emits(left, right):
        linked = model.links.get(left, {})
        return (linked.get(right, 0) + 0.5 * (left == right) + unseen * alone(right)) / (sum(linked.values()) + 1.0)

    def moves(state):
        row = [jumps[min(max(i - state, -farthest), farthest) + farthest] for i in range(len(given))]
        return (1 - none) * np.array(row) / sum(row)

    mass = np.zeros((len(given), len(emitted)))
    whole = 0.0
    for alignment in product([None, *range(len(given))], repeat=len(emitted)):
        state, probability = -1, 1.0
        for j, i in enumerate(alignment):
            probability *= none * alone(emitted[j]) if i is None else moves(state)[i] * emits(given[i], emitted[j])
            state = state if i is None else i
        whole += probability
        for j, i in enumerate(alignment):
            if i is not None:
                mass[i, j] += probability
    return mass / whole


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_probabilities_are_those_of_all_alignments(seed):
    random = np.random.default_rng(seed)
    vocabulary = [*"abcdefgh"]

    def sentence(most):
        return [str(word) for word in random.choice(vocabulary, random.integers(1, most + 1))]

    corpus = []
    for _ in range(6):
        left, right = sentence(5), sentence(5)
        corpus.append((left, right, [(int(random.integers(len(left))), j) for j in range(len(right))]))
    model = WordModel.count(corpus)
    values, emitted = sentence(4), sentence(5)
    assert model.probabilities(values, emitted) == pytest.approx(every_alignment(model, values, emitted), abs=1e-9)


def test_it_is_read_back_as_it_was():
    model = WordModel.count([(["a", "b"], ["x", "y"], [(0, 1), (1, 0)])])
    again = WordModel.from_json(model.to_json())
    assert again.probabilities(["a", "b"], ["x", "z"]).tolist() == model.probabilities(["a", "b"], ["x", "z"]).tolist()


def test_long_sentences_do_not_lose_all_probability():
    words = [f"w{n}" for n in range(400)]
    model = WordModel.count([(words, words, [(n, n) for n in range(400)])])
    result = model.probabilities(words, words)
    assert np.isfinite(result).all() and (result.sum(0) <= 1 + 1e-9).all()
    assert (result.argmax(0) == np.arange(400)).all()


def test_nothing_counted_still_links_equal_words():
    model = WordModel.count([])
    result = model.probabilities(["der", "Turm"], ["Turm"])
    assert result[1, 0] > 0.4 > 0.3 > result[0, 0]

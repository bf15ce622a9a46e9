"""What is learned of sources from their agreement, against simulated sources whose quality is known."""

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import Sources, agreement, reliability, source_weights, vote
from xprojdb.matching.combination.reliability import f1

LABELS = 3
NONE = LABELS


def simulate(random, confusions, sentences=1500, places=4, shown=1.0):
    """Sentences with one-word places that are entities or not, and what each source says of them.

    Returns present (T, S), truth (T, places) and the columns of the rows.
    """
    truth = random.choice(LABELS + 1, (sentences, places), p=[0.3, 0.25, 0.15, 0.3])
    present = random.random((sentences, len(confusions))) < shown
    rows, counts = [], []
    for t in range(sentences):
        mine = [
            (s, w, w + 1, said)
            for s, confusion in enumerate(confusions)
            if present[t, s]
            for w in range(places)
            if (said := random.choice(LABELS + 1, p=confusion[truth[t, w]])) != NONE
        ]
        rows += mine
        counts.append(len(mine))
    columns = np.array(rows, np.int32).T
    return present, truth, (np.cumsum([0, *counts]), *(np.ascontiguousarray(column) for column in columns))


def source_of(quality, invents=0.05):
    """A confusion matrix: right with this probability, else mostly silent; invents entities now and then."""
    matrix = np.full((LABELS + 1, LABELS + 1), (1 - quality) / (LABELS + 1))
    matrix[:, NONE] += (1 - quality) / (LABELS + 1)
    matrix[np.arange(LABELS), np.arange(LABELS)] = 0
    matrix[np.arange(LABELS), np.arange(LABELS)] = 1 - matrix[:LABELS].sum(1)
    matrix[NONE] = [invents / LABELS] * LABELS + [1 - invents]
    return matrix


def right_labels(best, spans, truth):
    """The share of the spans whose kind is right."""
    sentence = np.repeat(np.arange(len(truth)), np.diff(spans.ptr))
    return (best == truth[sentence, spans.start]).mean()


def test_confusion_matrices_are_recovered():
    random = np.random.default_rng(1)
    confusions = [source_of(0.9), source_of(0.8, 0.1), source_of(0.7), source_of(0.85, 0.02)]
    present, _, columns = simulate(random, confusions)
    learned = reliability(Sources.equal(present), *columns, LABELS)
    assert learned.converged
    # Places that no source names are never seen, so only what is said of entities is comparable.
    for result, true in zip(learned.confusion, confusions, strict=True):
        np.testing.assert_allclose(result[:LABELS], true[:LABELS], atol=0.05)
    assert np.argsort(learned.weight).tolist() == np.argsort([0.9, 0.8, 0.7, 0.87]).tolist()


def test_a_source_that_is_only_sometimes_there_is_measured_where_it_is():
    random = np.random.default_rng(2)
    confusions = [source_of(0.9), source_of(0.6), source_of(0.8), source_of(0.8)]
    present, _, columns = simulate(random, confusions, shown=0.6)
    learned = reliability(Sources.equal(present), *columns, LABELS)
    for result, true in zip(learned.confusion, confusions, strict=True):
        np.testing.assert_allclose(result[:LABELS], true[:LABELS], atol=0.07)


def test_it_beats_the_majority_when_most_sources_are_bad():
    random = np.random.default_rng(3)
    bad = source_of(0.45, 0.3)
    present, truth, columns = simulate(random, [source_of(0.95, 0.01), source_of(0.9, 0.02), bad, bad, bad])
    sources = Sources.equal(present)
    learned = reliability(sources, *columns, LABELS)
    majority = vote(sources, *columns)
    plain = np.full(len(learned.spans.start), NONE)
    at = {
        (t, learned.spans.start[u]): u
        for t in range(len(truth))
        for u in range(learned.spans.ptr[t], learned.spans.ptr[t + 1])
    }
    for t in range(len(truth)):
        for k in range(majority.ptr[t], majority.ptr[t + 1]):
            plain[at[t, majority.start[k]]] = majority.label[k]
    learned_share = right_labels(learned.posterior.argmax(1), learned.spans, truth)
    assert learned_share > right_labels(plain, learned.spans, truth) + 0.03
    weighted = vote(Sources(present, learned.weight), *columns)
    truths = [
        weighted.label[k] == truth[t, weighted.start[k]]
        for t in range(len(truth))
        for k in range(*weighted.ptr[t : t + 2])
    ]
    truths_plain = [
        majority.label[k] == truth[t, majority.start[k]]
        for t in range(len(truth))
        for k in range(*majority.ptr[t : t + 2])
    ]
    assert sum(truths) > sum(truths_plain)


def test_precision_and_recall_are_those_of_the_simulation():
    random = np.random.default_rng(4)
    present, truth, columns = simulate(random, [source_of(0.9, 0.02), source_of(0.8, 0.2), source_of(0.85, 0.05)])
    ptr, source, start, _, label = columns
    learned = reliability(Sources.equal(present), *columns, LABELS)
    sentence = np.repeat(np.arange(len(truth)), np.diff(ptr))
    good = label == truth[sentence, start]
    for s in range(3):
        assert learned.precision[s] == pytest.approx(good[source == s].mean(), abs=0.04)
        assert learned.recall[s] == pytest.approx((good & (source == s)).sum() / (truth != NONE).sum(), abs=0.04)


def test_the_same_rows_in_another_order_of_sources_give_the_same_answer():
    random = np.random.default_rng(5)
    present, _, columns = simulate(random, [source_of(0.9), source_of(0.7), source_of(0.8)], 200)
    there = reliability(Sources.equal(present), *columns, LABELS)
    again = reliability(Sources.equal(present), *columns, LABELS)
    assert (there.posterior == again.posterior).all() and (there.weight == again.weight).all()
    ptr, source, *rest = columns
    turned = reliability(Sources.equal(present[:, ::-1]), ptr, 2 - source, *rest, LABELS)
    np.testing.assert_allclose(turned.weight[::-1], there.weight, atol=1e-6)


def test_posteriors_and_matrices_are_distributions():
    random = np.random.default_rng(6)
    present, _, columns = simulate(random, [source_of(0.9), source_of(0.5)], 50, shown=0.5)
    learned = reliability(Sources.equal(present), *columns, LABELS)
    for array in (learned.posterior, learned.confusion, learned.prior):
        np.testing.assert_allclose(array.sum(-1), 1)
        assert (array >= 0).all()


def test_agreement_is_the_f1_with_the_consensus_where_the_source_is_present():
    present = np.array([[True, True, True], [True, True, False]])
    ptr = np.array([0, 4, 6])
    source, start = np.array([0, 1, 2, 2, 0, 1]), np.array([0, 0, 0, 3, 1, 2])
    label = np.zeros(6, np.int32)
    sources = Sources.equal(present)
    consensus = vote(sources, ptr, source, start, start + 1, label, least=0.4)
    assert consensus.start.tolist() == [0, 1, 2]
    result = agreement(sources, consensus, ptr, source, start, start + 1, label)
    np.testing.assert_allclose(result, [2 * 2 / (2 + 3), 2 * 2 / (2 + 3), 2 * 1 / (2 + 1)])


def test_weights_are_squared_log_odds_with_mean_one():
    quality = np.array([0.9, 0.8, 0.95])
    result = source_weights(quality)
    assert result.mean() == pytest.approx(1)
    odds = np.log(quality / (1 - quality)) ** 2
    np.testing.assert_allclose(result, odds / odds.mean())


def test_hopeless_sources_weigh_nothing_unless_all_are():
    assert source_weights(np.array([0.4, 0.9]))[0] == 0
    assert source_weights(np.array([0.4, np.nan])).tolist() == [1, 1]


def test_f1_of_nothing_is_zero():
    assert f1(np.array([np.nan, 0.0, 1.0]), np.array([1.0, 0.0, 0.5])).tolist() == [0, 0, pytest.approx(2 / 3)]


def test_no_rows_leave_all_sources_alike():
    nothing = np.empty(0, np.int32)
    learned = reliability(Sources.equal(np.ones((3, 2))), np.zeros(4, np.int64), *[nothing] * 4, LABELS)
    assert learned.converged and learned.weight.tolist() == [1, 1]


@pytest.mark.parametrize(("options", "what"), [({"trust": 1.0}, "trust"), ({"labels": 2}, "label")])
def test_impossible_questions_are_refused(options, what):
    columns = np.array([0, 1]), np.array([0]), np.array([0]), np.array([1]), np.array([2])
    with pytest.raises(MatchingError) as error:
        reliability(Sources.equal([[True]]), *columns, **{"labels": 3, **options})
    assert error.value.what == what

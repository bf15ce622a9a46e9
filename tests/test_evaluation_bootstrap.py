import numpy as np
import pytest

from xprojdb.errors import UsageError
from xprojdb.evaluation import bootstrap
from xprojdb.evaluation.bootstrap import bootstrap_interval, paired_difference
from xprojdb.evaluation.span_metrics import SpanCounts, count_spans
from xprojdb.text.spans import Span

PER, LOC = Span(0, 1, "PER"), Span(2, 3, "LOC")


def random_counts(seed, sentences, hit=0.8, gold_seed=7):
    """Counts of a system that finds each gold span with probability ``hit``; gold depends on ``gold_seed`` only."""
    gold = np.random.default_rng(gold_seed).integers(0, 4, (sentences, 2))
    draw = np.random.default_rng(seed)
    tp = draw.binomial(gold, hit)
    return SpanCounts(
        ("LOC", "PER"), np.stack([tp, tp + draw.integers(0, 2, tp.shape), gold], axis=-1).astype(np.int32)
    )


def naive_interval(counts, resamples, score):
    """Sentences drawn one by one with replacement."""
    draw = np.random.default_rng(99)
    n = len(counts)
    samples = [score(SpanCounts(counts.labels, counts.rows[draw.integers(0, n, n)])) for _ in range(resamples)]
    return np.quantile(samples, [0.025, 0.975])


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["precision", "recall", "f1"])
def test_interval_agrees_with_drawing_sentences_one_by_one(metric):
    counts = random_counts(1, 300)
    interval = bootstrap_interval(counts, metric=metric, resamples=4000)
    low, high = naive_interval(counts, 4000, lambda sample: getattr(sample.micro(), metric))
    assert interval.value == pytest.approx(getattr(counts.micro(), metric))
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.15 * (high - low))
    assert interval.low < interval.value < interval.high


def test_interval_of_one_label():
    counts = random_counts(1, 300)
    only = SpanCounts(("PER",), counts.rows[:, 1:])
    assert bootstrap_interval(counts, label="PER") == bootstrap_interval(only)
    assert bootstrap_interval(counts, label="PER") != bootstrap_interval(counts)


def test_same_seed_same_interval_whatever_the_order_of_sentences():
    counts = random_counts(3, 500)
    shuffled = SpanCounts(counts.labels, np.random.default_rng(5).permutation(counts.rows))
    first = bootstrap_interval(counts, seed=4)
    assert bootstrap_interval(shuffled, seed=4) == first
    assert bootstrap_interval(counts, seed=5) != first


def test_chunks_bound_memory_and_keep_the_result(monkeypatch):
    counts = random_counts(3, 500)
    whole = bootstrap_interval(counts)
    monkeypatch.setattr(bootstrap, "_CELLS_PER_CHUNK", 100)
    assert bootstrap_interval(counts) == whole


def test_a_system_does_not_differ_from_itself():
    counts = random_counts(1, 200)
    difference = paired_difference(counts, counts)
    assert (difference.value, difference.low, difference.high, difference.p_value) == (0, 0, 0, 1)


def test_a_clearly_better_system_is_significant_and_signed():
    good, bad = random_counts(1, 400, hit=0.9), random_counts(2, 400, hit=0.6)
    better, worse = paired_difference(good, bad), paired_difference(bad, good)
    assert better.value == pytest.approx(good.micro().f1 - bad.micro().f1)
    assert 0 < better.low < better.value < better.high
    assert better.p_value == pytest.approx(2 / 1001) == worse.p_value
    assert worse.value == -better.value


def test_pairing_is_sharper_than_two_separate_intervals():
    base = random_counts(1, 400)
    rows = base.rows.copy()
    rows[rows[:, 0, 0] > 2, 0, 0] -= 1
    difference = paired_difference(base, SpanCounts(base.labels, rows))
    alone = bootstrap_interval(base)
    assert difference.high - difference.low < alone.high - alone.low


def test_false_alarms_are_as_rare_as_the_p_value_says():
    p_values = [
        paired_difference(random_counts(2 * i, 200), random_counts(2 * i + 1, 200), resamples=200).p_value
        for i in range(200)
    ]
    assert 0.01 <= np.mean(np.array(p_values) <= 0.05) <= 0.11


def test_systems_with_different_labels_are_compared_on_all_of_them():
    gold = [PER, LOC]
    first = count_spans([(gold, [PER, LOC])] * 20)
    second = count_spans([(gold, [PER, Span(2, 3, "ORG")])] * 20)
    difference = paired_difference(first, second)
    assert difference.value == pytest.approx(first.micro().f1 - second.micro().f1)


def test_systems_on_different_sentences_are_refused():
    with pytest.raises(UsageError) as caught:
        paired_difference(count_spans([([PER], [])]), count_spans([([PER], []), ([], [])]))
    assert (caught.value.first, caught.value.second) == (1, 2)
    with pytest.raises(UsageError):
        paired_difference(count_spans([([PER], [])]), count_spans([([], [PER])]))


@pytest.mark.parametrize(
    ("counts", "setting"),
    [
        (count_spans([]), {}),
        (count_spans([([PER], [PER])]), {"resamples": 0}),
        (count_spans([([PER], [PER])]), {"confidence": 95}),
        (count_spans([([PER], [PER])]), {"label": "LOC"}),
    ],
)
def test_impossible_requests_are_usage_errors(counts, setting):
    with pytest.raises(UsageError):
        bootstrap_interval(counts, **setting)


def test_sentences_without_any_span_score_zero():
    interval = bootstrap_interval(count_spans([([], [])] * 3))
    assert (interval.value, interval.low, interval.high) == (0, 0, 0)


@pytest.mark.parametrize("most", [1, 5, 2**40])
def test_distinct_rows_are_counted_as_numpy_does(most):
    flat = np.random.default_rng(5).integers(0, most + 1, (400, 3))
    flat[200:] = flat[:200]
    rows, repeats = bootstrap._distinct(flat)
    expected_rows, expected_repeats = np.unique(flat, axis=0, return_counts=True)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(repeats, expected_repeats)

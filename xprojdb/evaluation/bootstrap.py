"""The uncertainty of scores: bootstrap intervals over sentences, and paired comparisons of two systems.

Resampling n sentences with replacement is one multinomial draw over the *distinct* count rows, and a corpus has
few of those (most sentences have at most one entity). So a million sentences cost no more than their distinct rows, and
the result does not depend on the order of the sentences.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from xprojdb.errors import UsageError
from xprojdb.evaluation.span_metrics import SpanCounts, ratios

Metric = Literal["precision", "recall", "f1"]
_METRICS: tuple[Metric, ...] = ("precision", "recall", "f1")
_CELLS_PER_CHUNK = 4_000_000


@dataclass(frozen=True)
class Interval:
    """A percentile bootstrap interval.

    :param value: the score on the actual sentences, in 0..1.
    :param low: lower end.
    :param high: upper end.
    :param confidence: share of resamples inside the interval, such as 0.95.
    """

    value: float
    low: float
    high: float
    confidence: float


@dataclass(frozen=True)
class PairedDifference:
    """The advantage of one system over another on the same sentences.

    :param value: score of the first system minus score of the second, in -1..1.
    :param low: lower end of the interval of the difference.
    :param high: upper end.
    :param confidence: share of resamples inside the interval.
    :param p_value: two-sided: twice the share of resamples on the far side of zero, counting the observed sample
        as one of them, so that it is never 0.
    """

    value: float
    low: float
    high: float
    confidence: float
    p_value: float


def bootstrap_interval(
    counts: SpanCounts,
    *,
    metric: Metric = "f1",
    label: str | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> Interval:
    """The interval of a score, treating the sentences as a sample (Efron and Tibshirani 1993, percentile method).

    :param counts: the counts of each sentence.
    :param metric: precision, recall or F1.
    :param label: the score of this label alone.
    :param resamples: the number of samples to draw, each with as many sentences.
    :param confidence: share of the resamples inside the interval.
    :param seed: the same seed, counts and settings give the same interval.
    :raises UsageError: when there are no sentences, the label does not occur, or a setting is out of range.
    """
    _check(len(counts), resamples, confidence)
    rows = _chosen(counts, label)
    position = _METRICS.index(metric)
    samples = np.concatenate([ratios(total)[:, position] for total in _totals(rows, resamples, seed)])
    low, high = _percentiles(samples, confidence)
    return Interval(float(ratios(rows.sum(axis=0))[position]), low, high, confidence)


def paired_difference(
    first: SpanCounts,
    second: SpanCounts,
    *,
    metric: Metric = "f1",
    label: str | None = None,
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> PairedDifference:
    """Compare two systems on resamples of the same sentences (Koehn 2004).

    :param first: counts of one system.
    :param second: counts of the other system; row i is the same sentence in both.
    :param metric: precision, recall or F1.
    :param label: compare this label alone.
    :param resamples: the number of samples to draw.
    :param confidence: share of the resamples inside the interval.
    :param seed: the same seed, counts and settings give the same result.
    :raises UsageError: when the systems did not label the same number of sentences with the same number of gold
        spans each, there is no sentence, the label does not occur, or a setting is out of range.
    """
    _check(len(first), resamples, confidence)
    _check_same_gold(first, second)
    labels = sorted({*first.labels, *second.labels})
    pair = [_chosen(counts.aligned(labels), label) for counts in (first, second)]
    rows = np.stack(pair, axis=1)
    position = _METRICS.index(metric)
    scores = np.concatenate([ratios(total)[..., position] for total in _totals(rows, resamples, seed)])
    value = ratios(rows.sum(axis=0))[:, position]
    differences = scores[:, 0] - scores[:, 1]
    low, high = _percentiles(differences, confidence)
    return PairedDifference(float(value[0] - value[1]), low, high, confidence, _p_value(differences))


def _p_value(differences: NDArray[np.float64]) -> float:
    far = min(int((differences <= 0).sum()), int((differences >= 0).sum()))
    return min(1.0, 2 * (1 + far) / (1 + len(differences)))


def _percentiles(samples: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    tail = (1 - confidence) / 2
    low, high = np.quantile(samples, [tail, 1 - tail])
    return float(low), float(high)


def _chosen(counts: SpanCounts, label: str | None) -> NDArray[np.int64]:
    """The cells the score depends on, sentences x 3: those of a label, or the sums of all labels."""
    if label is not None and label not in counts.labels:
        occurring = ", ".join(counts.labels) or "none"
        raise UsageError(f"label {label} does not occur", hint=f"labels that do: {occurring}", label=label)
    rows = counts.rows if label is None else counts.aligned([label]).rows
    summed: NDArray[np.int64] = np.sum(rows, axis=1, dtype=np.int64)
    return summed


def _totals(rows: NDArray[np.int64], resamples: int, seed: int) -> Iterator[NDArray[np.int64]]:
    """The totals of every resample, in chunks of resamples x (the shape of one row)."""
    flat = rows.reshape(len(rows), -1)
    distinct, repeats = _distinct(flat)
    share = repeats / len(rows)
    draw = np.random.default_rng(seed)
    chunk = max(1, _CELLS_PER_CHUNK // len(distinct))
    for begin in range(0, resamples, chunk):
        weights = draw.multinomial(len(rows), share, size=min(chunk, resamples - begin))
        # float64 products use BLAS and are exact below 2**53; integer matrix products have no such routine.
        totals = np.rint(weights.astype(np.float64) @ distinct.astype(np.float64)).astype(np.int64)
        yield totals.reshape(len(weights), *rows.shape[1:])


def _distinct(flat: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct rows of non-negative integers, ascending, and how often each occurs."""
    if not flat.shape[1]:
        return flat[:1], np.array([len(flat)])
    radix = [int(most) + 1 for most in flat.max(axis=0)]
    if math.prod(radix) >= 1 << 62:
        distinct, repeats = np.unique(flat, axis=0, return_counts=True)
        return distinct, repeats
    # One number per row in mixed radix: sorting these is several times faster than sorting rows.
    numbers = np.zeros(len(flat), np.int64)
    for column, size in zip(flat.T, radix, strict=True):
        numbers = numbers * size + column
    _, first, repeats = np.unique(numbers, return_index=True, return_counts=True)
    return flat[first], repeats


def _check(sentences: int, resamples: int, confidence: float) -> None:
    if not sentences:
        raise UsageError("there are no sentences to resample", hint="evaluate on a split with gold labels")
    if resamples < 1:
        raise UsageError(f"{resamples} resamples are too few", hint="use 1000", resamples=resamples)
    if not 0 < confidence < 1:
        raise UsageError(f"a confidence of {confidence} is not between 0 and 1", hint="use 0.95", confidence=confidence)


def _check_same_gold(first: SpanCounts, second: SpanCounts) -> None:
    if len(first) == len(second) and (_gold(first) == _gold(second)).all():
        return
    raise UsageError(
        "the two systems were not scored on the same gold sentences",
        hint="evaluate both on the sentences that both have labelled, in the same order",
        first=len(first),
        second=len(second),
    )


def _gold(counts: SpanCounts) -> NDArray[np.int64]:
    totals: NDArray[np.int64] = counts.rows[:, :, 2].sum(axis=1, dtype=np.int64)
    return totals

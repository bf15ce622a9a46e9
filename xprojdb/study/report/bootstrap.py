"""Intervals of curves by a hierarchical bootstrap: targets, subsets, trainings and test items are drawn anew.

All points of a curve share their draws of targets and test items, so that differences between them are paired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.study.report.measurements import Measurement


@dataclass(frozen=True)
class Point:
    """A number of sources on a curve, in percent.

    :param low, high: the interval of the level.
    :param gain: the difference to one source; None where there is no k = 1.
    :param spread: the standard deviation over subsets, within targets; None where each target has but one.
    """

    k: int
    level: float
    low: float
    high: float
    gain: float | None
    gain_low: float | None
    gain_high: float | None
    spread: float | None
    measurements: int


def curve(
    measurements: Sequence[Measurement], *, resamples: int = 1000, seed: int = 0, confidence: float = 0.95
) -> list[Point]:
    """The points of a series.

    :param measurements: of one series, any k. A point is the mean over targets of the mean over their models.
    """
    drawn, levels = _resampled(measurements, resamples, seed)
    tails = [50 * (1 - confidence), 50 * (1 + confidence)]
    points = []
    for k, level in levels.items():
        low, high = np.percentile(drawn[k], tails).tolist()
        own = [measurement for measurement in measurements if measurement.k == k]
        point = Point(k, level, low, high, None, None, None, subset_spread(own), len(own))
        if 1 in levels:
            gain_low, gain_high = np.percentile(drawn[k] - drawn[1], tails).tolist()
            point = replace(point, gain=level - levels[1], gain_low=gain_low, gain_high=gain_high)
        points.append(point)
    return points


def _resampled(
    measurements: Sequence[Measurement], resamples: int, seed: int
) -> tuple[dict[int, Floats], dict[int, float]]:
    """For each k, means of resamples (resamples,), and the mean itself.

    Only targets that have all k count, so that no difference is one of targets.
    """
    rng = np.random.default_rng(seed)
    ks = sorted({entry.k for entry in measurements})
    by_target: dict[str, dict[int, list[Measurement]]] = {}
    for measurement in measurements:
        by_target.setdefault(measurement.target, {}).setdefault(measurement.k, []).append(measurement)
    # Of a study that is not at its end, no target may have every k yet: then the curve is of the smaller ones.
    while not (complete := {target: own for target, own in by_target.items() if own.keys() >= set(ks)}):
        ks.pop()
    targets = sorted(complete)
    means = np.array([[_of_target(complete[target], k) for k in ks] for target in targets]).reshape(-1, len(ks))
    within = np.stack([_draws(complete[target], ks, resamples, rng) for target in targets])
    chosen = rng.integers(0, len(targets), (resamples, len(targets)))
    drawn = within[chosen, np.arange(resamples)[:, None]].mean(1)
    return (
        {k: drawn[:, place] for place, k in enumerate(ks)},
        {k: float(means[:, place].mean()) for place, k in enumerate(ks)},
    )


def _of_target(own: Mapping[int, list[Measurement]], k: int) -> float:
    return float(np.mean([entry.score for entry in own[k]]))


def _draws(own: Mapping[int, list[Measurement]], ks: Sequence[int], resamples: int, rng: np.random.Generator) -> Floats:
    """Means of a target's models, its test items and their subsets drawn anew: (resamples, ks)."""
    weights = item_weights(len(own[ks[0]][0].counts), resamples, rng)
    return np.stack([resampled_means(own[k], weights, rng) for k in ks], axis=1)


def item_weights(items: int, resamples: int, rng: np.random.Generator) -> Floats:
    """How often each test item is drawn in each resample: (resamples, items)."""
    return rng.multinomial(items, np.full(items, 1 / max(items, 1)), size=resamples).astype(np.float64)


def resampled_means(models: Sequence[Measurement], weights: Floats, rng: np.random.Generator) -> Floats:
    """The mean score of models of one target, subsets and trainings drawn anew: (resamples,).

    :param weights: (resamples, items) how often each test item counts.
    """
    totals = np.stack([weights @ model.counts.astype(np.float64) for model in models])
    size = totals[..., 1] + totals[..., 2]
    scores = np.divide(200 * totals[..., 0], size, out=np.zeros_like(size), where=size > 0)
    subsets: dict[tuple[str, ...], list[int]] = {}
    for place, entry in enumerate(models):
        subsets.setdefault(entry.subset, []).append(place)
    groups = list(subsets.values())
    resamples, every = len(weights), np.arange(len(weights))
    total = np.zeros(resamples)
    for _ in groups:
        group = rng.integers(0, len(groups), resamples)
        within = rng.random(resamples)
        chosen = np.array([groups[at][int(share * len(groups[at]))] for at, share in zip(group, within, strict=True)])
        total += scores[chosen, every]
    return total / len(groups)


def subset_spread(models: Sequence[Measurement]) -> float | None:
    """The standard deviation of scores over subsets, each target's own mean taken away."""
    by_target: dict[str, list[float]] = {}
    for model in models:
        by_target.setdefault(model.target, []).append(model.score)
    several = [np.array(scores) for scores in by_target.values() if len(scores) > 1]
    if not several:
        return None
    squares = sum(float(((scores - scores.mean()) ** 2).sum()) for scores in several)
    return float(np.sqrt(squares / sum(len(scores) - 1 for scores in several)))

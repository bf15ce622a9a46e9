"""Curves from a label's margin to its probability of being correct, and the calibration error of probabilities."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Floats
from xprojdb.extras import require

BINS = 10
Method = Literal["isotonic", "logistic"]


class Judged(NamedTuple):
    """Labels with gold judgements.

    :param names: (N,) their labels.
    :param values: (N,) their margins or scores.
    :param right: (N,) 1 if correct, otherwise 0.
    :param weights: (N,) how many labels each stands for.
    :param sentences: (N,) the sentence of each.
    """

    names: NDArray[np.str_]
    values: Floats
    right: Floats
    weights: Floats
    sentences: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Curve:
    """A probability that rises with a value, known at some points and linear between them.

    :param values: ascending.
    :param probabilities: at these values.
    """

    values: list[float]
    probabilities: list[float]

    def at(self, values: Floats) -> Floats:
        """The probabilities at other values."""
        probabilities: Floats = np.interp(values, self.values, self.probabilities)
        return probabilities

    def threshold(self, probability: float) -> float | None:
        """The smallest value with this probability; None if there is none."""
        places = np.linspace(min(0.0, self.values[0]), max(1.0, self.values[-1]), 2001)
        reached = places[self.at(places) >= probability - 1e-9]
        return float(reached[0]) if len(reached) else None


def _isotonic(values: Floats, right: Floats, weights: Floats) -> Curve:
    """The best fitting non-decreasing steps, connected by straight lines."""
    regression = require("scipy.optimize", "models").isotonic_regression
    places, where = np.unique(values, return_inverse=True)
    mass = np.bincount(where, weights)
    share = np.bincount(where, weights * right) / mass
    fitted = regression(share, weights=mass).x
    # The ends of each step are sufficient.
    ends = np.flatnonzero(np.r_[True, np.diff(fitted) > 0] | np.r_[np.diff(fitted) > 0, True])
    return Curve(places[ends].tolist(), fitted[ends].tolist())


def _logistic(values: Floats, right: Floats, weights: Floats) -> Curve:
    """A logistic curve (Platt 1999), with his targets that are never exactly 0 or 1."""
    minimize = require("scipy.optimize", "models").minimize
    positive, negative = float((weights * right).sum()), float((weights * (1 - right)).sum())
    target = np.where(right > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(line: Floats) -> float:
        logits = line[0] * values + line[1]
        return float((weights * (np.logaddexp(0, logits) - target * logits)).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    places = np.linspace(min(0.0, float(values.min())), max(1.0, float(values.max())), 101)
    # A falling curve would invert thresholds.
    chances = 1 / (1 + np.exp(-(max(slope, 0.0) * places + shift)))
    return Curve(places.tolist(), chances.tolist())


#: fits a curve to values, correctness and weights
FITS: Mapping[Method, Callable[[Floats, Floats, Floats], Curve]] = {"isotonic": _isotonic, "logistic": _logistic}


class Bin(NamedTuple):
    """Labels with similar probabilities.

    :param right: the share that is correct.
    """

    probability: float
    right: float
    labels: int
    weight: float


def binned(chances: Floats, judged: Judged) -> list[Bin]:
    """Labels by their probability, in tenths; empty ones are left out."""
    place = np.minimum((chances * BINS).astype(np.int64), BINS - 1)
    bins = []
    for n in range(BINS):
        inside = place == n
        if inside.any():
            weights = judged.weights[inside]
            probability, right = (
                float(np.average(column[inside], weights=weights)) for column in (chances, judged.right)
            )
            bins.append(Bin(probability, right, int(inside.sum()), float(weights.sum())))
    return bins


def calibration_error(bins: Sequence[Bin], judged: Judged) -> float:
    """Expected calibration error: the mean difference between probability and share of correct labels, over labels."""
    total = float(judged.weights.sum())
    return sum(bin.weight * abs(bin.probability - bin.right) for bin in bins) / total

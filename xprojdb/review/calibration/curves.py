"""Curves from a label's margin to the probability that it is right, and how far probabilities are from what is so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.extras import require

BINS = 10
Method = Literal["isotonic", "logistic"]
Floats = NDArray[np.float64]


class Judged(NamedTuple):
    """Labels that gold says right or wrong.

    :param names: (N,) their labels.
    :param values: (N,) their margins or scores.
    :param right: (N,) 1 or 0.
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
    """A probability that rises with a value: known at some places, straight between them.

    :param values: ascending.
    :param probabilities: at these.
    """

    values: list[float]
    probabilities: list[float]

    def at(self, values: Floats) -> Floats:
        """The probabilities at other values."""
        found: Floats = np.interp(values, self.values, self.probabilities)
        return found

    def threshold(self, probability: float) -> float | None:
        """The least value that has this probability; None when none has."""
        places = np.linspace(min(0.0, self.values[0]), max(1.0, self.values[-1]), 2001)
        reached = places[self.at(places) >= probability - 1e-9]
        return float(reached[0]) if len(reached) else None


def _isotonic(values: Floats, right: Floats, weights: Floats) -> Curve:
    """The rising steps that fit best, joined by straight lines."""
    regression = require("scipy.optimize", "models").isotonic_regression
    places, where = np.unique(values, return_inverse=True)
    mass = np.bincount(where, weights)
    share = np.bincount(where, weights * right) / mass
    fitted = regression(share, weights=mass).x
    # The ends of each step are enough.
    ends = np.flatnonzero(np.r_[True, np.diff(fitted) > 0] | np.r_[np.diff(fitted) > 0, True])
    return Curve(places[ends].tolist(), fitted[ends].tolist())


def _logistic(values: Floats, right: Floats, weights: Floats) -> Curve:
    """A logistic curve (Platt 1999), with his targets that are never quite 0 or 1."""
    minimize = require("scipy.optimize", "models").minimize
    positive, negative = float((weights * right).sum()), float((weights * (1 - right)).sum())
    target = np.where(right > 0, (positive + 1) / (positive + 2), 1 / (negative + 2))

    def loss(line: Floats) -> float:
        told = line[0] * values + line[1]
        return float((weights * (np.logaddexp(0, told) - target * told)).sum())

    slope, shift = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    places = np.linspace(min(0.0, float(values.min())), max(1.0, float(values.max())), 101)
    # A curve that falls would turn thresholds round.
    chances = 1 / (1 + np.exp(-(max(slope, 0.0) * places + shift)))
    return Curve(places.tolist(), chances.tolist())


#: what fits a curve to values, right or wrong, and weights
FITS: Mapping[Method, Callable[[Floats, Floats, Floats], Curve]] = {"isotonic": _isotonic, "logistic": _logistic}


class Bin(NamedTuple):
    """Labels of about one probability.

    :param right: the share that is.
    """

    probability: float
    right: float
    labels: int
    weight: float


def binned(chances: Floats, judged: Judged) -> list[Bin]:
    """Labels by their probability, in tenths; empty ones are left out."""
    place = np.minimum((chances * BINS).astype(np.int64), BINS - 1)
    found = []
    for n in range(BINS):
        inside = place == n
        if inside.any():
            weights = judged.weights[inside]
            probability, right = (float(np.average(each[inside], weights=weights)) for each in (chances, judged.right))
            found.append(Bin(probability, right, int(inside.sum()), float(weights.sum())))
    return found


def calibration_error(bins: Sequence[Bin], judged: Judged) -> float:
    """Expected calibration error: how far probabilities are from the shares that are right, on average over labels."""
    total = float(judged.weights.sum())
    return sum(bin.weight * abs(bin.probability - bin.right) for bin in bins) / total

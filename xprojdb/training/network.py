"""A classifier with at most one hidden layer, in NumPy: scores, losses with their gradients, and AdamW.

For matrices of this size, drawing dropout masks and dispatching operations takes a framework longer than the products.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Longs, Singles

#: the constants of GELU by tanh (Hendrycks and Gimpel 2016)
_SLOPE, _CUBE = np.float32(0.7978845608028654), np.float32(0.044715)
_ONE, _HALF = np.float32(1), np.float32(0.5)


class _Pass(NamedTuple):
    """What the gradients need of a forward pass: arrays (N, width), (N, hidden) and (N, hidden)."""

    rows: Singles
    hidden: Singles
    slope: Singles


class Network:
    """A linear layer, or two with GELU and dropout between them.

    :param width: the columns of a row.
    :param hidden: the width of the hidden layer; 0 for none.
    :param rng: draws the initial weights and the dropout.
    """

    def __init__(self, width: int, hidden: int, classes: int, dropout: float, rng: np.random.Generator) -> None:
        self.dropout, self._rng = dropout, rng
        sizes = [width, hidden, classes] if hidden else [width, classes]
        #: the weights (out, in) and the bias (out,) of each layer
        self.layers = [self._layer(*ends) for ends in pairwise(sizes)]
        self._pass: _Pass | None = None

    def _layer(self, inputs: int, outputs: int) -> tuple[Singles, Singles]:
        bound = 1 / math.sqrt(inputs)
        weights = self._rng.uniform(-bound, bound, (outputs, inputs)).astype(np.float32)
        return weights, self._rng.uniform(-bound, bound, outputs).astype(np.float32)

    @property
    def parameters(self) -> list[Singles]:
        """The arrays that are trained."""
        return [array for layer in self.layers for array in layer]

    def scores(self, rows: Singles) -> Singles:
        """The scores of the classes, (N, classes), with dropout.

        :param rows: (N, width), standardised.
        """
        hidden, slope = rows, rows
        if len(self.layers) == 2:
            weights, bias = self.layers[0]
            hidden, slope = _gelu(rows @ weights.T + bias)
            if self.dropout:
                kept = self._kept(hidden.shape)
                hidden *= kept
                slope *= kept
        self._pass = _Pass(rows, hidden, slope)
        weights, bias = self.layers[-1]
        return hidden @ weights.T + bias

    def _kept(self, shape: tuple[int, ...]) -> Singles:
        drawn = np.frombuffer(self._rng.bytes(2 * math.prod(shape)), "<u2").reshape(shape)
        return (drawn >= round(self.dropout * 65_536)) * np.float32(1 / (1 - self.dropout))

    def gradients(self, scores: Singles) -> list[Singles]:
        """The gradients of the parameters after :meth:`scores`.

        :param scores: (N, classes) the gradient of the loss by the scores.
        """
        assert self._pass is not None, "scores come first"
        rows, hidden, slope = self._pass
        last = [scores.T @ hidden, scores.sum(0)]
        if len(self.layers) == 1:
            return last
        inner = (scores @ self.layers[1][0]) * slope
        return [inner.T @ rows, inner.sum(0), *last]


def _gelu(rows: Singles) -> tuple[Singles, Singles]:
    """GELU by tanh, and its derivative."""
    squares = rows * rows
    share = np.tanh(_SLOPE * rows * (_ONE + _CUBE * squares))
    share += _ONE
    share *= _HALF
    slope = (_ONE - share) * share
    slope *= rows
    squares *= 3 * _CUBE
    squares += _ONE
    squares *= 2 * _SLOPE
    slope *= squares
    slope += share
    return rows * share, slope


def loss(
    scores: Singles,
    right: Longs,
    weights: Singles | None = None,
    *,
    smoothing: float = 0.0,
    truncation: float = 0.0,
    soft: bool = False,
) -> tuple[float, Singles]:
    """The mean loss of rows, and its gradient by the scores.

    :param scores: (N, classes).
    :param right: (N,) the right classes.
    :param weights: (N,) the weights of the rows; None for equal ones.
    :param smoothing: label smoothing (Szegedy et al. 2016): this share of the target is spread over all classes.
    :param truncation: the exponent q of the generalised cross-entropy (1 - p^q) / q (Zhang and Sabuncu 2018); 0 for
        cross-entropy.
    :param soft: whether weights are the share of the target that is the right class; the rest is the first class. Only
        with cross-entropy, without smoothing.
    :returns: the loss, and (N, classes).
    """
    every = np.arange(len(scores))
    shifted = scores - scores.max(1, keepdims=True)
    chances = np.exp(shifted)
    total = chances.sum(1, keepdims=True)
    chances /= total
    shares = np.full(len(scores), 1 / len(scores), np.float32)
    if soft and weights is not None:
        logs = shifted - np.log(total)
        losses = -(weights * logs[every, right] + (_ONE - weights) * logs[:, 0])
        chances[every, right] -= weights
        chances[:, 0] -= _ONE - weights
        return float(losses @ shares), chances * shares[:, None]
    if weights is not None:
        shares = weights / max(float(weights.sum()), 1e-6)
    if truncation:
        powers = np.maximum(chances[every, right], np.float32(1e-7)) ** np.float32(truncation)
        losses, factors = (1 - powers) / np.float32(truncation), shares * powers
        chances[every, right] -= _ONE
        return float(losses @ shares), chances * factors[:, None]
    logs = shifted - np.log(total)
    losses = -(1 - np.float32(smoothing)) * logs[every, right] - np.float32(smoothing) * logs.mean(1)
    chances[every, right] -= np.float32(1 - smoothing)
    chances -= np.float32(smoothing / scores.shape[1])
    return float(losses @ shares), chances * shares[:, None]


@dataclass
class AdamW:
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), and one cycle of rate and momentum (Smith 2018).

    :param parameters: changed in place.
    :param rate: the highest learning rate.
    :param steps: the length of the cycle.
    """

    parameters: Sequence[Singles]
    rate: float
    decay: float
    steps: int
    taken: int = 0
    _first: list[Singles] = field(init=False)
    _second: list[Singles] = field(init=False)

    def __post_init__(self) -> None:
        self._first = [np.zeros_like(array) for array in self.parameters]
        self._second = [np.zeros_like(array) for array in self.parameters]

    def step(self, gradients: Sequence[Singles]) -> None:
        """Change the parameters."""
        rate, momentum = one_cycle(self.taken, self.steps, self.rate)
        self.taken += 1
        pace = np.float32(rate / (1 - momentum**self.taken))
        correction = np.float32(1 / math.sqrt(1 - 0.999**self.taken))
        for array, first, second, gradient in zip(self.parameters, self._first, self._second, gradients, strict=True):
            array *= np.float32(1 - rate * self.decay)
            first += (gradient - first) * np.float32(1 - momentum)
            second *= np.float32(0.999)
            second += gradient * gradient * np.float32(0.001)
            array -= pace * first / (np.sqrt(second) * correction + np.float32(1e-8))


def one_cycle(step: int, steps: int, rate: float) -> tuple[float, float]:
    """The learning rate and the momentum of a step, as in ``torch.optim.lr_scheduler.OneCycleLR``.

    The rate rises from a 25th of ``rate`` in three tenths of the steps and then falls to a ten-thousandth of where it
    began; the momentum falls from 0.95 to 0.85 and rises again; both along half a cosine.
    """
    peak, end = 0.3 * steps - 1, steps - 1
    if step <= peak:
        return _between(rate / 25, rate, step / peak if peak else 1.0), _between(0.95, 0.85, step / peak if peak else 1)
    share = (step - peak) / (end - peak)
    return _between(rate, rate / 250_000, share), _between(0.85, 0.95, share)


def _between(begin: float, end: float, share: float) -> float:
    return end + (begin - end) / 2 * (1 + math.cos(math.pi * share))

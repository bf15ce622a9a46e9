"""Train a head: a fixed number of AdamW steps with a one-cycle learning rate, reproducible from the seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from xprojdb.arrays import Halves, Longs, Singles
from xprojdb.extras import require
from xprojdb.training.errors import TrainingError
from xprojdb.training.head import Head
from xprojdb.training.network import AdamW, Network, loss

HeadKind = Literal["mlp", "linear"]
#: bytes of standardised rows to hold in memory; more are standardised batch by batch
_HELD = 1 << 28
#: called with the step and the current head
Watch = Callable[[int, Head], None]


@dataclass(frozen=True)
class FitSettings:
    """How a head is trained.

    :param head: ``mlp`` has one hidden layer, ``linear`` none.
    :param hidden: the width of the hidden layer.
    :param steps: the number of steps, whatever the amount of data.
    :param batch: the rows per step.
    :param rate: the highest learning rate.
    :param decay: the weight decay.
    :param dropout: the dropout of the hidden layer.
    :param smoothing: the label smoothing.
    :param truncation: the exponent q of the generalised cross-entropy (Zhang and Sabuncu 2018), which is more
        robust to wrong labels; 0 for plain cross-entropy.
    :param soft: whether the weights of rows are how sure their classes are: the rest of each target is the first class.
    :param seed: the random seed of the initial weights, the order of the rows and the dropout.
    """

    head: HeadKind = "mlp"
    hidden: int = 128
    steps: int = 200
    batch: int = 1024
    rate: float = 1e-3
    decay: float = 0.01
    dropout: float = 0.2
    smoothing: float = 0.0
    truncation: float = 0.0
    soft: bool = False
    seed: int = 0


@dataclass(frozen=True)
class Examples:
    """Training data.

    :param rows: (N, width).
    :param classes: (N,) the correct class of each row.
    :param weights: (N,) the weight of each row; None for equal weights.
    """

    rows: Halves
    classes: Longs
    weights: Singles | None = None


@dataclass
class Fitted:
    """A trained head and the cost of training it.

    :param losses: the mean loss of each tenth of the steps.
    """

    head: Head
    steps: int
    cpu_s: float
    losses: list[float] = field(default_factory=list)


def fit_head(
    examples: Examples,
    classes: tuple[str, ...],
    settings: FitSettings,
    about: Mapping[str, str] | None = None,
    watch: Watch | None = None,
    watch_every: int = 50,
) -> Fitted:
    """Train a head on one core.

    :param watch: called every ``watch_every`` steps, and after the last.
    :raises TrainingError: when there are no examples (``empty``), or the loss is not finite (``loss``).
    :raises MissingExtra: when threadpoolctl is not installed.
    """
    if not len(examples.rows):
        raise TrainingError("there is nothing to train on", hint="check the languages and splits", reason="empty")
    limits = require("threadpoolctl", "train").threadpool_limits
    began = time.process_time()
    # Small products are faster on one core, and many training processes share a machine.
    with limits(1):
        fitting = _Fitting(examples, classes, settings, about or {})
        losses = fitting.run(watch, watch_every)
        return Fitted(fitting.head(), settings.steps, time.process_time() - began, losses)


class _Fitting:
    def __init__(
        self, examples: Examples, classes: tuple[str, ...], settings: FitSettings, about: Mapping[str, str]
    ) -> None:
        self.settings, self.classes, self.about, self.examples = settings, classes, about, examples
        self.mean, self.scale = moments(examples.rows)
        self.held = self._standardised(examples.rows) if examples.rows.size * 4 <= _HELD else None
        hidden = settings.hidden if settings.head == "mlp" else 0
        own = np.random.default_rng((settings.seed, 1))
        self.net = Network(examples.rows.shape[1], hidden, len(classes), settings.dropout, own)
        self.order = np.random.default_rng(settings.seed)

    def run(self, watch: Watch | None, every: int) -> list[float]:
        settings = self.settings
        optimizer = AdamW(self.net.parameters, settings.rate, settings.decay, max(settings.steps, 2))
        losses = []
        for step, chosen in zip(range(1, settings.steps + 1), self._batches(), strict=False):
            # Numbers that are too large end as a loss that is none, which is an error of its own.
            with np.errstate(over="ignore", invalid="ignore"):
                value, gradient = self._loss(chosen)
                losses.append(_checked(value, step))
                optimizer.step(self.net.gradients(gradient))
            if watch is not None and (step % every == 0 or step == settings.steps):
                watch(step, self.head())
        return [float(np.mean(part)) for part in np.array_split(losses, min(10, len(losses)))]

    def _loss(self, chosen: Longs) -> tuple[float, Singles]:
        examples, settings = self.examples, self.settings
        rows = self._standardised(examples.rows[chosen]) if self.held is None else self.held[chosen]
        weights = None if examples.weights is None else examples.weights[chosen]
        return loss(
            self.net.scores(rows), examples.classes[chosen], weights, smoothing=settings.smoothing,
            truncation=settings.truncation, soft=settings.soft,
        )  # fmt: skip

    def _standardised(self, rows: Halves) -> Singles:
        return (rows.astype(np.float32) - self.mean) / self.scale

    def _batches(self) -> Iterator[Longs]:
        count, size = len(self.examples.rows), self.settings.batch
        while True:
            order = self.order.permutation(count)
            for at in range(0, max(count - size, 0) + 1, size):
                yield order[at : at + size]

    def head(self) -> Head:
        arrays = {"mean": self.mean, "scale": self.scale}
        layers = self.net.layers
        for number, (weights, bias) in zip((2,) if len(layers) == 1 else (1, 2), layers, strict=True):
            arrays |= {f"weight{number}": weights.copy(), f"bias{number}": bias.copy()}
        return Head(self.classes, arrays, self.about)


def _checked(value: float, step: int) -> float:
    if not math.isfinite(value):
        raise TrainingError(
            f"the loss is {value} after {step} steps",
            hint="lower the learning rate, or check the encoder's vectors",
            reason="loss",
            step=step,
        )
    return value


def moments(rows: Halves) -> tuple[Singles, Singles]:
    """The mean and the standard deviation of each column; the latter plus a small constant."""
    total, squares = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for at in range(0, len(rows), 16_384):
        part = rows[at : at + 16_384].astype(np.float64)
        total += part.sum(0)
        squares += (part**2).sum(0)
    mean = total / len(rows)
    spread = np.sqrt(np.maximum(squares / len(rows) - mean**2, 0))
    return mean.astype(np.float32), (spread + 1e-4).astype(np.float32)

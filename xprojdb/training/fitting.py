"""Train a head: a fixed number of AdamW steps with a one-cycle learning rate, reproducible from the seed."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from xprojdb.arrays import Halves, Longs, Singles
from xprojdb.extras import require
from xprojdb.training.errors import TrainingError
from xprojdb.training.head import Head

HeadKind = Literal["mlp", "linear"]
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
    :raises MissingExtra: when torch is not installed.
    """
    if not len(examples.rows):
        raise TrainingError("there is nothing to train on", hint="check the languages and splits", reason="empty")
    torch = require("torch", "train")
    began = time.process_time()
    with _one_thread(torch), torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        fitting = _Fitting(torch, examples, classes, settings, about or {})
        losses = fitting.run(watch, watch_every)
        return Fitted(fitting.head(), settings.steps, time.process_time() - began, losses)


class _Fitting:
    def __init__(
        self, torch: Any, examples: Examples, classes: tuple[str, ...], settings: FitSettings, about: Mapping[str, str]
    ) -> None:
        self.torch, self.settings, self.classes, self.about = torch, settings, classes, about
        self.examples = examples
        self.mean, self.scale = moments(examples.rows)
        self.net = self._network(examples.rows.shape[1], len(classes))
        self.order = np.random.default_rng(settings.seed)

    def _network(self, width: int, classes: int) -> Any:
        nn = self.torch.nn
        if self.settings.head == "linear":
            return nn.Sequential(nn.Linear(width, classes))
        hidden = self.settings.hidden
        drop = nn.Dropout(self.settings.dropout)
        return nn.Sequential(nn.Linear(width, hidden), nn.GELU(approximate="tanh"), drop, nn.Linear(hidden, classes))

    def run(self, watch: Watch | None, every: int) -> list[float]:
        settings, optim = self.settings, self.torch.optim
        optimizer = optim.AdamW(self.net.parameters(), lr=settings.rate, weight_decay=settings.decay)
        schedule = optim.lr_scheduler.OneCycleLR(optimizer, settings.rate, total_steps=max(settings.steps, 2))
        losses = []
        for step, chosen in zip(range(1, settings.steps + 1), self._batches(), strict=False):
            loss = self._loss(chosen)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            losses.append(self._checked(loss, step))
            if watch is not None and (step % every == 0 or step == settings.steps):
                watch(step, self.head())
        return [float(np.mean(part)) for part in np.array_split(losses, min(10, len(losses)))]

    def _loss(self, chosen: Longs) -> Any:
        torch, examples = self.torch, self.examples
        rows = (examples.rows[chosen].astype(np.float32) - self.mean) / self.scale
        scores = self.net(torch.from_numpy(rows))
        right = torch.from_numpy(examples.classes[chosen])
        losses = self._losses(scores, right)
        if examples.weights is None:
            return losses.mean()
        weights = torch.from_numpy(examples.weights[chosen])
        return (losses * weights).sum() / weights.sum().clamp(min=1e-6)

    def _losses(self, scores: Any, right: Any) -> Any:
        settings, functional = self.settings, self.torch.nn.functional
        if settings.truncation:
            chance = scores.softmax(-1).gather(1, right[:, None])[:, 0].clamp(min=1e-7)
            return (1 - chance**settings.truncation) / settings.truncation
        return functional.cross_entropy(scores, right, reduction="none", label_smoothing=settings.smoothing)

    def _batches(self) -> Iterator[Longs]:
        count, size = len(self.examples.rows), self.settings.batch
        while True:
            order = self.order.permutation(count)
            for at in range(0, max(count - size, 0) + 1, size):
                yield order[at : at + size]

    def _checked(self, loss: Any, step: int) -> float:
        value = float(loss.detach())
        if not math.isfinite(value):
            raise TrainingError(
                f"the loss is {value} after {step} steps",
                hint="lower the learning rate, or check the encoder's vectors",
                reason="loss",
                step=step,
            )
        return value

    def head(self) -> Head:
        layers = [layer for layer in self.net if hasattr(layer, "weight")]
        arrays = {"mean": self.mean, "scale": self.scale}
        for number, layer in zip((2,) if len(layers) == 1 else (1, 2), layers, strict=True):
            arrays[f"weight{number}"] = layer.weight.detach().numpy().copy()
            arrays[f"bias{number}"] = layer.bias.detach().numpy().copy()
        return Head(self.classes, arrays, self.about)


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


@contextmanager
def _one_thread(torch: Any) -> Iterator[None]:
    """Use one thread: small matrices are faster on one core, and many training processes share a machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

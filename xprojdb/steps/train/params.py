"""The parameters of training sets and of trainings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.training.fitting import FitSettings
from xprojdb.training.states import StatesOf

#: roles of a training's inputs: samples to learn from and to choose the step on, by language
SAMPLE, DEV = "sample:", "dev:"


@dataclass(frozen=True, kw_only=True)
class SampleParams(StepParams):
    """A training set of one language. Here the items are the how: ``rows`` is the digest of what is in it.

    :param labels: what becomes of each label, as JSON; None: all stay as they are.
    :param budget: how much at most; None: all.
    :param dropped: the least score and margin of labels, below which a label is left out.
    :param sentences, words, entities: how many there are.
    """

    kind: ClassVar[str] = "sample"
    lang: str
    task: str = left_out("ner")
    corpora: tuple[str, ...]
    splits: tuple[str, ...]
    labels: Mapping[str, Any] | None = left_out(None)
    budget: int | None
    unit: str
    seed: int
    chosen: Mapping[str, Any] | None = left_out(None)
    dropped: Mapping[str, float] | None = left_out(None)
    sentences: int
    words: int
    entities: int
    rows: str


@dataclass(frozen=True, kw_only=True)
class TrainParams(StepParams):
    """A training.

    :param classes: labels of entities, or of pairs, in the order of the head's classes.
    :param weight: how much words count.
    :param dev_every: steps between looks at the dev sets, where there are some.
    """

    kind: ClassVar[str] = "train"
    task: str
    arm: str
    classes: tuple[str, ...]
    layer: int
    pooling: str
    head: str
    hidden: int
    steps: int
    batch: int
    rate: float
    decay: float
    dropout: float
    seed: int
    smoothing: float = left_out(0.0)
    truncation: float = left_out(0.0)
    weight: str = left_out("none")
    dev_every: int = left_out(0)

    @property
    def settings(self) -> FitSettings:
        """How the head is trained."""
        return FitSettings(
            head="linear" if self.head == "linear" else "mlp",
            hidden=self.hidden,
            steps=self.steps,
            batch=self.batch,
            rate=self.rate,
            decay=self.decay,
            dropout=self.dropout,
            smoothing=self.smoothing,
            truncation=self.truncation,
            seed=self.seed,
        )


def states_of(spec: StepSpec) -> StatesOf:
    """The vectors that a training reads."""
    params = TrainParams.from_params(spec.params)
    pooling = "first" if params.pooling == "first" else "mean"
    return StatesOf(spec.model or "", spec.revision or "", params.layer, pooling)  # type: ignore[arg-type]


def languages_of(spec: StepSpec) -> tuple[str, ...]:
    """The languages that a training learns from."""
    return tuple(sorted(role.removeprefix(SAMPLE) for role in spec.inputs if role.startswith(SAMPLE)))

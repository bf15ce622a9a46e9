"""The parameters of training sets and training steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar

from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.training.fitting import FitSettings
from xprojdb.training.states import StatesOf
from xprojdb.training.tuning import TuneSettings

#: roles of a training's inputs: samples to learn from, and samples for choosing the step, by language
SAMPLE, DEV = "sample:", "dev:"


@dataclass(frozen=True, kw_only=True)
class SampleParams(StepParams):
    """Parameters of a training set of one language. Its items are part of its identity: ``rows`` is their digest.

    :param labels: the label mapping as JSON; None if labels stay as they are.
    :param budget: the most data to use; None for everything.
    :param dropped: the minimum score and margin of labels; others are left out.
    :param probabilities: by label step, how probable its labels are: the ``measure`` of a label that tells it, and
        ``points`` (values, probabilities) between which it is linear, by label, of all labels under an empty name.
    :param sentences, words, entities: their numbers.
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
    probabilities: Mapping[str, Any] | None = left_out(None)
    sentences: int
    words: int
    entities: int
    rows: str


@dataclass(frozen=True, kw_only=True)
class TrainParams(StepParams):
    """Parameters of a training.

    :param classes: the labels of entities or pairs, in the order of the head's classes.
    :param weight: what tells how sure a label is.
    :param soft: whether the rest of a label that is not sure is learned as O; otherwise, its words weigh less.
    :param dev_every: the number of steps between evaluations on the dev sets, if there are any.
    :param tune: what of the encoder is trained with the head: ``none``, ``last:N``, ``lora:R`` or ``all``.
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
    soft: bool = left_out(False)
    dev_every: int = left_out(0)
    tune: str = left_out("none")
    tune_rate: float = left_out(5e-5)

    @property
    def settings(self) -> FitSettings:
        """The settings for fitting the head."""
        return FitSettings(**{own.name: getattr(self, own.name) for own in fields(FitSettings)})

    @property
    def tuning(self) -> TuneSettings | None:
        """The settings for tuning the encoder; None if it stays frozen."""
        if self.tune == "none":
            return None
        kind, _, size = self.tune.partition(":")
        names = ("steps", "batch", "rate", "decay", "dropout", "smoothing", "truncation", "soft", "seed")
        shared = {name: getattr(self, name) for name in names}
        return TuneSettings(kind=kind, size=int(size or 0), encoder_rate=self.tune_rate, **shared)  # type: ignore[arg-type]


def states_of(spec: StepSpec) -> StatesOf:
    """The states that a training reads."""
    params = TrainParams.from_params(spec.params)
    pooling = "first" if params.pooling == "first" else "mean"
    return StatesOf(spec.model or "", spec.revision or "", params.layer, pooling)  # type: ignore[arg-type]


def languages_of(spec: StepSpec) -> tuple[str, ...]:
    """The languages a training learns from."""
    return tuple(sorted(role.removeprefix(SAMPLE) for role in spec.inputs if role.startswith(SAMPLE)))

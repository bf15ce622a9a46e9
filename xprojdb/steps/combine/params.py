"""The parameters of the steps that read several sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from xprojdb.steps.params import StepParams, left_out


@dataclass(frozen=True, kw_only=True)
class ConsensusRule(StepParams):
    """How a consensus is made: the parameter ``rule`` of these steps.

    :param method: ``vote`` or ``joint``; what follows ``min_support`` is of ``joint``.
    :param min_support: the share of what all sources could give that is not enough.
    :param min_score: scores that are not above it support nothing.
    :param power: scores are raised to it.
    :param other_label: the share of its support that an entity gives to other labels on its spans.
    :param first_word, last_word: what a span loses whose first, or last, word is a function word.
    :param max_frequency: words that are more than this share of the corpus are function words.
    :param terms: what it is worth that a span's words are labelled wherever else they occur.
    """

    kind: ClassVar[str] = "rule"
    method: Literal["vote", "joint"]
    min_support: float
    min_score: float | None = left_out(None)
    power: float | None = left_out(None)
    other_label: float | None = left_out(None)
    first_word: float | None = left_out(None)
    last_word: float | None = left_out(None)
    max_frequency: float | None = left_out(None)
    terms: float | None = left_out(None)


@dataclass(frozen=True, kw_only=True)
class SourcesParams(StepParams):
    """What the parameters of all these steps have.

    :param target: the language that is labelled.
    :param sources: languages, ``LANG@RECIPE`` for another recipe's projection, ``transfer`` for the target language's
        own tagger.
    :param labels: what becomes of each label, where no source says it.
    """

    kind: ClassVar[str] = "combine"
    target: str
    sources: tuple[str, ...]
    labels: Mapping[str, Any] | None = left_out(None)


@dataclass(frozen=True, kw_only=True)
class CombineParams(SourcesParams):
    """The parameters of a combine step.

    :param rule: a :class:`ConsensusRule`, as it is stored.
    :param weights: of the sources; None: they are learned.
    """

    rule: Mapping[str, Any]
    weights: Mapping[str, float] | None


@dataclass(frozen=True, kw_only=True)
class ReliabilityParams(SourcesParams):
    """The parameters of a step that learns weights.

    :param learn: ``agreement`` or ``learned``.
    :param rule: that of the consensus that they are to agree with.
    """

    kind: ClassVar[str] = "reliability"
    learn: str
    rule: Mapping[str, Any] | None = left_out(None)

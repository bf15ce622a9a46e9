"""The parameters of the steps that read several sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from xprojdb.steps.params import StepParams, left_out


@dataclass(frozen=True, kw_only=True)
class ConsensusRule(StepParams):
    """How a consensus is found: the parameter ``rule`` of these steps.

    :param method: ``vote`` or ``joint``; the parameters after ``min_support`` belong to ``joint``.
    :param min_support: a span must receive more than this share of the support that all sources could give.
    :param min_score: only scores above it support a span.
    :param power: scores are raised to this power.
    :param other_label: the share of its support that an entity gives to its spans under other labels.
    :param first_word, last_word: what a span loses if its first or last word is a function word.
    :param max_frequency: words that make up more than this share of the corpus are function words.
    :param terms: the bonus for a span whose words are labelled wherever else they occur.
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
    """Parameters that all of these steps share.

    :param target: the language that receives labels.
    :param sources: languages, ``LANG@RECIPE`` for another recipe's projection, ``transfer`` for the target language's
        own tagger.
    :param labels: the label mapping, where no source has one.
    :param min_quality: what the translation of a source must reach, by score, for its labels to count.
    """

    kind: ClassVar[str] = "combine"
    target: str
    sources: tuple[str, ...]
    labels: Mapping[str, Any] | None = left_out(None)
    min_quality: Mapping[str, float] | None = left_out(None)


@dataclass(frozen=True, kw_only=True)
class CombineParams(SourcesParams):
    """Parameters of a combine step.

    :param rule: a :class:`ConsensusRule`, in its stored form.
    :param weights: the weights of the sources; None if they are learned.
    :param corrected: whether the sentences of the input ``gold`` take its labels.
    """

    rule: Mapping[str, Any]
    weights: Mapping[str, float] | None
    corrected: bool = left_out(False)


@dataclass(frozen=True, kw_only=True)
class ReliabilityParams(SourcesParams):
    """Parameters of a step that learns weights.

    :param learn: ``agreement``, ``learned``, or ``gold``.
    :param rule: the rule of the consensus that agreement is measured against; None with ``learned``.
    """

    kind: ClassVar[str] = "reliability"
    learn: str
    rule: Mapping[str, Any] | None = left_out(None)

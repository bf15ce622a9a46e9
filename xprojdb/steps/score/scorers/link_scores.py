"""Scores from the word links."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Ge, Gt, Le
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Floats
from xprojdb.config.fields.types import Share
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db.tables import translation
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.scores.links import alignment, soft_alignment
from xprojdb.matching.scores.word_weights import WordCounts, weigh_links, word_weights
from xprojdb.steps.fit.word_frequencies import read_frequencies
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class LinkDiceConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "link_dice"``: links between entity and candidate, relative to their lengths."""

    min_score: Share = 0.2


@dataclass(frozen=True, kw_only=True)
class LinkMassConfig(ScorerConfig):
    """The default ``[[scorer]]``: the share of both sides' link mass that lies between entity and candidate.

    :param power: the score is raised to this power.
    :param word_weights: the larger it is, the less links between frequent words count; 0 weighs all words equally.
    """

    min_score: Share = 0.2
    power: Annotated[float, Gt(0), Le(16)] = 1.0
    word_weights: Annotated[float, Ge(0), Le(16)] = 0.0


class LinkDice(ScoreStage):
    """The number of links between entity and candidate, relative to their lengths."""

    name = "link_dice"
    Config = LinkDiceConfig

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:  # noqa: ARG002
        return alignment(batch.pairs, batch.candidates)


class LinkMass(ScoreStage):
    """The share of both sides' link mass that lies between entity and candidate, raised to a power.

    With ``word_weights``, the mass of a link is its score times the geometric mean of its words' weights.
    """

    name = "link_mass"
    Config = LinkMassConfig

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        config: LinkMassConfig = self.config
        self.power, self.gamma = config.power, config.word_weights

    @classmethod
    def inputs(cls, config: LinkMassConfig, direction: Direction) -> Mapping[str, StepSpec]:
        if not config.word_weights:
            return {}
        return {
            "source_frequencies": direction.frequencies(direction.source),
            "target_frequencies": direction.frequencies(direction.target),
        }

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        counts = ("source_frequencies", "target_frequencies") if self.gamma else ()
        return {**super().needs(), **dict.fromkeys(counts, translation.c.corpus_id)}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        scores = soft_alignment(self._weighed(connection, batch), batch.candidates)
        return scores if self.power == 1 else scores**self.power

    def _weighed(self, connection: Connection, batch: ScoringBatch) -> PairBatch:
        if not self.gamma:
            return batch.pairs
        sides = (("source_frequencies", batch.source_words), ("target_frequencies", batch.target_words))
        weights = []
        for role, sentences in sides:
            counts = self.learned(connection, batch, role, read_frequencies)
            weights.append(_weights_of(sentences, counts, self.gamma))
        return weigh_links(batch.pairs, *weights)


def _weights_of(sentences: list[list[str]], counts: list[WordCounts], gamma: float) -> Floats:
    """The weights of words, from the counts of each sentence's own corpus."""
    if all(count is counts[0] for count in counts):
        return word_weights(sentences, counts[0], gamma)
    parts = [word_weights([words], own, gamma) for words, own in zip(sentences, counts, strict=True)]
    return np.concatenate(parts)

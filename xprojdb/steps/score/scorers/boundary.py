"""Whether a candidate starts and ends like a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np
from annotated_types import Gt, Le
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Flags, Floats
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db.tables import translation
from xprojdb.matching.scores.boundary import begins_like_a_name, clean_start, function_words, name_edges, name_words
from xprojdb.steps.fit.word_frequencies import read_frequencies
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class BoundaryConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "boundary"``: whether the candidate starts and ends like a name.

    :param rule: ``words``: 1 unless the first word is a function word; ``capitals``: the share of the first and last
        word that start with a capital or a digit, for entities that do.
    :param max_frequency: with ``words``, words that make up more than this share of the corpus are function words.
    """

    rule: Literal["words", "capitals"] = "words"
    max_frequency: Annotated[float, Gt(0), Le(1)] = 0.02


class BoundaryScore(ScoreStage):
    """``words``: 1 unless the first word is a function word; ``capitals``: the share of edges that look like names."""

    name = "boundary"
    Config = BoundaryConfig

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        config: BoundaryConfig = self.config
        self.rule, self.max_frequency = config.rule, config.max_frequency

    @classmethod
    def inputs(cls, config: BoundaryConfig, direction: Direction) -> Mapping[str, StepSpec]:
        return {"target_frequencies": direction.frequencies(direction.target)} if config.rule == "words" else {}

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        counts = {"target_frequencies": translation.c.corpus_id} if self.rule == "words" else {}
        return {**super().needs(), **counts}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        if self.rule == "words":
            return clean_start(batch.pairs, batch.candidates, self._function_words(connection, batch))
        first = batch.pairs.entity_start
        pair = np.repeat(np.arange(len(batch.keys)), np.diff(batch.pairs.entity_ptr))
        words = (batch.source_words[i][word] for i, word in zip(pair.tolist(), first.tolist(), strict=True))
        named = np.fromiter((begins_like_a_name(word) for word in words), np.bool_, len(first))
        return name_edges(batch.pairs, batch.candidates, name_words(batch.target_words), named)

    def _function_words(self, connection: Connection, batch: ScoringBatch) -> Flags:
        counts = self.learned(connection, batch, "target_frequencies", read_frequencies)
        if all(count is counts[0] for count in counts):
            return function_words(batch.target_words, counts[0], self.max_frequency)
        counted = zip(batch.target_words, counts, strict=True)
        return np.concatenate([function_words([words], own, self.max_frequency) for words, own in counted])

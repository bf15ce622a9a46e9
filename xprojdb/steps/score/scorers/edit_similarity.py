"""How similar the spellings of entity and candidate are: names are often copied or transliterated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Floats
from xprojdb.config.fields.types import Probability
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.matching.scores.edit_similarity import Words, surface
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class EditSimilarityConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "edit_similarity"``: how similar the spellings of entity and candidate are.

    :param offset: the similarity of two unrelated names; it is subtracted, and the rest is rescaled to 0–1.
    """

    offset: Probability = 0.0


class EditSimilarity(ScoreStage):
    """Edit similarity of the folded words, minus that of unrelated names."""

    name = "edit_similarity"
    Config = EditSimilarityConfig

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.offset: float = self.config.offset

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:  # noqa: ARG002
        source, target = Words.fold(batch.source_words), Words.fold(batch.target_words)
        alike = surface(batch.pairs, batch.candidates, source, target)
        return np.maximum(alike - self.offset, 0) / (1 - self.offset)

"""How alike the letters of entity and candidate are: names are copied or transliterated."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from xprojdb.matching.arrays import Floats
from xprojdb.matching.scores.edit_similarity import Words, surface
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


class EditSimilarity(ScoreStage):
    """Edit similarity of the folded words, less what unrelated names have in common."""

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.offset: float = spec.params.get("offset", 0.0)

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:  # noqa: ARG002
        source, target = Words.fold(batch.source_words), Words.fold(batch.target_words)
        alike = surface(batch.pairs, batch.candidates, source, target)
        return np.maximum(alike - self.offset, 0) / (1 - self.offset)

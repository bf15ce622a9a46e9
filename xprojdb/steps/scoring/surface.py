"""How alike the letters of entity and candidate are: names are copied or transliterated."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from xprojdb.matching.arrays import Floats
from xprojdb.matching.surface import Words, surface
from xprojdb.steps.scoring.batch import Batch
from xprojdb.steps.scoring.score import Score
from xprojdb.steps.spec import StepSpec


class SurfaceScore(Score):
    """Edit similarity of the folded words, less what unrelated names have in common."""

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.offset: float = spec.params.get("offset", 0.0)

    def values(self, connection: Connection, batch: Batch) -> Floats:  # noqa: ARG002
        source, target = Words.fold(batch.source_words), Words.fold(batch.target_words)
        alike = surface(batch.pairs, batch.candidates, source, target)
        return np.maximum(alike - self.offset, 0) / (1 - self.offset)

"""A scorer: whether a candidate begins with the same letter as its entity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xprojdb.plugins import Floats, ScorerConfig, ScoreStage, ScoringBatch


@dataclass(frozen=True, kw_only=True)
class InitialsConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "initials"``.

    :param otherwise: the score of candidates with another initial.
    """

    otherwise: float = 0.5


class Initials(ScoreStage):
    """1 for candidates with the entity's initial, whatever its case."""

    name = "initials"
    Config = InitialsConfig

    def values(self, connection: Any, batch: ScoringBatch) -> Floats:  # noqa: ARG002
        base = batch.pairs.entity_start[batch.entity].tolist()
        pairs, starts = batch.pair.tolist(), batch.candidates.start.tolist()
        same = [
            batch.source_words[pair][source][:1].casefold() == batch.target_words[pair][target][:1].casefold()
            for pair, source, target in zip(pairs, base, starts, strict=True)
        ]
        return np.where(same, 1.0, self.config.otherwise)

"""Corpus memory where links are doubtful: how often the words of a candidate were projected elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import MinLen
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Floats
from xprojdb.config.tables.score import Candidates
from xprojdb.db.tables import translation
from xprojdb.matching.scores.adaptive import remembered
from xprojdb.steps.fit.name_habits import read_habits
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.scorers.adaptive import habits_spec
from xprojdb.steps.score.scorers.term_consistency import TermConsistency, TermConsistencyConfig
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class AdaptiveTermsConfig(TermConsistencyConfig):
    """``[[scorer]]`` with ``type = "adaptive_terms"``: ``term_consistency`` for doubtful links, else ½ for all."""

    candidates: Candidates | Annotated[tuple[Candidates, ...], MinLen(1)] = "scored"


class AdaptiveTerms(TermConsistency):
    """Like :class:`TermConsistency`, to the degree that the corpus casts doubt on links; ½ without doubt."""

    name = "adaptive_terms"
    Config = AdaptiveTermsConfig

    @classmethod
    def inputs(cls, config: TermConsistencyConfig, direction: Direction) -> Mapping[str, StepSpec]:
        return {**super().inputs(config, direction), "habits": habits_spec(direction)}

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**super().needs(), "habits": translation.c.corpus_id}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        doubt = np.array([own.doubt for own in self.learned(connection, batch, "habits", read_habits)])
        if not doubt.any():
            return remembered(np.zeros(len(batch.candidates)), np.zeros(len(batch.candidates)))
        return remembered(super().values(connection, batch), doubt[batch.pair])

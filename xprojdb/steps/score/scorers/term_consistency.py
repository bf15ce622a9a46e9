"""Term consistency: how often a candidate's words were projected as a whole elsewhere in the corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Floats
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db.tables import translation
from xprojdb.matching.scores.term_consistency import term_shares
from xprojdb.steps.fit.stage import FitParams
from xprojdb.steps.fit.terms import TermsFit, read_projected, read_terms
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class TermConsistencyConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "term_consistency"``: how often the candidate's words were projected elsewhere."""


class TermConsistency(ScoreStage):
    """The share of a candidate's occurrences in other sentences that an earlier step labelled."""

    name = "term_consistency"
    Config = TermConsistencyConfig
    learns = True

    @classmethod
    def inputs(cls, config: TermConsistencyConfig, direction: Direction) -> Mapping[str, StepSpec]:  # noqa: ARG003
        labels = direction.draft_labels()
        params = FitParams(lang=direction.target, refit=direction.refit).to_params()
        return {"labels": labels, "terms": StepSpec(TermsFit.kind, TermsFit.version, params, inputs={"labels": labels})}

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**super().needs(), "labels": translation.c.id, "terms": translation.c.corpus_id}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        terms = self.learned(connection, batch, "terms", read_terms)
        sentences = batch.target_sentences
        own = read_projected(connection, self.input_ids["labels"], sorted(set(sentences)))
        candidates = batch.candidates
        places = list(zip(candidates.start.tolist(), candidates.end.tolist(), strict=True))
        shares: list[float] = []
        for i, words in enumerate(batch.target_words):
            first, last = candidates.ptr[i : i + 2].tolist()
            shares += term_shares(words, own.get(sentences[i], set()), places[first:last], terms[i])
        return np.array(shares)

"""Corpus memory: how often a candidate's words were projected as a whole elsewhere in the corpus."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.db.tables import translation
from xprojdb.matching.arrays import Floats
from xprojdb.matching.scores.term_consistency import term_shares
from xprojdb.steps.fit.terms import read_projected, read_terms
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.stage import ScoreStage


class TermConsistency(ScoreStage):
    """Of the occurrences of a candidate's words in other sentences, the share that an earlier step projected."""

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**super().needs(), "labels": translation.c.id, "terms": translation.c.corpus_id}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        terms = self.learned(connection, batch, "terms", read_terms)
        sentences = batch.target_sentences
        own = read_projected(connection, self.input_ids["labels"], sorted(set(sentences)))
        found = batch.candidates
        places = list(zip(found.start.tolist(), found.end.tolist(), strict=True))
        shares: list[float] = []
        for i, words in enumerate(batch.target_words):
            first, last = found.ptr[i : i + 2].tolist()
            shares += term_shares(words, own.get(sentences[i], set()), places[first:last], terms[i])
        return np.array(shares)

"""Probabilities of phrases given phrases, computed once per database: phrases recur across sentences and steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Connection, Text, and_, column, select, values

from xprojdb.arrays import Floats
from xprojdb.db import bulk
from xprojdb.db.tables import phrase_score
from xprojdb.steps.stage import Rows

#: pairs to look up in one query
_PAIRS_PER_QUERY = 1_000
_COLUMNS = ("model", "revision", "direction", "condition", "phrase", "score")
Phrases = tuple[str, str]
Compute = Callable[[list[str], list[str], str, str], Floats]


class PhraseScores:
    """The table ``phrase_score`` as a cache in front of a model.

    :param model, revision: the model behind the probabilities.
    :param compute: takes N texts, N phrases and the languages of both; returns (N,) probabilities.
    :param question: what the model is asked about a text and a phrase, if there are several questions: a short digest.
    """

    def __init__(self, model: str, revision: str, compute: Compute, question: str = "") -> None:
        self.model = model
        self.revision = revision
        self._compute = compute
        self._question = question
        self._new: dict[str, dict[Phrases, float]] = {}

    def probabilities(
        self, connection: Connection, pairs: Sequence[Phrases], source: str, target: str
    ) -> dict[Phrases, float]:
        """P(phrase | text) of pairs (text, phrase), from the table where it has them.

        :param source, target: the languages of the text and of the phrase.
        """
        direction = self._direction(source, target)
        fresh = self._new.setdefault(direction, {})
        scores = self._known(connection, direction, pairs)
        missing = [pair for pair in dict.fromkeys(pairs) if pair not in scores]
        if missing:
            texts, phrases = map(list, zip(*missing, strict=True))
            computed = dict(zip(missing, self._compute(texts, phrases, source, target).tolist(), strict=True))
            fresh |= computed
            scores |= computed
        return scores

    def missing(self, connection: Connection, pairs: Sequence[Phrases], source: str, target: str) -> list[Phrases]:
        """The distinct pairs that would be computed."""
        known = self._known(connection, self._direction(source, target), pairs)
        return [pair for pair in dict.fromkeys(pairs) if pair not in known]

    def take_new(self) -> Rows:
        """Rows for everything computed since the last call."""
        rows = [
            (self.model, self.revision, direction, text, phrase, score)
            for direction, scores in self._new.items()
            for (text, phrase), score in scores.items()
        ]
        self._new = {}
        return Rows(phrase_score, _COLUMNS, rows)

    def _direction(self, source: str, target: str) -> str:
        return f"{source}>{target}" + (f" {self._question}" if self._question else "")

    def _known(self, connection: Connection, direction: str, pairs: Sequence[Phrases]) -> dict[Phrases, float]:
        distinct, fresh = dict.fromkeys(pairs), self._new.get(direction, {})
        scores = {pair: fresh[pair] for pair in distinct if pair in fresh}
        return scores | self._read(connection, direction, [pair for pair in distinct if pair not in scores])

    def _read(self, connection: Connection, direction: str, pairs: Sequence[Phrases]) -> dict[Phrases, float]:
        scores: dict[Phrases, float] = {}
        c = phrase_score.c
        own = and_(c.model == self.model, c.revision == self.revision, c.direction == direction)
        for first in range(0, len(pairs), _PAIRS_PER_QUERY):
            lookup = values(column("condition", Text), column("phrase", Text), name="lookup")
            # Joined as a table, because SQLite looks up a list of pairs by reading all rows of the model.
            table = lookup.data(list(pairs[first : first + _PAIRS_PER_QUERY])).cte("lookup")
            joined = and_(own, c.condition == table.c.condition, c.phrase == table.c.phrase)
            query = select(c.condition, c.phrase, c.score).select_from(table).join(phrase_score, joined)
            scores |= {(text, phrase): score for text, phrase, score in bulk.fetch(connection, query)}
        return scores


def translation_scores(
    forth: Sequence[float],
    back: Sequence[float],
    candidate_self: Sequence[float] | None = None,
    entity_self: Sequence[float] | None = None,
) -> Floats:
    """NMTScore: the mean of both directions, each normalised by the probability of the text given itself.

    :param forth: (C,) P(candidate | entity).
    :param back: (C,) P(entity | candidate).
    :param candidate_self: (C,) P(candidate | candidate); None for direct scores, which are not normalised.
    :param entity_self: (C,) P(entity | entity).
    :returns: (C,) scores; a direction counts as 0 if the model finds its text impossible given itself.
    """
    parts = []
    for numerator, denominator in ((forth, candidate_self), (back, entity_self)):
        above = np.asarray(numerator, np.float64)
        below = np.ones(len(above)) if denominator is None else np.asarray(denominator, np.float64)
        parts.append(np.divide(above, below, out=np.zeros(len(above)), where=below > 0))
    mean: Floats = (parts[0] + parts[1]) / 2
    return mean

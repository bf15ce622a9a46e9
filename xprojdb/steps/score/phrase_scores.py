"""Probabilities of phrases given phrases, each computed once a database: phrases recur across sentences and steps."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from sqlalchemy import Connection, Text, and_, column, select, values

from xprojdb.db import bulk
from xprojdb.db.tables import phrase_score
from xprojdb.matching.arrays import Floats
from xprojdb.steps.stage import Rows

#: pairs asked for in one query
_ASKED = 1_000
_COLUMNS = ("model", "revision", "direction", "condition", "phrase", "score")
Phrases = tuple[str, str]
Compute = Callable[[list[str], list[str], str, str], Floats]


class PhraseScores:
    """The table ``phrase_score`` in front of a model.

    :param model, revision: whose probabilities they are.
    :param compute: given N texts, N phrases, the language of the texts and that of the phrases: (N,) probabilities.
    """

    def __init__(self, model: str, revision: str, compute: Compute) -> None:
        self.model = model
        self.revision = revision
        self._compute = compute
        self._new: dict[str, dict[Phrases, float]] = {}

    def probabilities(
        self, connection: Connection, pairs: Sequence[Phrases], source: str, target: str
    ) -> dict[Phrases, float]:
        """P(phrase | given) of pairs (given, phrase), from the table where it has them.

        :param source, target: the languages of what is given and of the phrase.
        """
        direction = f"{source}>{target}"
        wanted = dict.fromkeys(pairs)
        fresh = self._new.setdefault(direction, {})
        found = {pair: fresh[pair] for pair in wanted if pair in fresh}
        found |= self._read(connection, direction, [pair for pair in wanted if pair not in found])
        missing = [pair for pair in wanted if pair not in found]
        if missing:
            given, phrases = map(list, zip(*missing, strict=True))
            made = dict(zip(missing, self._compute(given, phrases, source, target).tolist(), strict=True))
            fresh |= made
            found |= made
        return found

    def take_new(self) -> Rows:
        """Rows with what was computed since the last call."""
        rows = [
            (self.model, self.revision, direction, given, phrase, score)
            for direction, scores in self._new.items()
            for (given, phrase), score in scores.items()
        ]
        self._new = {}
        return Rows(phrase_score, _COLUMNS, rows)

    def _read(self, connection: Connection, direction: str, pairs: Sequence[Phrases]) -> dict[Phrases, float]:
        found: dict[Phrases, float] = {}
        c = phrase_score.c
        own = and_(c.model == self.model, c.revision == self.revision, c.direction == direction)
        for first in range(0, len(pairs), _ASKED):
            asked = values(column("condition", Text), column("phrase", Text), name="asked")
            # A table to join, because SQLite looks a list of pairs up by reading all of the model's rows.
            table = asked.data(list(pairs[first : first + _ASKED])).cte("asked")
            joined = and_(own, c.condition == table.c.condition, c.phrase == table.c.phrase)
            query = select(c.condition, c.phrase, c.score).select_from(table).join(phrase_score, joined)
            found |= {(given, phrase): score for given, phrase, score in bulk.fetch(connection, query)}
        return found


def translation_scores(
    forth: Sequence[float],
    back: Sequence[float],
    candidate_self: Sequence[float] | None = None,
    entity_self: Sequence[float] | None = None,
) -> Floats:
    """NMTScore: the mean of both directions, each relative to how probable the model finds the text given itself.

    :param forth: (C,) P(candidate | entity).
    :param back: (C,) P(entity | candidate).
    :param candidate_self: (C,) P(candidate | candidate); None: the score is direct, without relation to it.
    :param entity_self: (C,) P(entity | entity).
    :returns: (C,) scores; 0 from a direction whose text the model finds impossible given itself.
    """
    parts = []
    for numerator, denominator in ((forth, candidate_self), (back, entity_self)):
        above = np.asarray(numerator, np.float64)
        below = np.ones(len(above)) if denominator is None else np.asarray(denominator, np.float64)
        parts.append(np.divide(above, below, out=np.zeros(len(above)), where=below > 0))
    mean: Floats = (parts[0] + parts[1]) / 2
    return mean

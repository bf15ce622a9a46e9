"""How many sentences each list filter would select, counted once until the database changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

from sqlalchemy import Connection, func, select

from xprojdb.browse.limits import limited
from xprojdb.browse.summaries.recipes import KnownRecipe, corpus_names, sentence_counts, version_of
from xprojdb.db import Database, bulk
from xprojdb.db.count_cache import CountCache
from xprojdb.db.tables import label, outcome, sentence
from xprojdb.steps.project.stage import reason_codes

#: how many labels and sentences are counted where every row would have to be read
SAMPLE = 50_000
Counted = list[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Facets:
    """Values with their counts.

    :param langs: sentences by language, of each corpus.
    :param splits: among the first sentences.
    :param labels: among the first labels of the recipe.
    :param sampled: whether there are more labels or sentences than were counted.
    :param outcomes: items of the recipe's final steps.
    :param reasons: for those outcomes.
    """

    corpora: Counted
    langs: Counted
    splits: Counted
    labels: Counted
    outcomes: Counted
    reasons: Counted
    sampled: bool


class FacetCounts:
    """The facets of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cache: dict[tuple[str, int], Facets] = {}
        self._lock = Lock()

    def of(self, recipe: KnownRecipe | None) -> Facets:
        """The facets of a recipe, or only of the imported sentences.

        :raises TooSlow: when they take too long.
        """
        with limited(self._database) as connection:
            key = (recipe.name if recipe else "", version_of(connection))
            with self._lock:
                if key not in self._cache:
                    self._cache = {
                        **{k: v for k, v in self._cache.items() if k[1] == key[1]},
                        key: _read(connection, recipe),
                    }
                return self._cache[key]


def _read(connection: Connection, recipe: KnownRecipe | None) -> Facets:
    corpora: Counter[str] = Counter()
    langs: Counter[str] = Counter()
    names = corpus_names(connection)
    for corpus_id, lang, count in sentence_counts(connection):
        corpora[names[corpus_id]] += count
        langs[lang] += count
    first = select(sentence.c.split).order_by(sentence.c.id).limit(SAMPLE).subquery()
    splits = _counted(connection, first.c.split)
    outcomes, reasons = _outcomes(connection, recipe.steps if recipe else [])
    labels = _labels(connection, recipe.steps) if recipe else []
    sampled = sum(count for _, count in labels) >= SAMPLE or sum(count for _, count in splits) >= SAMPLE
    return Facets(
        corpora=_sorted(corpora),
        langs=_sorted(langs),
        splits=_sorted(Counter(dict(splits))),
        labels=_sorted(Counter(dict(labels))),
        outcomes=_sorted(outcomes),
        reasons=_sorted(reasons),
        sampled=sampled,
    )


def _counted(connection: Connection, column: object) -> Counted:
    query = select(column, func.count()).group_by(column)  # type: ignore[call-overload]
    return [("–" if value is None else value, count) for value, count in bulk.fetch(connection, query)]


def _labels(connection: Connection, steps: Sequence[int]) -> Counted:
    first = select(label.c.label).where(label.c.step_id.in_(steps)).limit(SAMPLE).subquery()
    return _counted(connection, first.c.label)


def _outcomes(connection: Connection, steps: Sequence[int]) -> tuple[Counter[str], Counter[str]]:
    outcomes: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    counts = CountCache(connection)
    for step_id in steps:
        for status, reason, count in counts.of(f"outcomes {step_id}", partial(_of_step, connection, step_id)):
            outcomes[status] += count
            for code in reason_codes(reason or ""):
                reasons[code] += count
    return outcomes, reasons


def _of_step(connection: Connection, step_id: int) -> list[list[Any]]:
    first = select(outcome.c.status, outcome.c.reason).where(outcome.c.step_id == step_id).limit(SAMPLE).subquery()
    query = select(first.c.status, first.c.reason, func.count()).group_by(first.c.status, first.c.reason)
    return [list(row) for row in connection.execute(query)]


def _sorted(counts: Counter[str]) -> Counted:
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))

"""Counts of labels, outcomes and splits: of the first rows at once, and of all rows in the background.

A page must not wait for millions of rows. Where there are more than a page can count, it shows counts of the first
rows and says so, until a thread has counted all of them. Counts are valid until the database changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, func, literal, select
from sqlalchemy.sql.selectable import FromClause

from xprojdb.browse.background import Background
from xprojdb.browse.limits import TooSlow, limited
from xprojdb.browse.summaries.recipes import FinalStep, KnownRecipe, version_of
from xprojdb.db import Database, bulk
from xprojdb.db.tables import label, outcome, sentence, translation

#: bars of a histogram
BINS = 20
#: how many rows of a table a page counts
SAMPLE = 2_000
#: seconds before counting starts, so that the page that asked for it is answered first
_DELAY = 0.5
Counts = TypeVar("Counts")


class Scope(NamedTuple):
    """Where labels are, and where they come from: empty for labels of several sources."""

    corpus_id: int
    lang: str
    source: str

    @classmethod
    def of(cls, final: FinalStep) -> Scope:
        return cls(final.corpus_id, final.lang, final.source if final.receiving is not None else "")


@dataclass(slots=True)
class LabelCounts:
    """Labels by name, and how many have a score, or a margin, in each of BINS intervals from 0 to 1."""

    names: Counter[str] = field(default_factory=Counter)
    scores: list[int] = field(default_factory=lambda: [0] * BINS)
    margins: list[int] = field(default_factory=lambda: [0] * BINS)

    def add(self, name: str, score: int, margin: int, count: int) -> None:
        self.names[name] += count
        self.scores[_place(score)] += count
        self.margins[_place(margin)] += count


@dataclass(frozen=True, slots=True)
class StepCounts:
    """The labels and outcomes of a step.

    :param outcomes: by status and reason.
    :param sampled: only the first rows were counted, of more.
    """

    labels: dict[Scope, LabelCounts]
    outcomes: Counter[tuple[str, str | None]]
    sampled: bool


@dataclass(frozen=True, slots=True)
class SplitCounts:
    """Sentences by split."""

    names: Counter[str | None]
    sampled: bool


class Counted:
    """The counts of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._version = -1
        self._sampled: dict[str, StepCounts | SplitCounts] = {}
        self._exact: dict[str, StepCounts | SplitCounts] = {}
        self._lock = Lock()
        self.background = Background("counts")

    def step(self, connection: Connection, final: FinalStep) -> StepCounts:
        """The counts of a final step of a recipe."""
        return self._of(connection, f"step {final.id}", lambda limit: _read_step(connection, final, limit))

    def recipe(self, connection: Connection, recipe: KnownRecipe) -> list[tuple[FinalStep, StepCounts]]:
        """The counts of each final step of a recipe."""
        return [(final, self.step(connection, final)) for final in recipe.finals]

    def splits(self, connection: Connection) -> SplitCounts:
        """Sentences by split."""
        return self._of(connection, "splits", lambda limit: _read_splits(connection, limit))

    def _of(self, connection: Connection, name: str, read: Callable[[int | None], Counts]) -> Counts:
        version = version_of(connection)
        with self._lock:
            if version != self._version:
                self._version, self._sampled, self._exact = version, {}, {}
            known = self._exact.get(name) or self._sampled.get(name)
        if known is None:
            known = read(SAMPLE)  # type: ignore[assignment]
            with self._lock:
                self._sampled[name] = known  # type: ignore[assignment]
        return known  # type: ignore[return-value]

    def count_all(self, recipes: Iterable[KnownRecipe]) -> None:
        """Count all rows, without a time limit; stops early when the database changes, or when it is told to.

        :raises TooSlow: when it was stopped.
        """
        finals = {final.id: final for recipe in recipes for final in recipe.finals}
        readers: dict[str, Callable[[Connection, int | None], StepCounts | SplitCounts]] = {
            f"step {key}": _step_reader(final) for key, final in finals.items()
        }
        readers["splits"] = _read_splits
        for name, read in readers.items():
            with limited(self._database, float("inf"), self.background.stopped.is_set) as connection:
                version = version_of(connection)
                counts = read(connection, None)
            with self._lock:
                if version < self._version:
                    return
                if version > self._version:
                    self._version, self._sampled, self._exact = version, {}, {}
                self._exact[name] = counts

    def complete(self, recipes: Callable[[], Iterable[KnownRecipe]]) -> None:
        """Start counting all rows in the background, if only the first were counted."""
        with self._lock:
            missing = any(counts.sampled and name not in self._exact for name, counts in self._sampled.items())
        if missing:
            self.background.start(partial(self._complete, recipes))

    def _complete(self, recipes: Callable[[], Iterable[KnownRecipe]]) -> None:
        if self.background.stopped.wait(_DELAY):
            return
        with suppress(TooSlow):
            self.count_all(recipes())


def _step_reader(final: FinalStep) -> Callable[[Connection, int | None], StepCounts]:
    return lambda connection, limit: _read_step(connection, final, limit)


def _read_step(connection: Connection, final: FinalStep, limit: int | None) -> StepCounts:
    labels: dict[Scope, LabelCounts] = {}
    total = 0
    query = _labels(connection, final, limit)
    for corpus_id, lang, name, score, margin, source, count in bulk.fetch(connection, query):
        labels.setdefault(Scope(corpus_id, lang, source), LabelCounts()).add(name, score, margin, count)
        total += count
    own = _first(select(outcome.c.status, outcome.c.reason).where(outcome.c.step_id == final.id), limit)
    grouped = select(own.c.status, own.c.reason, func.count()).group_by(own.c.status, own.c.reason)
    outcomes = Counter({(status, reason): count for status, reason, count in bulk.fetch(connection, grouped)})
    sampled = limit is not None and (total >= limit or outcomes.total() >= limit)
    return StepCounts(labels, outcomes, sampled)


def _labels(connection: Connection, final: FinalStep, limit: int | None) -> Select[Any]:
    names = ("label", "score", "margin", "sentence_id", "translation_id")
    own = _first(select(*(label.c[name] for name in names)).where(label.c.step_id == final.id), limit)
    joined = own.join(sentence, sentence.c.id == own.c.sentence_id)
    bins = [bulk.floor(connection, own.c[name] * BINS) for name in ("score", "margin")]
    keys = (sentence.c.corpus_id, sentence.c.lang, own.c.label, *bins)
    if final.receiving is None:
        return _grouped(keys, literal("")).select_from(joined)
    # Other recipes may share this step for labels from other languages.
    source = translation.c.original_lang if final.receiving == "rendering" else translation.c.rendering_lang
    joined = joined.join(translation, translation.c.id == own.c.translation_id)
    return _grouped(keys, source).select_from(joined).group_by(source)


def _grouped(keys: Sequence[ColumnElement[Any]], source: ColumnElement[str]) -> Select[Any]:
    return select(*keys, source, func.count()).group_by(*keys)


def _read_splits(connection: Connection, limit: int | None) -> SplitCounts:
    own = _first(select(sentence.c.split).order_by(sentence.c.id), limit)
    query = select(own.c.split, func.count()).group_by(own.c.split)
    names: Counter[str | None] = Counter(dict(bulk.fetch(connection, query)))
    return SplitCounts(names, limit is not None and names.total() >= limit)


def _first(query: Select[Any], limit: int | None) -> FromClause:
    return query.limit(limit).subquery() if limit is not None else query.order_by(None).subquery()


def _place(value: int) -> int:
    return min(max(value, 0), BINS - 1)

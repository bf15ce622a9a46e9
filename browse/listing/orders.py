"""Sentences with the least certain labels first, found once until the database changes.

Where that takes longer than a page may take, a thread finds them, and the page says so.
"""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Lock, Thread

from sqlalchemy import Connection, func, select, union_all

from xprojdb.browse.limits import QUERY_SECONDS, TooSlow, limited
from xprojdb.browse.listing.conditions import from_sources, of_label, of_recipe, of_sentence
from xprojdb.browse.listing.filters import Filters
from xprojdb.browse.summaries.recipes import KnownRecipe, version_of
from xprojdb.db import Database, bulk
from xprojdb.db.tables import label, review, sentence, translation

#: seconds of processor time after which an order is found in the background
ORDER_SECONDS = 0.06
#: how many sentences an order contains
RANKED = 5_000
#: how many orders are remembered
_KEPT = 50
Key = tuple[Filters, int]


class Orders:
    """The orders of one database.

    :param patient: wait for an order, however long it takes.
    """

    def __init__(self, database: Database, *, patient: bool = False) -> None:
        self._database = database
        self._patient = patient
        self._known: dict[Key, list[int] | TooSlow] = {}
        self._threads: dict[Key, Thread] = {}
        self._lock = Lock()
        self._stopped = Event()

    def keys(self, filters: Filters, recipe: KnownRecipe) -> list[int] | None:
        """The keys of the sentences in their order; None: they are being found.

        :raises TooSlow: when it takes too long.
        """
        key = self._key(filters)
        with self._lock:
            if key in self._known:
                return _told(self._known[key])
            if key in self._threads:
                return None
        try:
            return self._find(key, recipe, float("inf") if self._patient else ORDER_SECONDS)
        except TooSlow:
            self._begin(key, recipe)
            return None

    def _key(self, filters: Filters) -> Key:
        with self._database.read() as connection:
            version = version_of(connection)
            if filters.reviewed:
                # Reviews do not count as changes of the data.
                version += connection.execute(select(func.max(review.c.id))).scalar() or 0
        return replace(filters, after=0), version

    def _find(self, key: Key, recipe: KnownRecipe, seconds: float) -> list[int]:
        with limited(self._database, seconds, self._stopped.is_set) as connection:
            ranked = _ranked(connection, key[0], recipe)
        self._remember(key, ranked)
        return ranked

    def _begin(self, key: Key, recipe: KnownRecipe) -> None:
        with self._lock:
            if key not in self._threads and not self._stopped.is_set():
                self._threads[key] = Thread(target=self._sort, args=(key, recipe), name="order", daemon=True)
                self._threads[key].start()

    def _sort(self, key: Key, recipe: KnownRecipe) -> None:
        try:
            self._find(key, recipe, QUERY_SECONDS)
        except TooSlow as error:
            self._remember(key, error)
        finally:
            with self._lock:
                del self._threads[key]

    def _remember(self, key: Key, ranked: list[int] | TooSlow) -> None:
        with self._lock:
            if len(self._known) >= _KEPT:
                self._known.clear()
            self._known[key] = ranked

    def stop(self) -> None:
        """Stop what is being found, and wait for it."""
        self._stopped.set()
        with self._lock:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()


def _told(known: list[int] | TooSlow) -> list[int]:
    if isinstance(known, TooSlow):
        raise known
    return known


def _ranked(connection: Connection, filters: Filters, recipe: KnownRecipe) -> list[int]:
    """The sentences with the least certain labels, least certain first.

    Sorts labels rather than sentences, which would have to be grouped first; those of each step apart, since an index
    has them by their margins.
    """
    measure = label.c.margin if filters.order == "margin" else label.c.score
    query = select(measure.label("measure"), label.c.sentence_id, label.c.translation_id).where(
        *of_label(label, filters, recipe)
    )
    others = [*of_sentence(filters, None), *of_recipe(replace(filters, label=""), recipe)]
    if others:
        query = query.join(sentence, sentence.c.id == label.c.sentence_id).where(*others)
    merged = union_all(*(query.where(label.c.step_id == step_id) for step_id in recipe.steps))
    rows = bulk.fetch(connection, merged.order_by("measure", "sentence_id").limit(4 * RANKED))
    if recipe.shared:
        own, keys = translation.c.id, sorted({link for _, _, link in rows})
        own_links = select(own).where(bulk.among(connection, own, keys), from_sources(recipe))
        links = {0, *(link for (link,) in bulk.fetch(connection, own_links))}
        rows = [row for row in rows if row[2] in links]
    return list(dict.fromkeys(key for _, key, _ in rows))[:RANKED]

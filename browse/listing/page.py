"""A page of sentences that match some filters.

In key order, windows of keys are searched until a page is full or its time is spent; then the page says how far it has
come and where to continue.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from xprojdb.browse.limits import Budget, limited
from xprojdb.browse.listing.conditions import of_recipe, of_sentence, through
from xprojdb.browse.listing.filters import PAGE, Filters
from xprojdb.browse.listing.orders import Orders
from xprojdb.browse.summaries.recipes import KnownRecipe
from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, entity, label, review, sentence
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.text.spans import Span
from xprojdb.text.words import phrase, spaces_before

#: keys searched by the first query
WINDOW = 2_000


@dataclass(frozen=True, slots=True)
class ListedSentence:
    """A sentence of a list.

    :param spans: the final labels of the recipe; without a recipe, or if there are none, the imported ones.
    :param imported: whether they are the imported ones.
    :param margin: the smallest margin of its labels; None without labels.
    :param reviewers: how many have finished it.
    """

    id: int
    name: str
    lang: str
    split: str | None
    words: list[str]
    spans: list[Span]
    imported: bool
    score: float | None
    margin: float | None
    reviewers: int


@dataclass(frozen=True, slots=True)
class ListPage:
    """A page of a list.

    :param after: where the next page starts; None: this is the last.
    :param unfinished: time ran out before the page was full; there may be more after ``after``.
    :param looked_to: the last key searched, and the highest key.
    :param sorting: the order is being found in the background.
    """

    sentences: list[ListedSentence]
    after: int | None
    unfinished: bool = False
    looked_to: tuple[int, int] = (0, 0)
    sorting: bool = False


class Listing:
    """The lists of one database.

    :param patient: wait for an order, however long it takes.
    """

    def __init__(self, database: Database, *, patient: bool = False) -> None:
        self._database = database
        self._orders = Orders(database, patient=patient)

    def page(self, filters: Filters, recipe: KnownRecipe | None, size: int = PAGE) -> ListPage:
        """The page of a list that starts at ``filters.after``.

        :raises TooSlow: when it takes too long.
        """
        ordered = filters.order != "id" and recipe is not None
        keys = self._orders.keys(filters, recipe) if ordered and recipe is not None else ()
        if keys is None:
            return ListPage([], None, sorting=True)
        with limited(self._database) as connection:
            if not ordered:
                return _by_key(connection, filters, recipe, size)
            end = filters.after + size
            shown = read_listed(connection, keys[filters.after : end], recipe)
            return ListPage(shown, end if end < len(keys) else None)

    def stop(self) -> None:
        """Stop what is being sorted in the background."""
        self._orders.stop()


def _by_key(connection: Connection, filters: Filters, recipe: KnownRecipe | None, size: int) -> ListPage:
    budget, last = Budget(connection), connection.execute(select(func.max(sentence.c.id))).scalar() or 0
    conditions = [*of_sentence(filters, recipe), *(of_recipe(filters, recipe) if recipe else ())]
    keys: list[int] = []
    cursor, window = filters.after, WINDOW
    while cursor < last and len(keys) <= size and not (budget.spent and (keys or cursor > filters.after)):
        query = select(sentence.c.id).where(sentence.c.id > cursor, sentence.c.id <= cursor + window, *conditions)
        keys += connection.execute(query.order_by(sentence.c.id).limit(size + 1 - len(keys))).scalars()
        cursor, window = cursor + window, budget.resized(window)
    shown = read_listed(connection, keys[:size], recipe)
    if len(keys) > size:
        return ListPage(shown, keys[size - 1])
    return ListPage(shown, cursor if cursor < last else None, cursor < last, (min(cursor, last), last))


def read_listed(connection: Connection, keys: Sequence[int], recipe: KnownRecipe | None) -> list[ListedSentence]:
    """Sentences by their keys, in this order, with their labels."""
    columns = (sentence.c.id, corpus.c.name, sentence.c.lang, sentence.c.external_id, sentence.c.split)
    query = select(*columns, sentence.c.words).join(corpus, corpus.c.id == sentence.c.corpus_id)
    rows = {row[0]: row for row in bulk.fetch(connection, query.where(bulk.among(connection, sentence.c.id, keys)))}
    labels = _labels(connection, keys, recipe)
    gold = _imported(connection, [key for key in keys if key not in labels])
    finished = _finished(connection, keys)
    listed = []
    for key in keys:
        _, called, lang, external_id, split, words = rows[key]
        name = str(key) if external_id is None else f"{called}/{lang}/{external_id}"
        own = labels.get(key, [])
        spans = sorted({span for span, _, _ in own}) or gold.get(key, [])
        score = min((value for _, value, _ in own), default=None)
        margin = min((value for _, _, value in own), default=None)
        values = (name, lang, split, json.loads(words), spans, not own, score, margin, finished.get(key, 0))
        listed.append(ListedSentence(key, *values))
    return listed


def _labels(
    connection: Connection, keys: Sequence[int], recipe: KnownRecipe | None
) -> dict[int, list[tuple[Span, float, float]]]:
    if recipe is None:
        return {}
    names = ("sentence_id", "start_word", "end_word", "label", "score", "margin")
    query = select(*(label.c[name] for name in names)).where(label.c.step_id.in_(recipe.steps), *through(recipe))
    labels: dict[int, list[tuple[Span, float, float]]] = {}
    for key, *span, score, margin in bulk.fetch(
        connection, query.where(bulk.among(connection, label.c.sentence_id, keys))
    ):
        labels.setdefault(key, []).append((Span(*span), score, margin))
    return labels


def _imported(connection: Connection, keys: Sequence[int]) -> dict[int, list[Span]]:
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    query = select(*columns).where(entity.c.step_id == find_step(connection, GOLD)).order_by(entity.c.ordinal)
    spans: dict[int, list[Span]] = {}
    for key, *span in bulk.fetch(connection, query.where(bulk.among(connection, entity.c.sentence_id, keys))):
        spans.setdefault(key, []).append(Span(*span))
    return spans


def _finished(connection: Connection, keys: Sequence[int]) -> dict[int, int]:
    """How many reviewers have finished each of the sentences."""
    query = select(review.c.sentence_id, func.count(review.c.reviewer.distinct()))
    query = query.where(review.c.action == "sentence-done", bulk.among(connection, review.c.sentence_id, keys))
    return dict(bulk.fetch(connection, query.group_by(review.c.sentence_id)))


def runs_of(words: Sequence[str], spans: Sequence[Span], lang: str) -> Iterator[tuple[str, str, str | None]]:
    """A sentence in pieces: the space before each, its words as the language writes them, and its label.

    Spans that overlap an earlier one are only shown on the page of the sentence.
    """
    spaces = spaces_before(words, lang)
    at = 0
    for span in sorted(spans):
        if span.start < at:
            continue
        if span.start > at:
            yield spaces[at], phrase(words[at : span.start], lang), None
        yield spaces[span.start], phrase(words[span.start : span.end], lang), span.label
        at = span.end
    if at < len(words):
        yield spaces[at], phrase(words[at:], lang), None

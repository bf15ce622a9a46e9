"""Read the inputs of matching as arrays: entities, links, sentence lengths."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from itertools import chain, compress
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection, Select, select

from xprojdb.arrays import Flags, Floats, Ints, Longs
from xprojdb.db import bulk
from xprojdb.db.tables import alignment, entity, sentence, translation
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.pharaoh.links import links_from_pharaoh, scored_links_from_pharaoh
from xprojdb.steps.stage import Side, other, sentence_key
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span

#: rows to transpose into columns at a time
_ROWS = 1_000


class LabelledSpans(NamedTuple):
    """The E entities of a batch of translations, in the order (translation, ordinal).

    :param item: (E,) key of the translation.
    :param sentence: (E,) key of the sentence on the unlabelled side.
    :param ordinal: (E,) ordinal of the entity in its sentence.
    :param start: (E,) first word.
    :param end: (E,) one past the last word.
    :param label: the labels, after mapping.
    """

    item: Longs
    sentence: Longs
    ordinal: Longs
    start: Longs
    end: Longs
    label: list[str]


def read_entities(
    connection: Connection, step_id: int, items: Sequence[int], labelled: Side, mapping: LabelMapping | None
) -> LabelledSpans:
    """Read the entities that a step put on the labelled side, without those whose label the mapping drops.

    :param items: keys of translations, ascending.
    """
    sentences = select(translation.c.id, sentence_key(labelled), sentence_key(other(labelled)))
    sentences = sentences.where(within(connection, translation.c.id, items)).order_by(translation.c.id)
    item, own, across = map(longs, read_columns(connection, sentences, 3))
    # On its own this is one range scan; joined to the translations, it would be a lookup for each of them.
    query = (
        select(entity.c.sentence_id, entity.c.ordinal, entity.c.start_word, entity.c.end_word, entity.c.label)
        .where(entity.c.step_id == step_id, within(connection, entity.c.sentence_id, np.unique(own).tolist()))
        .order_by(entity.c.sentence_id, entity.c.ordinal)
    )
    *numbers, labels = read_columns(connection, query, 5)
    sentence_id, ordinal, start, end = map(longs, numbers)
    whose, rows = _joined(own, sentence_id)
    picked = [labels[row] for row in rows.tolist()]
    spans = LabelledSpans(item[whose], across[whose], ordinal[rows], start[rows], end[rows], picked)
    return spans if mapping is None else _mapped(spans, mapping)


def _joined(keys: Longs, rows: Longs) -> tuple[Longs, Longs]:
    """Join keys with their rows, in the order of the keys.

    :param keys: (N,) in any order, with repetitions.
    :param rows: (R,) the key of each row, ascending.
    :returns: (J,) indices of keys and (J,) indices of rows.
    """
    first, last = np.searchsorted(rows, keys), np.searchsorted(rows, keys, "right")
    counts = last - first
    whose = np.repeat(np.arange(len(keys)), counts)
    within_key = np.arange(len(whose)) - np.repeat(np.cumsum(counts) - counts, counts)
    return whose, first[whose] + within_key


def _selected(spans: LabelledSpans, mask: Flags) -> LabelledSpans:
    item, across, ordinal, start, end = (column[mask] for column in spans[:5])
    return LabelledSpans(item, across, ordinal, start, end, list(compress(spans.label, mask.tolist())))


def _mapped(spans: LabelledSpans, mapping: LabelMapping) -> LabelledSpans:
    becomes = {label: mapping.apply([Span(0, 1, label)]) for label in set(spans.label)}
    spans = _selected(spans, np.array([bool(becomes[label]) for label in spans.label], np.bool_))
    return spans._replace(label=[becomes[label][0].label for label in spans.label])


def read_pairs(
    connection: Connection, step_id: int, items: Sequence[int], entities: LabelledSpans, labelled: Side
) -> tuple[Longs, PairBatch]:
    """Read the aligned translations that have entities, as a batch for the matcher.

    :param step_id: the alignment step.
    :param items: keys of translations, ascending.
    :param entities: their entities.
    :returns: (N,) keys of the translations, and the batch, whose entity ordinals count ``entities``.
    """
    source, target = sentence.alias("source"), sentence.alias("target")
    query = (
        select(translation.c.id, source.c.n_words, target.c.n_words, alignment.c.links)
        .join(source, source.c.id == sentence_key(labelled))
        .join(target, target.c.id == sentence_key(other(labelled)))
        .join(
            alignment,
            (alignment.c.step_id == step_id) & (alignment.c.translation_id == translation.c.id),
            isouter=True,
        )
        .where(within(connection, translation.c.id, items))
        .order_by(translation.c.id)
    )
    item, source_words, target_words, texts = read_columns(connection, query, 4)
    with_entities = np.flatnonzero(np.isin(longs(item), entities.item))
    keys = longs(item)[with_entities]
    link_ptr, left, right, scores = parse_links([texts[row] or "" for row in with_entities.tolist()])
    if labelled == "rendering":
        left, right = right, left
    begin, until = entities.start.astype(np.int32), entities.end.astype(np.int32)
    n, m = (longs(column)[with_entities].astype(np.int32) for column in (source_words, target_words))
    return keys, PairBatch(n, m, runs(entities.item, keys), begin, until, link_ptr, left, right, scores)


def read_side_words(connection: Connection, items: Sequence[int], side: Side) -> list[list[str]]:
    """Read the words on one side of translations.

    :param items: keys of translations, ascending.
    """
    query = (
        select(sentence.c.words)
        .join(translation, sentence.c.id == sentence_key(side))
        .where(within(connection, translation.c.id, items))
        .order_by(translation.c.id)
    )
    return [json.loads(words) for (words,) in bulk.fetch(connection, query)]


def read_keys(connection: Connection, items: Sequence[int], column: ColumnElement[int]) -> list[int]:
    """Read a column of some translations.

    :param items: keys of translations, ascending.
    """
    query = select(column).where(within(connection, translation.c.id, items)).order_by(translation.c.id)
    return [value for (value,) in bulk.fetch(connection, query)]


def parse_links(
    texts: Sequence[str],
) -> tuple[Longs, Ints, Ints, npt.NDArray[np.float32] | None]:
    """Parse stored links. A batch has scores on every link, or on none if the aligner gave none."""
    # If there are no links at all, none of them lacks a score.
    if any(":" in text for text in texts) or not any(texts):
        return scored_links_from_pharaoh(texts)
    return (*links_from_pharaoh(texts), None)


def within(connection: Connection, column: ColumnElement[int], items: Sequence[int]) -> ColumnElement[bool]:
    """``column IN items``, or a range if the keys have no gaps, which databases read several times faster.

    :param items: distinct keys, ascending.
    """
    if len(items) and items[-1] - items[0] == len(items) - 1:
        return column.between(items[0], items[-1])
    return bulk.among(connection, column, items)


def read_columns(connection: Connection, query: Select[Any], width: int) -> list[list[Any]]:
    """Read the rows of a query as columns.

    Rows are transposed in small blocks that fit the processor's cache; a large list of them would also trigger Python's
    garbage collector again and again.
    """
    columns: list[list[Any]] = [[] for _ in range(width)]
    with closing(connection.execute(query)) as result:
        while rows := result.cursor.fetchmany(_ROWS):
            for column, chunk in zip(columns, zip(*rows, strict=True), strict=True):
                column += chunk
    return columns


def read_numbers(connection: Connection, query: Select[Any], width: int) -> Floats:
    """Read the columns of a query that returns only numbers, with keys below 2**53: (width, rows)."""
    with closing(connection.execute(query)) as result:
        cursor: Any = result.cursor
        values = np.fromiter(chain.from_iterable(cursor), np.float64)
    return values.reshape(-1, width).T


def longs(values: Sequence[int]) -> Longs:
    """Convert integers to an array."""
    return np.fromiter(values, np.int64, len(values))


def runs(rows: Longs, keys: Longs) -> Longs:
    """Find where each key's run of rows starts: (N+1,) offsets.

    :param rows: the key of each row, ascending; each is one of ``keys``.
    :param keys: (N,) ascending.
    """
    return np.append(np.searchsorted(rows, keys), len(rows))

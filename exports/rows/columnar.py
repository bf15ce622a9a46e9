"""Finished sentences in blocks of columns, without an object for each: what makes an export fast.

Blocks hold what ``projected_labels`` gives row by row, for labels that are exported as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, Select, select

from xprojdb.config.tables.export import ExportTable
from xprojdb.db import bulk
from xprojdb.db.tables import corpus, label, sentence
from xprojdb.exports.errors import ExportError
from xprojdb.exports.gold.labels import Annotation, Exported, GoldLabels, GoldStep
from xprojdb.exports.gold.reading import read_gold_columns
from xprojdb.exports.rows.projected_labels import finished, imported_split
from xprojdb.planning.labellings import Consensus, Projection
from xprojdb.steps.inputs import longs, read_columns, within
from xprojdb.steps.stage import sentence_key

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
_BLOCK = 10_000
#: a range of keys is read faster than keys one by one, up to so many times more of them
_DENSE = 1.3


def is_columnar(labelling: Exported, table: ExportTable) -> bool:
    """Whether the labels of a sentence are exported as they are, and come from one source or none is told."""
    told = isinstance(labelling, Projection) or table.provenance == "none"
    return told and not table.labels and table.on_low_score == "sentence"


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """The labels of a block, L in all, by sentence and in the order of their ordinals.

    Columns that were not asked for are empty.

    :param row: (L,) the place of the sentence in its block.
    :param start: (L,) first word.
    :param end: (L,) one past the last word.
    :param number: (L,) the place of the type among the labels asked for; -1: another one.
    :param score: (L,) no number for a gold label.
    :param margin: (L,) no number for a gold label.
    """

    row: Longs
    start: Longs
    end: Longs
    number: Longs
    score: Floats
    margin: Floats

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All of them, in this order."""
        return (self.row, self.start, self.end, self.number, self.score, self.margin)


@dataclass(frozen=True)
class Block:
    """Sentences of one labelling, N of them, in the order of import.

    :param corpus: its name.
    :param names: the types of label, in the order that numbers them.
    :param items: (N,) keys of the outcomes.
    :param keys: (N,) keys of the sentences.
    :param told: the ids of the sentences inside their corpus.
    :param sources: the ids of those that the labels come from; empty where provenance is not asked for.
    :param words: the stored words, as JSON.
    :param texts: the texts that they were split from, where these are stored.
    :param offsets: where the words begin in them, as JSON.
    :param annotations: (N,) who labelled each sentence.
    """

    labelling: Exported
    corpus: str
    names: Sequence[str]
    items: Longs
    keys: Longs
    told: Sequence[str]
    sources: Sequence[str]
    words: Sequence[str]
    texts: Sequence[str | None]
    offsets: Sequence[str | None]
    labels: LabelColumns
    annotations: Sequence[Annotation]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def ids(self) -> list[str]:
        """What ``xprojdb explain`` takes: ``CORPUS/LANG/ID``."""
        whole = f"{self.corpus}/{self.labelling.target}/"
        return [f"{whole}{told}" for told in self.told]

    @property
    def source_ids(self) -> list[str]:
        """The sentences that the labels come from."""
        whole = f"{self.corpus}/{self.labelling.source}/"
        return [f"{whole}{told}" for told in self.sources]

    @cached_property
    def bounds(self) -> Longs:
        """(N+1,) where the labels of each sentence begin."""
        return np.searchsorted(self.labels.row, np.arange(len(self) + 1))

    def tags(self, offsets: Longs) -> Longs:
        """The numbers of the IOB2 tags of all words, one sentence after the other: 0 is O, 1 is B- of the first label.

        :param offsets: (N+1,) where the words of each sentence begin.
        :raises ExportError: when labels of a sentence overlap, leave it, or are not in the order of their words; the
            field ``id`` names it.
        """
        found = self.labels
        begin, length = offsets[found.row] + found.start, found.end - found.start
        wrong = (length < 1) | (found.start < 0) | (offsets[found.row] + found.end > offsets[found.row + 1])
        wrong[1:] |= begin[1:] < (begin + length)[:-1]
        if wrong.any():
            raise self._mislabelled(int(found.row[np.flatnonzero(wrong)[0]]))
        inside = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
        tags = np.zeros(int(offsets[-1]), dtype=np.int64)
        tags[inside] = np.repeat(2 * found.number + 2, length)
        tags[begin] = 2 * found.number + 1
        return tags

    def _mislabelled(self, row: int) -> ExportError:
        name = self.ids[row]
        hint = "the table label was changed by hand: run the recipe on a fresh copy"
        return ExportError(f"labels of the sentence {name} overlap or leave it", hint=hint, id=name)


def read_blocks(
    connection: Connection,
    labelling: Exported,
    names: Sequence[str],
    split: str | None = None,
    items: Longs | None = None,
    *,
    sources: bool = True,
    scores: bool = True,
    texts: bool = True,
    preferred: GoldStep | None = None,
) -> Iterator[Block]:
    """The finished sentences in blocks, in the order of import.

    :param names: the types of label, in the order that numbers them.
    :param split: only this one, as imported.
    :param items: (N,) only these, ascending.
    :param sources: read the sentences that the labels come from, which are those of one source.
    :param scores: read scores and margins.
    :param texts: read the texts that words were split from.
    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    """
    target, query = finished(labelling)
    columns = [target.c.id, target.c.external_id, target.c.words]
    if texts:
        columns += [target.c.text, target.c.offsets]
    if sources:
        source = sentence.alias("source")
        query = query.join(source, source.c.id == sentence_key(_side(labelling)))
        columns.append(source.c.external_id)
    if split is not None:
        query = query.where(imported_split(target) == split)
    name = corpus_name(connection, labelling)
    for first, keys, told, words, *rest in walk(connection, labelling, query, columns, items):
        keys, count = longs(keys), len(first)
        raw, offsets = (rest[0], rest[1]) if texts else ([None] * count, [None] * count)
        labels = read_labels(connection, labelling, names, first, keys, LABEL if scores else LABEL[:3])
        labels, annotations = with_gold(connection, labelling, names, keys, labels, preferred)
        source_ids = rest[-1] if sources else ()
        yield Block(labelling, name, names, first, keys, told, source_ids, words, raw, offsets, labels, annotations)


def corpus_name(connection: Connection, labelling: Exported) -> str:
    """The corpus of a labelling's sentences."""
    query = select(corpus.c.name).where(corpus.c.id == labelling.corpus_id)
    return str(connection.execute(query).scalar_one())


def _side(labelling: Exported) -> Any:
    assert isinstance(labelling, Projection)
    return labelling.labelled


def walk(
    connection: Connection, labelling: Exported, query: Select[Any], columns: Sequence[Any], items: Longs | None = None
) -> Iterator[list[Any]]:
    """The rows of a query in blocks, by ascending items: the items of each block as an array, then its columns.

    :param query: as :func:`xprojdb.exports.rows.projected_labels.finished` gives it.
    :param columns: what to read.
    :param items: (N,) only these, ascending.
    """
    item = labelling.covered().item
    query, width = query.with_only_columns(item, *columns), 1 + len(columns)
    if items is not None:
        for place in range(0, len(items), _BLOCK):
            part = query.where(within(connection, item, items[place : place + _BLOCK].tolist()))
            yield from _in_order(read_columns(connection, part, width))
        return
    cursor, query = 0, query.order_by(item).limit(_BLOCK)
    while (found := read_columns(connection, query.where(item > cursor), width))[0]:
        cursor = found[0][-1]
        yield [longs(found[0]), *found[1:]]


def _in_order(found: list[list[Any]]) -> Iterator[list[Any]]:
    """Rows that were asked for by key, by ascending keys, if there are any.

    A database that looks keys up one after the other gives them so; asked for an order, it would sort wide rows.
    """
    items = longs(found[0])
    if np.any(items[1:] < items[:-1]):
        order = np.argsort(items)
        items, found = items[order], [[column[place] for place in order.tolist()] for column in found]
    if len(items):
        yield [items, *found[1:]]


#: what there is to read of a label
LABEL = ("start_word", "end_word", "label", "score", "margin")


def read_labels(
    connection: Connection,
    labelling: Exported,
    names: Sequence[str],
    items: Longs,
    keys: Longs,
    wanted: Sequence[str] = LABEL,
) -> LabelColumns:
    """The projected labels of some sentences; there are none of a labelling by people.

    :param names: the types of label, in the order that numbers them.
    :param items: (N,) ascending.
    :param keys: (N,) of the sentences.
    :param wanted: which of :data:`LABEL` to read; the other columns are empty.
    """
    if isinstance(labelling, GoldLabels):
        no, none = np.empty(0, np.int64), np.empty(0)
        return LabelColumns(no, no, no, no, none, none)
    combined, own = isinstance(labelling, Consensus), label.c.sentence_id
    # A label of several sources comes through no translation: its item is the sentence.
    item = own if combined else label.c.translation_id
    query = select(item, *(label.c[name] for name in wanted)).where(label.c.step_id == labelling.step.step_id)
    query = query.where(_among(connection, own, keys)).order_by(own, label.c.translation_id, label.c.ordinal)
    links, *values = read_columns(connection, query, 1 + len(wanted))
    link, read = longs(links), dict(zip(wanted, values, strict=True))
    place = np.minimum(np.searchsorted(items, link), len(items) - 1)
    mine = np.flatnonzero(items[place] == link)
    mine = mine[np.argsort(place[mine], kind="stable")]
    numbers = {name: number for number, name in enumerate(names)}
    if "label" in read:
        read["label"] = list(map(numbers.get, read["label"], repeat(-1)))
    start, end, number = (_column(read.get(name), np.int64, mine) for name in LABEL[:3])
    score, margin = (_column(read.get(name), np.float64, mine) for name in LABEL[3:])
    return LabelColumns(place[mine], start, end, number, score, margin)


def with_gold(
    connection: Connection,
    labelling: Exported,
    names: Sequence[str],
    keys: Longs,
    labels: LabelColumns,
    preferred: GoldStep | None,
) -> tuple[LabelColumns, Sequence[Annotation]]:
    """Labels with gold ones in place of others, on the sentences that have some; and who labelled each sentence.

    :param keys: (N,) of the sentences, each once.
    """
    step = labelling.step if isinstance(labelling, GoldLabels) else preferred
    if step is None:
        return labels, ["projected"] * len(keys)
    found = read_gold_columns(connection, step, keys, labelling.mapping)
    corrected = np.isin(keys, found.done)
    kept = np.flatnonzero(~corrected[labels.row])
    order = np.argsort(keys)
    row = order[np.searchsorted(keys, found.key, sorter=order)]
    numbers = {name: number for number, name in enumerate(names)}
    number = longs([numbers.get(name, -1) for name in found.label])
    none = np.full(len(row), np.nan)
    # A column that was not asked for stays empty.
    both = [
        np.concatenate([old[kept] if len(old) else old, new]) if len(old) or not len(kept) else old
        for old, new in zip(labels.columns, (row, found.start, found.end, number, none, none), strict=True)
    ]
    place = np.argsort(both[0], kind="stable")
    row, start, end, number, score, margin = (column[place] if len(column) else column for column in both)
    merged = LabelColumns(row, start, end, number, score, margin)
    annotations = np.where(corrected, step.annotation, "projected").tolist()
    return merged, annotations


def _column(values: Sequence[Any] | None, kind: type[Any], mine: Longs) -> NDArray[Any]:
    return np.empty(0, kind) if values is None else np.array(values, dtype=kind)[mine]


def _among(connection: Connection, column: Any, keys: Longs) -> Any:
    first, last = int(keys.min()), int(keys.max())
    if last - first < _DENSE * len(keys):
        return column.between(first, last)
    return bulk.among(connection, column, np.sort(keys).tolist())

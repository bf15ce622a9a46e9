"""Sentences straight into Arrow columns, without an object for each: what makes a plain export fast.

It gives the columns that :mod:`xprojdb.exports.projected` and :mod:`xprojdb.exports.columns` give row by row, for
labels of one source that are all exported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, label, sentence
from xprojdb.engine.export_table import ExportTable
from xprojdb.exports.columns import chain_of
from xprojdb.exports.cutting.tiers import steps_of
from xprojdb.exports.errors import ExportError
from xprojdb.exports.projected import DEFAULT_SPLIT, finished
from xprojdb.extras import require
from xprojdb.steps.projection import Labelling, Projection
from xprojdb.steps.stage import sentence_key

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]
_BLOCK = 20_000


def is_columnar(labelling: Labelling, table: ExportTable) -> bool:
    """Whether the labels of a sentence are exported as they are, and come from one source."""
    return isinstance(labelling, Projection) and not table.labels and table.below == "sentence"


def read_columns(
    connection: Connection,
    labelling: Projection,
    table: ExportTable,
    labels: Sequence[str],
    split: str | None = None,
    items: Longs | None = None,
) -> Iterator[Mapping[str, Any]]:
    """The finished sentences in blocks of columns, in the order of import.

    :param labels: in the order that numbers the tags.
    :param split: only this one, as imported.
    :param items: (N,) only these, ascending.
    :raises ExportError: when labels of a sentence overlap or leave it; the field ``id`` names it.
    """
    for rows in _blocks(connection, labelling, split, items):
        yield _Block(connection, labelling, table, labels, rows).columns()


def _blocks(
    connection: Connection, labelling: Projection, split: str | None, items: Longs | None
) -> Iterator[list[tuple[Any, ...]]]:
    target, query = finished(labelling)
    item, source = labelling.covered().item, sentence.alias("source")
    columns = (target.c.id, corpus.c.name, target.c.external_id, source.c.external_id, target.c.words)
    query = query.with_only_columns(item, *columns)
    query = query.join(corpus, corpus.c.id == target.c.corpus_id)
    query = query.join(source, source.c.id == sentence_key(labelling.labelled)).order_by(item).limit(_BLOCK)
    if split is not None:
        query = query.where(func.coalesce(target.c.split, DEFAULT_SPLIT) == split)
    cursor = 0
    while items is None or cursor < len(items):
        rows = bulk.fetch(connection, query.where(item > cursor if items is None else item >= int(items[cursor])))
        if not rows:
            return
        if items is None:
            cursor = rows[-1][0]
        else:
            wanted = np.isin([row[0] for row in rows], items, assume_unique=True).tolist()
            cursor = int(np.searchsorted(items, rows[-1][0], side="right"))
            rows = [row for row, keep in zip(rows, wanted, strict=True) if keep]
        if rows:
            yield rows


@dataclass
class _Labels:
    """The labels of a block: the place of their sentence, which ascends, and what they are."""

    row: Longs
    start: Longs
    end: Longs
    number: Longs
    score: Floats
    margin: Floats


class _Block:
    def __init__(
        self,
        connection: Connection,
        labelling: Projection,
        table: ExportTable,
        labels: Sequence[str],
        rows: list[tuple[Any, ...]],
    ) -> None:
        self.labelling = labelling
        self.table = table
        items, keys, *told = zip(*rows, strict=True)
        self.items = np.array(items, dtype=np.int64)
        self.keys = np.array(keys, dtype=np.int64)
        self.corpora, self.names, self.sources, words = told
        self.words = _word_lists(words)
        self.labels = self._read_labels(connection, {name: number for number, name in enumerate(labels)})
        self.bounds = np.searchsorted(self.labels.row, np.arange(len(rows) + 1))

    def columns(self) -> dict[str, Any]:
        """All columns of the export, by name."""
        table, lang = self.table, self.labelling.target
        columns = {
            "id": [f"{name}/{lang}/{told}" for name, told in zip(self.corpora, self.names, strict=True)],
            "tokens": self.words,
            "ner_tags": self._tags(),
            "lang": self._same(lang),
        }
        if table.provenance != "none":
            source = self.labelling.source
            columns |= {
                "source": [f"{name}/{source}/{told}" for name, told in zip(self.corpora, self.sources, strict=True)],
                "scores": self._lists(self.labels.score),
                "margins": self._lists(self.labels.margin),
                "step": self._same(self.labelling.step.spec.digest),
            }
        if table.tiers:
            columns["tier"] = self._tiers()
        if table.provenance == "full":
            steps = [f"{spec.kind}:{spec.digest}" for spec in chain_of(self.labelling)]
            columns |= {"source_langs": [[source]] * len(self.items), "steps": [steps] * len(self.items)}
            columns |= {"sentence_id": self.keys, "translation_id": self.items}
        return columns

    def _read_labels(self, connection: Connection, numbers: Mapping[str, int]) -> _Labels:
        first, last = int(self.keys.min()), int(self.keys.max())
        # Sentences of one file have keys in a row: a range is read faster than what is named one by one.
        dense = last - first < 4 * len(self.keys)
        own = label.c.sentence_id
        within = own.between(first, last) if dense else bulk.among(connection, own, self.keys.tolist())
        values = (label.c.start_word, label.c.end_word, label.c.label, label.c.score, label.c.margin)
        query = select(label.c.translation_id, *values).where(label.c.step_id == self.labelling.step.step_id, within)
        rows = bulk.fetch(connection, query.order_by(own, label.c.translation_id, label.c.ordinal))
        links, start, end, names, score, margin = zip(*rows, strict=True) if rows else ((),) * 6
        link = np.array(links, dtype=np.int64)
        place = np.minimum(np.searchsorted(self.items, link), len(self.items) - 1)
        mine = np.flatnonzero(self.items[place] == link)
        mine = mine[np.argsort(place[mine], kind="stable")]
        number = np.array([numbers.get(name, -1) for name in names], dtype=np.int64)[mine]
        starts, ends = (np.array(column, dtype=np.int64)[mine] for column in (start, end))
        sure, ahead = (np.array(column, dtype=np.float64)[mine] for column in (score, margin))
        return _Labels(place[mine], starts, ends, number, sure, ahead)

    def _tags(self) -> Any:
        """The numbers of the IOB2 tags of all words, as lists."""
        found = self.labels
        offsets = self.words.offsets.to_numpy().astype(np.int64)
        begin, length = offsets[found.row] + found.start, found.end - found.start
        inside = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
        wrong = (length < 1) | (found.start < 0) | (offsets[found.row] + found.end > offsets[found.row + 1])
        if wrong.any() or np.any(np.diff(inside) < 1):
            raise self._overlapping(wrong, begin, length)
        tags = np.zeros(int(offsets[-1]), dtype=np.int64)
        tags[inside] = np.repeat(2 * found.number + 2, length)
        tags[begin] = 2 * found.number + 1
        return require("pyarrow", "export").ListArray.from_arrays(self.words.offsets, tags)

    def _overlapping(self, wrong: NDArray[np.bool_], begin: Longs, length: Longs) -> ExportError:
        wrong = wrong.copy()
        wrong[1:] |= begin[1:] < (begin + length)[:-1]
        row = int(self.labels.row[np.flatnonzero(wrong)[0]])
        name = f"{self.corpora[row]}/{self.labelling.target}/{self.names[row]}"
        hint = "the table label was changed by hand: run the recipe on a fresh copy"
        return ExportError(f"labels of the sentence {name} overlap or leave it", hint=hint, id=name)

    def _lists(self, values: Floats) -> Any:
        return require("pyarrow", "export").ListArray.from_arrays(self.bounds.astype(np.int32), values)

    def _same(self, text: str) -> Any:
        return require("pyarrow", "export").repeat(text, len(self.items))

    def _tiers(self) -> list[str | None]:
        measure = self.labels.margin if self.table.tier_by == "margin" else self.labels.score
        labelled = np.flatnonzero(np.diff(self.bounds) > 0)
        least = np.full(len(self.items), -np.inf)
        if len(labelled):
            least[labelled] = np.minimum.reduceat(measure, self.bounds[labelled])
        tier = np.full(len(self.items), -1)
        names = steps_of(self.table)
        for number, (_, threshold) in reversed(list(enumerate(names))):
            tier[least >= threshold] = number
        return [names[number][0] if number >= 0 else None for number in tier.tolist()]


def _word_lists(words: Sequence[str]) -> Any:
    """Stored words as an Arrow array of lists, parsed without making a string of each."""
    pa, reader = require("pyarrow", "export"), require("pyarrow.json", "export")
    text = ('{"w":' + '}\n{"w":'.join(words) + "}").encode()
    schema = pa.schema([("w", pa.list_(pa.string()))])
    parsed = reader.read_json(
        pa.BufferReader(text),
        read_options=reader.ReadOptions(use_threads=False, block_size=len(text) + 1),
        parse_options=reader.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
    )
    return parsed["w"].combine_chunks()

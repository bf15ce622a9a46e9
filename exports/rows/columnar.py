"""Finished sentences in blocks of columns, without an object per sentence, which is what makes exports fast.

Blocks contain what ``projected_labels`` reads row by row, for labels that are exported as they are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, case, literal, select

from xprojdb.arrays import Floats, Longs
from xprojdb.config.tables.export import ExportTable
from xprojdb.db.tables import corpus, label, sentence
from xprojdb.exports.errors import ExportError
from xprojdb.exports.gold.labels import Annotation, Exported, GoldLabels, GoldStep
from xprojdb.exports.gold.reading import read_gold_columns
from xprojdb.exports.rows.annotations import ANNOTATIONS, made_by
from xprojdb.exports.rows.arrow_reading import read_numbers
from xprojdb.exports.rows.projected_labels import finished, imported_split
from xprojdb.exports.rows.walking import around, walk
from xprojdb.extras import require
from xprojdb.planning.labellings import Consensus, Projection
from xprojdb.steps.inputs import longs
from xprojdb.steps.stage import sentence_key


def is_columnar(labelling: Exported, table: ExportTable) -> bool:
    """Whether the labels of a sentence are exported unchanged, and come from one source or without provenance."""
    has_one_source = isinstance(labelling, Projection) or table.provenance == "none"
    return has_one_source and not table.labels and table.on_low_score == "sentence" and not table.asks_probability


@dataclass(frozen=True, slots=True)
class LabelColumns:
    """The labels of a block, L in all, by sentence and ordinal.

    Columns that were not requested are empty.

    :param row: (L,) the index of the sentence in its block.
    :param start: (L,) first word.
    :param end: (L,) one past the last word.
    :param number: (L,) index of the label type among the requested ones; -1 for any other.
    :param score: (L,) NaN for a gold label.
    :param margin: (L,) NaN for a gold label.
    :param annotation: (L,) who made it, as an index of :data:`xprojdb.exports.rows.annotations.ANNOTATIONS`.
    """

    row: Longs
    start: Longs
    end: Longs
    number: Longs
    score: Floats
    margin: Floats
    annotation: Longs

    @property
    def columns(self) -> tuple[NDArray[Any], ...]:
        """All columns, in the order of the fields."""
        return (self.row, self.start, self.end, self.number, self.score, self.margin, self.annotation)


@dataclass(frozen=True)
class Block:
    """N sentences of one labelling, in import order.

    :param corpus: its name.
    :param names: the label types, in the order that numbers them.
    :param items: (N,) keys of the outcomes.
    :param keys: (N,) keys of the sentences.
    :param external_ids: the ids of the sentences in their corpus, as an Arrow array.
    :param sources: the ids of the sentences that the labels come from, likewise; None if they are not requested.
    :param words: the stored words, as JSON, likewise.
    :param texts: the texts that they were split from, where stored, likewise; None if they are not requested.
    :param offsets: the positions of the words in them, as JSON, likewise.
    :param annotations: (N,) who labelled each sentence.
    """

    labelling: Exported
    corpus: str
    names: Sequence[str]
    items: Longs
    keys: Longs
    external_ids: Any
    sources: Any | None
    words: Any
    texts: Any | None
    offsets: Any | None
    labels: LabelColumns
    annotations: Sequence[Annotation]

    def __len__(self) -> int:
        return len(self.items)

    @property
    def ids(self) -> Any:
        """The sentences as ``xprojdb explain`` takes them: ``CORPUS/LANG/ID``, as an Arrow array."""
        return _prefixed(f"{self.corpus}/{self.labelling.target}/", self.external_ids)

    @property
    def source_ids(self) -> Any | None:
        """The sentences that the labels come from."""
        if self.sources is None:
            return None
        return _prefixed(f"{self.corpus}/{self.labelling.source}/", self.sources)

    @cached_property
    def bounds(self) -> Longs:
        """(N+1,) where the labels of each sentence start."""
        return np.searchsorted(self.labels.row, np.arange(len(self) + 1))

    def tags(self, offsets: Longs) -> Longs:
        """The IOB2 tag numbers of all words, one sentence after the other: 0 is O, 1 is B- of the first label.

        :param offsets: (N+1,) where the words of each sentence start.
        :raises ExportError: if labels of a sentence overlap, leave it, are not in word order, or have a type that
            was not there when the types were counted; the field ``id`` names it.
        """
        labels = self.labels
        begin, length = offsets[labels.row] + labels.start, labels.end - labels.start
        wrong = (length < 1) | (labels.start < 0) | (offsets[labels.row] + labels.end > offsets[labels.row + 1])
        wrong |= labels.number < 0
        wrong[1:] |= begin[1:] < (begin + length)[:-1]
        if wrong.any():
            raise self._mislabelled(int(labels.row[np.flatnonzero(wrong)[0]]))
        inside = np.repeat(begin - (np.cumsum(length) - length), length) + np.arange(int(length.sum()))
        tags = np.zeros(int(offsets[-1]), dtype=np.int64)
        tags[inside] = np.repeat(2 * labels.number + 2, length)
        tags[begin] = 2 * labels.number + 1
        return tags

    def _mislabelled(self, row: int) -> ExportError:
        name = self.ids[row].as_py()
        hint = "the table label was edited by hand: run the recipe on a fresh copy of the database"
        return ExportError(
            f"labels of the sentence {name} overlap, leave it or have an unknown type", hint=hint, id=name
        )


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
    """The finished sentences in blocks, in import order.

    :param names: the types of label, in the order that numbers them.
    :param split: only this one, as imported.
    :param items: (N,) only these, ascending.
    :param sources: read the sentences that the labels come from, which are those of one source.
    :param scores: read scores and margins.
    :param texts: read the texts that words were split from.
    :param preferred: whose labels replace projected ones, on the sentences that it covers.
    """
    target, query = finished(labelling)
    columns = [target.c.external_id, target.c.words]
    if texts:
        columns += [target.c.text, target.c.offsets]
    if sources:
        source = sentence.alias("source")
        query = query.join(source, source.c.id == sentence_key(_side(labelling)))
        columns.append(source.c.external_id)
    if split is not None:
        query = query.where(imported_split(target) == split)
    name = corpus_name(connection, labelling)
    for rows in walk(connection, labelling, query, [target.c.id], columns, items):
        (first, keys), (external_ids, words, *rest) = rows.whole, rows.texts
        raw, offsets = rest[:2] if texts else (None, None)
        labels = read_labels(connection, labelling, names, first, keys, LABEL if scores else LABEL[:3])
        labels, annotations = with_gold(connection, labelling, names, keys, labels, preferred)
        source_ids = rest[-1] if sources else None
        yield Block(
            labelling, name, names, first, keys, external_ids, source_ids, words, raw, offsets, labels, annotations
        )


def _prefixed(prefix: str, ids: Any) -> Any:
    return require("pyarrow.compute", "export").binary_join_element_wise(prefix, ids.fill_null("None"), "")


def corpus_name(connection: Connection, labelling: Exported) -> str:
    """The corpus of a labelling's sentences."""
    query = select(corpus.c.name).where(corpus.c.id == labelling.corpus_id)
    return str(connection.execute(query).scalar_one())


def _side(labelling: Exported) -> Any:
    assert isinstance(labelling, Projection)
    return labelling.labelled


#: the columns that can be read of a label
LABEL = ("start_word", "end_word", "label", "score", "margin", "annotation")
#: those of them that are no whole numbers
FRACTIONS = ("score", "margin")
_NONE: Floats = np.empty(0)


def read_labels(
    connection: Connection,
    labelling: Exported,
    names: Sequence[str],
    items: Longs,
    keys: Longs,
    columns: Sequence[str] = LABEL,
    least: Mapping[str, float] | None = None,
) -> LabelColumns:
    """The projected labels of some sentences; there are none of a labelling by people.

    :param names: the label types, in the order that numbers them.
    :param items: (N,) ascending.
    :param keys: (N,) of the sentences.
    :param columns: which columns of :data:`LABEL` to read; the others are empty.
    :param least: thresholds of scores or margins: instead of these, infinity is returned for those that reach theirs,
        and minus infinity for the others.
    """
    if isinstance(labelling, GoldLabels):
        no = _NONE.astype(np.int64)
        return LabelColumns(no, no, no, no, _NONE, _NONE, no)
    combined, own = isinstance(labelling, Consensus), label.c.sentence_id
    # A label from several sources is not tied to a translation: its item is the sentence.
    item = own if combined else label.c.translation_id
    made = made_by(labelling)
    thresholds = least or {}
    special: dict[str, Any] = {"label": _numbered(names), "annotation": made}
    special |= {name: case((label.c[name] < value, 0), else_=1) for name, value in thresholds.items()}
    # What is the same for all labels is not read.
    stored = [name for name in columns if name != "annotation" or not isinstance(made, int)]
    query = select(label).where(label.c.step_id == labelling.step.step_id, around(connection, own, keys))
    query = query.order_by(own, label.c.translation_id, label.c.ordinal)
    wanted = {name: special.get(name, label.c.get(name)) for name in stored}
    fractions = [name for name in wanted if name in FRACTIONS and name not in thresholds]
    whole = [name for name in wanted if name not in fractions]
    counted, measured = [wanted[name] for name in whole], [wanted[name] for name in fractions]
    (link, *numbers), measures = read_numbers(connection, query, [item, *counted], measured)
    values: dict[str, NDArray[Any]] = dict(zip([*whole, *fractions], [*numbers, *measures], strict=True))
    row = np.minimum(np.searchsorted(items, link), len(items) - 1)
    mine = np.flatnonzero(items[row] == link)
    row = row[mine]
    if np.any(row[1:] < row[:-1]):
        order = np.argsort(row, kind="stable")
        mine, row = mine[order], row[order]
    by_name = {name: column[mine] for name, column in values.items()}
    by_name |= {name: np.where(by_name[name] > 0, np.inf, -np.inf) for name in thresholds}
    if "annotation" in columns and isinstance(made, int):
        by_name["annotation"] = np.full(len(mine), made, np.float64)
    start, end, number, annotation = (by_name.get(name, _NONE).astype(np.int64) for name in (*LABEL[:3], LABEL[-1]))
    score, margin = (by_name.get(name, _NONE) for name in LABEL[3:5])
    return LabelColumns(row, start, end, number, score, margin, annotation)


def _numbered(names: Sequence[str]) -> ColumnElement[int]:
    """The index of a label's type among names; -1 for any other."""
    numbers = {name: number for number, name in enumerate(names)}
    return case(numbers, value=label.c.label, else_=-1) if names else literal(-1)


def with_gold(
    connection: Connection,
    labelling: Exported,
    names: Sequence[str],
    keys: Longs,
    labels: LabelColumns,
    preferred: GoldStep | None,
) -> tuple[LabelColumns, Sequence[Annotation]]:
    """Replace labels by gold ones on the sentences that have some; also returns who labelled each sentence.

    :param keys: (N,) keys of the sentences, each once.
    """
    step = labelling.step if isinstance(labelling, GoldLabels) else preferred
    if step is None:
        return labels, ["projected"] * len(keys)
    gold = read_gold_columns(connection, step, keys, labelling.mapping)
    corrected = np.isin(keys, gold.done)
    others = np.flatnonzero(~corrected[labels.row])
    order = np.argsort(keys)
    row = order[np.searchsorted(keys, gold.key, sorter=order)]
    numbers = {name: number for number, name in enumerate(names)}
    number = longs([numbers.get(name, -1) for name in gold.label])
    none = np.full(len(row), np.nan)
    people = np.full(len(row), ANNOTATIONS.index(step.annotation))
    # A column that was not requested stays empty.
    both = [
        np.concatenate([old[others] if len(old) else old, new]) if len(old) or not len(others) else old
        for old, new in zip(labels.columns, (row, gold.start, gold.end, number, none, none, people), strict=True)
    ]
    place = np.argsort(both[0], kind="stable")
    merged = LabelColumns(*(column[place] if len(column) else column for column in both))
    annotations = np.where(corrected, step.annotation, "projected").tolist()
    return merged, annotations

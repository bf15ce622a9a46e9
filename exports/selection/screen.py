"""The filters of a cut on blocks of columns: they take out what :mod:`xprojdb.exports.selection.filters` does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, func

from xprojdb.config.tables.export import ExportTable
from xprojdb.db.tables import outcome
from xprojdb.exports.gold.labels import GoldStep
from xprojdb.exports.rows.columnar import LabelColumns, corpus_name, read_labels, walk, with_gold
from xprojdb.exports.rows.projected_labels import DEFAULT_SPLIT, finished
from xprojdb.exports.selection.filters import is_gold_split, outcomes_of
from xprojdb.exports.selection.hashing import Hashes, hash_stored
from xprojdb.planning.labellings import Labelling, Projection
from xprojdb.steps.inputs import longs

Longs = NDArray[np.int64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class ScreenedBlock:
    """A block of finished sentences, N of them, with what filters and choices look at.

    :param content: (N,) hashes of their words; zeros where duplicates stay.
    """

    corpus: str
    items: Longs
    keys: Longs
    n_words: Longs
    splits: Sequence[str]
    outcomes: Sequence[tuple[str, str | None]]
    content: Hashes
    labels: LabelColumns


@dataclass(frozen=True)
class Screened:
    """What passes the filters.

    :param passes: (N,)
    :param removed: how many each filter took out.
    :param entities: (N,) labels that are left.
    :param dropped: how many labels were dropped from sentences that pass.
    """

    passes: Mask
    removed: dict[str, int]
    entities: Longs
    dropped: int


def is_screened(labelling: Labelling, table: ExportTable) -> bool:
    """Whether the filters can look at columns: votes are counted label by label."""
    return isinstance(labelling, Projection) or table.min_votes is None


def read_found(
    connection: Connection, labelling: Labelling, table: ExportTable, preferred: GoldStep | None = None
) -> Iterator[ScreenedBlock]:
    """All finished sentences of a labelling, in blocks.

    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    """
    target, query = finished(labelling)
    columns = [target.c.id, target.c.n_words, func.coalesce(target.c.split, DEFAULT_SPLIT)]
    columns += [outcome.c.status, outcome.c.reason] if table.outcomes else []
    columns += [target.c.words] if table.dedupe else []
    asked = {"label": table.labels or None, "score": table.min_score, "margin": table.min_margin}
    wanted = [column for column, value in asked.items() if value is not None]
    name = corpus_name(connection, labelling)
    for items, keys, lengths, splits, *rest in walk(connection, labelling, query, columns):
        outcomes = list(zip(*rest[:2], strict=True)) if table.outcomes else []
        content = hash_stored(rest[-1]) if table.dedupe else np.zeros(len(items), np.uint64)
        labels = read_labels(connection, labelling, table.labels, items, longs(keys), wanted)
        labels, _ = with_gold(connection, labelling, table.labels, longs(keys), labels, preferred)
        yield ScreenedBlock(name, items, longs(keys), longs(lengths), splits, outcomes, content, labels)


def screen(found: ScreenedBlock, table: ExportTable) -> Screened:
    """Try the filters on a block, in the order in which they count what they take out."""
    passes, removed = np.ones(len(found.items), dtype=np.bool_), {}
    labels = _Labels(found, table)
    for name, mask in (*_sentences(found, table), *labels.thresholds(), *labels.least()):
        gone = int(np.count_nonzero(passes & ~mask))
        passes &= mask
        if gone:
            removed[name] = gone
    entities = labels.per_sentence(labels.kept)
    dropped = int((labels.per_sentence(np.ones_like(labels.kept)) - entities)[passes].sum())
    return Screened(passes, removed, entities, dropped)


def _sentences(found: ScreenedBlock, table: ExportTable) -> Iterator[tuple[str, Mask]]:
    """What filters on sentences let pass, by name; each is asked for when the ones before it have been counted."""
    if table.corpora:
        yield "corpora", np.full(len(found.items), found.corpus in table.corpora)
    if table.splits:
        yield "splits", np.fromiter((each in table.splits for each in found.splits), np.bool_, len(found.items))
    if table.gold_splits:
        silver = (not is_gold_split(table, each) for each in found.splits)
        yield "gold_splits", np.fromiter(silver, np.bool_, len(found.items))
    if table.outcomes:
        asked = frozenset(table.outcomes)
        good = {each: not asked.isdisjoint(outcomes_of(*each)) for each in set(found.outcomes)}
        yield "outcomes", np.fromiter(map(good.__getitem__, found.outcomes), np.bool_, len(found.items))
    if table.min_words is not None:
        yield "min_words", found.n_words >= table.min_words
    if table.max_words is not None:
        yield "max_words", found.n_words <= table.max_words


class _Labels:
    """The labels of a block, and those of them that are left."""

    def __init__(self, found: ScreenedBlock, table: ExportTable) -> None:
        self.found = found.labels
        self.table = table
        self.sentences = len(found.items)
        every = np.ones(len(self.found.row), dtype=np.bool_)
        self.kept: Mask = self.found.number >= 0 if table.labels else every

    def thresholds(self) -> Iterator[tuple[str, Mask]]:
        """What each threshold lets pass: all sentences, where a label that is below it goes alone."""
        table = self.table
        for name, values, least in (
            ("min_score", self.found.score, table.min_score),
            ("min_margin", self.found.margin, table.min_margin),
        ):
            if least is None:
                continue
            below = self.kept & (values < least)
            self.kept = self.kept & ~below
            if table.on_low_score == "sentence":
                yield name, self.per_sentence(below) == 0

    def least(self) -> Iterator[tuple[str, Mask]]:
        """Which sentences have labels enough left."""
        if self.table.min_entities is not None:
            yield "min_entities", self.per_sentence(self.kept) >= self.table.min_entities

    def per_sentence(self, which: Mask) -> Longs:
        """(N,) how many of some labels each sentence has."""
        return np.bincount(self.found.row[which], minlength=self.sentences)

"""The filters on blocks of columns; they remove the same as :mod:`xprojdb.exports.selection.filters`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import Connection, func

from xprojdb.arrays import Flags, Longs
from xprojdb.config.tables.export import ExportTable
from xprojdb.db.tables import outcome
from xprojdb.exports.gold.labels import GoldStep
from xprojdb.exports.rows.columnar import LabelColumns, corpus_name, read_labels, with_gold
from xprojdb.exports.rows.projected_labels import DEFAULT_SPLIT, finished
from xprojdb.exports.rows.walking import walk
from xprojdb.exports.selection.filters import is_gold_split, outcomes_of
from xprojdb.exports.selection.hashing import Hashes, hash_stored
from xprojdb.extras import is_installed
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.steps.inputs import longs


@dataclass(frozen=True)
class ScreenedBlock:
    """A block of N finished sentences, with what filters and choices need.

    :param splits: the names of their splits, as an Arrow array with a dictionary.
    :param content: (N,) hashes of their words; zeros if duplicates are kept.
    """

    corpus: str
    items: Longs
    keys: Longs
    n_words: Longs
    splits: Any
    outcomes: Sequence[tuple[str, str | None]]
    content: Hashes
    labels: LabelColumns

    def split_numbers(self, number: Callable[[str], int]) -> Longs:
        """(N,) a number for each sentence's split.

        :param number: asked once for each split.
        """
        numbers = longs([number(split) for split in self.splits.dictionary.to_pylist()])
        chosen: Longs = numbers[self.splits.indices.to_numpy()]
        return chosen

    def in_splits(self, wanted: Callable[[str], bool]) -> Flags:
        """(N,) whether a sentence is in one of the wanted splits."""
        return self.split_numbers(wanted).astype(np.bool_)


@dataclass(frozen=True)
class Screened:
    """The result of the filters.

    :param passes: (N,) whether the sentence passes.
    :param removed: how many each filter removed.
    :param entities: (N,) number of remaining labels.
    :param dropped: how many labels were dropped from sentences that passed.
    """

    passes: Flags
    removed: dict[str, int]
    entities: Longs
    dropped: int


def is_screened(labelling: Labelling, table: ExportTable) -> bool:
    """Whether the filters can work on columns, for which Arrow is needed; votes are counted label by label."""
    by_label = isinstance(labelling, Consensus) and table.min_votes is not None
    return is_installed("pyarrow") and not by_label and not table.asks_probability


def read_screened_blocks(
    connection: Connection, labelling: Labelling, table: ExportTable, preferred: GoldStep | None = None
) -> Iterator[ScreenedBlock]:
    """All finished sentences of a labelling, in blocks.

    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    """
    target, query = finished(labelling)
    texts: list[Any] = [func.coalesce(target.c.split, DEFAULT_SPLIT)]
    texts += [outcome.c.status, outcome.c.reason] if table.outcomes else []
    texts += [target.c.words] if table.dedupe else []
    thresholds = {"score": table.min_score, "margin": table.min_margin}
    least = {name: value for name, value in thresholds.items() if value is not None}
    needed = [*(["label"] if table.labels else []), *least]
    name = corpus_name(connection, labelling)
    for rows in walk(connection, labelling, query, [target.c.id, target.c.n_words], texts):
        (items, keys, lengths), (splits, *rest) = rows.whole, rows.texts
        outcomes = list(zip(*(column.to_pylist() for column in rest[:2]), strict=True)) if table.outcomes else []
        content = hash_stored(rest[-1]) if table.dedupe else np.zeros(len(items), np.uint64)
        labels = read_labels(connection, labelling, table.labels, items, keys, needed, least)
        labels, _ = with_gold(connection, labelling, table.labels, keys, labels, preferred)
        yield ScreenedBlock(name, items, keys, lengths, splits.dictionary_encode(), outcomes, content, labels)


def screen(block: ScreenedBlock, table: ExportTable) -> Screened:
    """Apply the filters to a block, in the order in which their removals are counted."""
    passes, removed = np.ones(len(block.items), dtype=np.bool_), {}
    labels = _Labels(block, table)
    for name, mask in (*_sentences(block, table), *labels.thresholds(), *labels.least()):
        gone = int(np.count_nonzero(passes & ~mask))
        passes &= mask
        if gone:
            removed[name] = gone
    entities = labels.per_sentence(labels.remaining)
    dropped = int((labels.per_sentence(np.ones_like(labels.remaining)) - entities)[passes].sum())
    return Screened(passes, removed, entities, dropped)


def _sentences(block: ScreenedBlock, table: ExportTable) -> Iterator[tuple[str, Flags]]:
    """What the filters on sentences let pass, by name; each is evaluated once the ones before it are counted."""
    if table.corpora:
        yield "corpora", np.full(len(block.items), block.corpus in table.corpora)
    if table.splits:
        yield "splits", block.in_splits(lambda split: split in table.splits)
    if table.gold_splits:
        yield "gold_splits", block.in_splits(lambda split: not is_gold_split(table, split))
    if table.outcomes:
        outcomes = frozenset(table.outcomes)
        good = {outcome: not outcomes.isdisjoint(outcomes_of(*outcome)) for outcome in set(block.outcomes)}
        yield "outcomes", np.fromiter(map(good.__getitem__, block.outcomes), np.bool_, len(block.items))
    if table.min_words is not None:
        yield "min_words", block.n_words >= table.min_words
    if table.max_words is not None:
        yield "max_words", block.n_words <= table.max_words


class _Labels:
    """The labels of a block, and which of them remain."""

    def __init__(self, block: ScreenedBlock, table: ExportTable) -> None:
        self.columns = block.labels
        self.table = table
        self.sentences = len(block.items)
        every = np.ones(len(self.columns.row), dtype=np.bool_)
        self.remaining: Flags = self.columns.number >= 0 if table.labels else every

    def thresholds(self) -> Iterator[tuple[str, Flags]]:
        """What each threshold lets pass; all sentences, if only the labels below it are dropped."""
        table = self.table
        for name, values, least in (
            ("min_score", self.columns.score, table.min_score),
            ("min_margin", self.columns.margin, table.min_margin),
        ):
            if least is None:
                continue
            below = self.remaining & (values < least)
            self.remaining = self.remaining & ~below
            if table.on_low_score == "sentence":
                yield name, self.per_sentence(below) == 0

    def least(self) -> Iterator[tuple[str, Flags]]:
        """Which sentences have enough labels left."""
        if self.table.min_entities is not None:
            yield "min_entities", self.per_sentence(self.remaining) >= self.table.min_entities

    def per_sentence(self, which: Flags) -> Longs:
        """(N,) how many of the given labels each sentence has."""
        return np.bincount(self.columns.row[which], minlength=self.sentences)

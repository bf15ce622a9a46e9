"""Select the data to export: filter what was projected, then choose among the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from xprojdb.arrays import Flags, Longs
from xprojdb.config.tables.export import ALL_SPLITS, ExportTable
from xprojdb.db.tables import corpus
from xprojdb.errors import UsageError
from xprojdb.exports.gold.labels import GoldLabels, GoldStep
from xprojdb.exports.gold.reading import gold_keys
from xprojdb.exports.selection.choosing import assign_shares, first_of_each, mixture_limits, within_limits
from xprojdb.exports.selection.decontamination import read_test_texts, sentences_with
from xprojdb.exports.selection.hashing import Hashes, hash_text, rehash
from xprojdb.exports.selection.pool import Pool, read_pool
from xprojdb.exports.selection.probability import Calibrations
from xprojdb.exports.selection.quality import reaches
from xprojdb.exports.selection.translation_groups import read_groups, read_ranks
from xprojdb.planning.labellings import Consensus, Labelling


class NothingLeft(UsageError):
    """No sentence or no label is left: fields ``available`` and ``removed``, the number removed by each filter."""


@dataclass(frozen=True)
class Cut:
    """What is to be exported.

    :param items: for each labelling, the items of each split, ascending.
    :param available: how many finished sentences there were.
    :param removed: how many each filter or choice removed, in the order in which they were applied.
    :param dropped: how many labels were dropped from sentences that passed the filters.
    """

    items: Sequence[Mapping[str, Longs]]
    available: int
    removed: Mapping[str, int]
    dropped: int = 0


def cut_of(
    connection: Connection,
    chosen: Sequence[Labelling],
    table: ExportTable,
    gold: Sequence[GoldLabels] = (),
    preferred: GoldStep | None = None,
    calibrations: Calibrations | None = None,
) -> Cut:
    """Choose the sentences to export.

    The same database and table select the same sentences on every machine and with either kind of database.

    :param gold: the labels of people that have splits of their own, from which the others are kept apart.
    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    :raises NothingLeft: when there are none.
    :raises UsageError: when the table refers to something that does not exist: votes without a consensus, a corpus, a
        test set.
    """
    _check(connection, chosen, table)
    pool = read_pool(connection, chosen, table, preferred, calibrations)
    splits = None if ALL_SPLITS in table.gold_splits else table.gold_splits
    held_out = gold_keys(connection, gold, splits)
    choice = _Choice(connection, chosen, table, pool, held_out)
    if len(pool):
        choice.make()
    unlabelled = not choice.labelled() and not (table.outcomes and "ok" not in table.outcomes)
    if not len(held_out) and (not choice.alive.any() or unlabelled):
        raise _nothing_left(pool.available, choice.removed)
    return Cut(choice.items(), pool.available, choice.removed, pool.dropped)


class _Choice:
    """The sentences that are still selected, and the choices that remove some, one after the other."""

    def __init__(
        self, connection: Connection, chosen: Sequence[Labelling], table: ExportTable, pool: Pool, held_out: Longs
    ) -> None:
        self.connection = connection
        self.chosen = chosen
        self.table = table
        self.pool = pool
        self.held_out = held_out
        self.alive: Flags = np.ones(len(pool), dtype=np.bool_)
        self.removed = {name: pool.removed[name] for name in ExportTable.model_fields if name in pool.removed}
        self.split = pool.column("split")
        self.splits = list(pool.splits)

    def make(self) -> None:
        """Leave out poor translations, decontaminate, deduplicate, sample, and assign splits."""
        table = self.table
        if table.min_quality:
            self._keep("min_quality", self._well_translated())
        several = len({(labelling.corpus_id, labelling.target) for labelling in self.chosen}) < len(self.chosen)
        asked = table.decontaminate or table.dedupe or table.budget or table.mix or table.split_ratios
        if not (asked or several or len(self.held_out)):
            return
        groups = read_groups(self.connection, {labelling.corpus_id for labelling in self.chosen})
        roots = groups.roots_of(self.pool.column("sentence"))
        if len(self.held_out):
            self._keep("gold", ~np.isin(roots, groups.roots_of(self.held_out)))
        if table.decontaminate:
            test_sentences = self._tested()
            self._keep("decontaminate", ~np.isin(roots, groups.roots_of(test_sentences)))
        kind = self._kinds() if table.mix else np.zeros(len(self.pool), np.int64)
        self._rank(roots)
        if several:
            self._keep_first("several_sources", "sentence")
        if table.dedupe:
            self._keep_first("dedupe", "content")
        if table.budget or table.mix:
            self._sample(kind)
        if table.split_ratios:
            self.split = assign_shares(rehash(self.rank, "split"), table.split_ratios)
            self.splits = list(table.split_ratios)

    def items(self) -> list[Mapping[str, Longs]]:
        """For each labelling, the items of each split."""
        labelling, item = self.pool.column("labelling"), self.pool.column("item")
        return [
            {
                name: np.sort(item[mine & (self.split == split)])
                for split, name in enumerate(self.splits)
                if np.any(mine & (self.split == split))
            }
            for number in range(len(self.chosen))
            for mine in [self.alive & (labelling == number)]
        ]

    def labelled(self) -> bool:
        """Whether any sentence that is still selected has a label."""
        return bool(np.any(self.alive & (self.pool.column("entities") > 0)))

    def _well_translated(self) -> Flags:
        labelling, item = self.pool.column("labelling"), self.pool.column("item")
        passes = np.ones(len(self.pool), dtype=np.bool_)
        for number, own in enumerate(self.chosen):
            mine = labelling == number
            passes[mine] = reaches(self.connection, own, item[mine].astype(np.int64), self.table.min_quality)
        return passes

    def _tested(self) -> Longs:
        texts = read_test_texts(self.connection, self.table.decontaminate)
        return sentences_with(self.connection, {labelling.corpus_id for labelling in self.chosen}, texts)

    def _rank(self, roots: Longs) -> None:
        """Put the sentences in the order in which they are taken; translations of one another are adjacent."""
        self.rank: Hashes = read_ranks(self.connection, roots, self.table.seed)
        self.lang = self._by(lambda labelling_: labelling_.target)
        turn = np.empty(len(self.pool), dtype=np.uint64)
        labelling = self.pool.column("labelling")
        for number, labelling_ in enumerate(self.chosen):
            # Where several sources label one sentence, which of them goes first must vary.
            turn[labelling == number] = np.uint64(hash_text(labelling_.source))
        turn = rehash(self.rank ^ turn, "turn")
        self.order: Longs = np.lexsort((self.pool.column("sentence"), turn, self.lang, self.rank)).astype(np.int64)

    def _by(self, key: Any) -> Longs:
        """Number the sentences by a property of their labelling, in the order of its values."""
        values = [key(labelling) for labelling in self.chosen]
        numbers = {value: number for number, value in enumerate(sorted(set(values)))}
        by_labelling = np.array([numbers[value] for value in values], dtype=np.int64)
        numbered: Longs = by_labelling[self.pool.column("labelling")]
        return numbered

    def _keep(self, reason: str, mask: Flags) -> None:
        gone = int(np.count_nonzero(self.alive & ~mask))
        self.alive &= mask
        if gone:
            self.removed[reason] = self.removed.get(reason, 0) + gone

    def _keep_first(self, reason: str, key: str) -> None:
        order = self.order[self.alive[self.order]]
        mask = np.zeros(len(self.pool), dtype=np.bool_)
        column = self.pool.column(key)
        part = first_of_each(np.arange(len(order)), self.lang[order], column[order])
        mask[order[part]] = True
        self._keep(reason, mask)

    def _sample(self, kind: Longs) -> None:
        """Take each group's budget, or each kind's share of it, from the start of the order.

        :param kind: (N,) the position of each sentence in the mix.
        """
        table = self.table
        kinds = max(len(table.mix), 1)
        group = self._by(_keys(table.budget_per)) if table.budget_per != "all" else np.zeros(len(self.pool), np.int64)
        size = self._sizes()
        order = self.order[self.alive[self.order]]
        cell = group[order] * kinds + kind[order]
        count = int(group.max()) + 1
        available = np.bincount(cell, weights=size[order], minlength=count * kinds).astype(np.float64)
        limits = np.concatenate([self._limits(amounts) for amounts in available.reshape(count, kinds)])
        taken = np.zeros(len(self.pool), dtype=np.bool_)
        part = within_limits(np.arange(len(order)), cell, size[order], limits)
        taken[order[part]] = True
        self._keep("budget" if table.budget else "mix", taken)

    def _limits(self, available: NDArray[np.float64]) -> NDArray[np.float64]:
        table = self.table
        if not table.mix:
            return np.array([float(table.budget or 0)])
        for name, amount in zip(table.mix, available.tolist(), strict=True):
            if not amount and available.any():
                hint = f"leave {name} out of the mix, or loosen the filters"
                raise UsageError(f"nothing of {name} is left to mix", hint=hint, name=name, removed=self.removed)
        return mixture_limits(available, list(table.mix.values()), table.budget)

    def _kinds(self) -> Longs:
        """The position of each sentence in the mix; sentences without one are removed."""
        table = self.table
        names = _corpus_names(self.connection) if table.mix_by == "corpus" else {}
        places = {name: place for place, name in enumerate(table.mix)}
        own = [_keys(table.mix_by)(labelling) for labelling in self.chosen]
        by_labelling = np.array([places.get(names.get(value, value), -1) for value in own], dtype=np.int64)
        kind: Longs = by_labelling[self.pool.column("labelling")]
        self._keep("mix", kind >= 0)
        return kind

    def _sizes(self) -> Longs:
        if self.table.budget_unit == "sentences":
            return np.ones(len(self.pool), np.int64)
        return self.pool.column(self.table.budget_unit).astype(np.int64)


def _keys(by: str) -> Any:
    return {
        "corpus": lambda labelling: labelling.corpus_id,
        "lang": lambda labelling: labelling.target,
        "source": lambda labelling: labelling.source,
    }[by]


def _corpus_names(connection: Connection) -> dict[int, str]:
    return {key: name for key, name in connection.execute(select(corpus.c.id, corpus.c.name))}  # noqa: C416


def _check(connection: Connection, chosen: Sequence[Labelling], table: ExportTable) -> None:
    if table.min_votes and not all(isinstance(labelling, Consensus) for labelling in chosen):
        hint = "let the recipe combine several sources: [combine]"
        raise UsageError("labels from one source have no votes to count", hint=hint, key="min_votes")
    names = _corpus_names(connection)
    present = {names[labelling.corpus_id] for labelling in chosen}
    mixed = {
        "corpus": present,
        "lang": {labelling.target for labelling in chosen},
        "source": {labelling.source for labelling in chosen},
    }[table.mix_by]
    for key, names_asked, names_present in (("corpora", table.corpora, present), ("mix", table.mix, mixed)):
        for name in names_asked:
            if name not in names_present:
                hint = f"choose from {', '.join(sorted(names_present))}"
                raise UsageError(f"{key}: {name!r} is not part of the export", hint=hint, key=key, name=name)


def _nothing_left(available: int, removed: Mapping[str, int]) -> NothingLeft:
    removals = ", ".join(f"{name} removed {count:,}" for name, count in removed.items())
    what = "no label" if available > sum(removed.values()) else "nothing"
    return NothingLeft(
        f"{what} is left to export: of {available:,} sentences, {removals or 'none were removed'}",
        hint="loosen or drop the filter that removed most",
        available=available,
        removed=dict(removed),
    )

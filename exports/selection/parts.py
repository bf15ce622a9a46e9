"""What is exported: which labellings, filtered how, in which parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

from xprojdb.config.recipe import export_table
from xprojdb.config.tables.export import ExportTable
from xprojdb.errors import UsageError
from xprojdb.exports.rows.projected_labels import (
    choose,
    in_customary_order,
    is_begun,
    labels_of,
    read_sentences,
    splits_of,
)
from xprojdb.exports.rows.provenance_columns import combines
from xprojdb.exports.rows.sentences import ProjectedSentence
from xprojdb.exports.selection.cut import Cut, cut_of
from xprojdb.exports.selection.filters import Filters
from xprojdb.planning.labellings import Labelling
from xprojdb.planning.planner import Plan

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """One split of one language.

    :param takes: its labellings, one per corpus, and the items taken from each; None: the whole split.
    """

    target: str
    split: str
    takes: Sequence[tuple[Labelling, Longs | None]]


@dataclass(frozen=True)
class Selection:
    """What an export writes.

    :param chosen: the labellings, by language.
    :param table: how they are filtered.
    :param labels: the label types, in the order that numbers them.
    :param parts: no part is empty.
    :param cut: what was removed; None if everything is exported.
    :param source: the language that the labels were requested from.
    """

    chosen: Sequence[Labelling]
    table: ExportTable
    labels: Sequence[str]
    parts: Sequence[Part]
    cut: Cut | None
    source: str | None = None

    @property
    def several(self) -> bool:
        """Whether labels are a consensus of several sources."""
        return combines(self.chosen)

    def sentences(self, connection: Connection, part: Part) -> Iterator[tuple[Labelling, ProjectedSentence]]:
        """The sentences of a part as they are written, in import order."""
        filters = Filters(self.table)
        for labelling, items in part.takes:
            whole = part.split if items is None else None
            for sentence in read_sentences(connection, labelling, whole, items):
                filtered = filters.apply(sentence)[0] if self.cut else sentence
                if filtered is not None:
                    yield labelling, filtered

    def query(self) -> dict[str, Any]:
        """The selection, so that the same rows can be selected again: labellings by key, and the filters."""
        cut = (
            {"cut": self.table.non_defaults, "found": self.cut.available, "removed": dict(self.cut.removed)}
            if self.cut
            else {}
        )
        unused_cut = {} if self.cut or not self.table.non_defaults else {"cut": self.table.non_defaults}
        return {"projections": [_projection_key(labelling) for labelling in self.chosen], **unused_cut, **cut}


def select_parts(
    connection: Connection,
    plan: Plan,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
) -> Selection:
    """Decide what to export.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined, unless
        the export mixes sources or has a budget for each.
    :param table: the filters; None: those of the recipe.
    :raises UsageError: when there is nothing to export.
    :raises NothingLeft: when no sentence passes the filters.
    """
    table = export_table(plan.recipe.text, {}) if table is None else table
    each_source = source is None and ((table.mix_by == "source" and bool(table.mix)) or table.budget_per == "source")
    chosen = choose(plan, targets, source, several=each_source)
    if not any(is_begun(connection, labelling) for labelling in chosen):
        raise UsageError(
            f"the recipe {plan.recipe.name} has projected nothing yet",
            hint="run the recipe first: xprojdb run RECIPE.toml",
            recipe=plan.recipe.name,
        )
    labels = _label_types(labels_of(connection, chosen), table)
    cut = cut_of(connection, chosen, table) if table.chooses else None
    parts = _parts(chosen, cut.items) if cut else _whole_parts(connection, chosen)
    return Selection(chosen, table, labels, parts, cut, source)


def _label_types(labels: Sequence[str], table: ExportTable) -> list[str]:
    for name in table.labels:
        if name not in labels:
            hint = f"choose from {', '.join(labels) or 'none'}"
            raise UsageError(f"labels: there is no label {name!r}", hint=hint, key="labels", name=name)
    return [name for name in labels if not table.labels or name in table.labels]


def _whole_parts(connection: Connection, chosen: Sequence[Labelling]) -> list[Part]:
    return _parts(
        chosen,
        [{split: None for split in splits_of(connection, labelling)} for labelling in chosen],  # noqa: C420
    )


def _parts(chosen: Sequence[Labelling], takes: Sequence[Mapping[str, Longs | None]]) -> list[Part]:
    """Join the labellings of several corpora into one part for each language and split."""
    by_target: dict[str, list[tuple[Labelling, Mapping[str, Longs | None]]]] = {}
    for labelling, take in zip(chosen, takes, strict=True):
        by_target.setdefault(labelling.target, []).append((labelling, take))
    return [
        Part(target, split, [(labelling, take[split]) for labelling, take in own if split in take])
        for target, own in by_target.items()
        for split in in_customary_order({split for _, take in own for split in take})
    ]


def _projection_key(labelling: Labelling) -> dict[str, Any]:
    return {
        "step": labelling.step.spec.digest,
        "corpus": labelling.corpus_id,
        "source": labelling.source,
        "target": labelling.target,
        "splits": list(labelling.splits),
    }

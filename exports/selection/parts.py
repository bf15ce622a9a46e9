"""What is exported: which labellings, filtered how, in which parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from xprojdb.arrays import Longs
from xprojdb.config.recipe import export_table
from xprojdb.config.tables.export import ExportTable
from xprojdb.db.count_cache import CountCache
from xprojdb.errors import UsageError
from xprojdb.exports.gold.labels import Exported, GoldLabels, GoldStep, gold_of
from xprojdb.exports.rows.projected_labels import (
    choose,
    in_customary_order,
    is_begun,
    read_sentences,
    splits_of,
)
from xprojdb.exports.rows.provenance_columns import combines
from xprojdb.exports.rows.sentences import ProjectedSentence
from xprojdb.exports.selection.cut import Cut, cut_of
from xprojdb.exports.selection.filters import Filters, is_gold_split
from xprojdb.exports.selection.label_set import label_set
from xprojdb.exports.selection.probability import Calibrations, calibrations_of, with_probabilities
from xprojdb.exports.selection.references import References
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.planning.planner import Plan
from xprojdb.steps.combine.gold_set import GOLD_SET


@dataclass(frozen=True)
class Part:
    """One split of one language.

    :param takes: its labellings, one per corpus, and the items taken from each; None: the whole split.
    """

    target: str
    split: str
    takes: Sequence[tuple[Exported, Longs | None]]


@dataclass(frozen=True)
class Selection:
    """What an export writes.

    :param chosen: the labellings, by language.
    :param table: how they are cut.
    :param labels: the types of label, in the order that numbers them.
    :param parts: none without a sentence.
    :param cut: what the cut took out; None where it takes all.
    :param source: the language that the labels were asked to come from.
    :param gold: the labels of people that are exported, in splits of their own.
    :param preferred: whose labels stand in place of projected ones, on the sentences that it has.
    """

    chosen: Sequence[Labelling]
    table: ExportTable
    labels: Sequence[str]
    parts: Sequence[Part]
    cut: Cut | None
    source: str | None = None
    gold: Sequence[GoldLabels] = ()
    preferred: GoldStep | None = None
    calibrations: Calibrations = field(default_factory=dict)

    @property
    def several(self) -> bool:
        """Whether labels are a consensus of several sources."""
        return combines(self.chosen)

    def sentences(self, connection: Connection, part: Part) -> Iterator[tuple[Exported, ProjectedSentence]]:
        """The sentences of a part as they are to be written, in the order of import."""
        filters, types = Filters(self.table), frozenset(self.table.labels)
        for labelling, items in part.takes:
            whole = part.split if items is None else None
            for sentence in read_sentences(connection, labelling, whole, items, self.preferred):
                if isinstance(labelling, GoldLabels):
                    labels = [label for label in sentence.labels if not types or label.label in types]
                    yield labelling, sentence._replace(labels=labels)
                    continue
                sentence = with_probabilities(sentence, labelling, self.calibrations)
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
        gold = {"gold": [_projection_key(labelling) for labelling in self.gold]} if self.gold else {}
        preferred = {"preferred": self.preferred.spec.digest} if self.preferred else {}
        return {
            "projections": [_projection_key(labelling) for labelling in self.chosen],
            **gold,
            **preferred,
            **unused_cut,
            **cut,
        }


def select_parts(
    connection: Connection,
    plan: Plan,
    targets: Sequence[str] = (),
    source: str | None = None,
    table: ExportTable | None = None,
    references: References | None = None,
    counts: CountCache | None = None,
) -> Selection:
    """Decide what to export.

    :param targets: language codes; empty: all of the recipe.
    :param source: the language the labels come from; needed where a target has several that are not combined, unless
        the cut mixes sources or has a budget for each.
    :param table: the cut; None: that of the recipe.
    :param references: finds what the cut names.
    :param counts: what was looked up before; None: look everything up anew.
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
    counts = CountCache(connection, anew=True) if counts is None else counts
    step = gold_step(connection, table, references) if table.asks_gold else None
    corrected = _corrected_by(chosen, step if table.prefer_gold else None)
    if corrected is not None:
        table = table.model_copy(update={"prefer_gold": True})
    gold = gold_of(chosen, step) if step and table.gold_splits else []
    preferred = corrected or (step if table.prefer_gold else None)
    calibrations = calibrations_of(connection, chosen, table, references)
    labels = _label_types(label_set(connection, plan, chosen, step, counts), table)
    cut = cut_of(connection, chosen, table, gold, preferred, calibrations) if table.chooses else None
    takes = cut.items if cut else [_whole(splits_of(connection, labelling, counts)) for labelling in chosen]
    apart = [_whole(_gold_splits(splits_of(connection, labelling, counts), table)) for labelling in gold]
    return Selection(
        chosen, table, labels, _parts([*chosen, *gold], [*takes, *apart]), cut, source, gold, preferred, calibrations
    )


def _corrected_by(chosen: Sequence[Labelling], preferred: GoldStep | None) -> GoldStep | None:
    """The set of labels by people that a consensus has taken; its sentences are exported with these labels.

    :raises UsageError: when the labels of other people are preferred.
    """
    for labelling in chosen:
        if isinstance(labelling, Consensus) and labelling.step.corrected:
            spec = labelling.step.spec.inputs[GOLD_SET]
            if preferred is not None and preferred.spec != spec:
                name = labelling.step.gold_name
                raise UsageError(
                    f"the labels were already corrected by {name}, and another set is preferred",
                    hint=f"name the same set: --gold {name}, or set corrections = false in [combine]",
                    gold=name,
                )
            return GoldStep(labelling.step.input_ids[GOLD_SET], spec)
    return None


def gold_step(connection: Connection, table: ExportTable, references: References | None) -> GoldStep:
    """The step whose labels are gold.

    :raises UsageError: when there are none, or none of the name that the cut has.
    """
    if table.gold is None:
        return GoldStep.of(connection)
    if references is None:
        raise UsageError("gold of a name is found by xprojdb.open(...).export", hint="use it", gold=table.gold)
    return GoldStep.of(connection, references.gold_step(connection, table.gold))


def _gold_splits(splits: Sequence[str], table: ExportTable) -> list[str]:
    return [split for split in splits if is_gold_split(table, split)]


def _whole(splits: Sequence[str]) -> dict[str, Longs | None]:
    return dict.fromkeys(splits)


def _label_types(labels: Sequence[str], table: ExportTable) -> list[str]:
    for name in table.labels:
        if name not in labels:
            hint = f"choose from {', '.join(labels) or 'none'}"
            raise UsageError(f"labels: there is no label {name!r}", hint=hint, key="labels", name=name)
    return [name for name in labels if not table.labels or name in table.labels]


def _parts(chosen: Sequence[Exported], takes: Sequence[Mapping[str, Longs | None]]) -> list[Part]:
    """Join the labellings of several corpora: one part for each language and split."""
    by_target: dict[str, list[tuple[Exported, Mapping[str, Longs | None]]]] = {}
    for labelling, take in zip(chosen, takes, strict=True):
        by_target.setdefault(labelling.target, []).append((labelling, take))
    return [
        Part(target, split, [(labelling, take[split]) for labelling, take in own if split in take])
        for target, own in by_target.items()
        for split in in_customary_order({split for _, take in own for split in take})
    ]


def _projection_key(labelling: Exported) -> dict[str, Any]:
    return {
        "step": labelling.step.spec.digest,
        "corpus": labelling.corpus_id,
        "source": labelling.source,
        "target": labelling.target,
        "splits": list(labelling.splits),
    }

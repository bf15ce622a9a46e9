"""Quality tiers, which depend on the least certain label of a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from xprojdb.arrays import Floats, Longs
from xprojdb.config.tables.export import REVIEWED, ExportTable
from xprojdb.exports.gold.labels import Annotation
from xprojdb.exports.rows.sentences import ProjectedSentence


def steps_of(table: ExportTable) -> list[tuple[str, float]]:
    """The tiers and their thresholds, highest first."""
    return sorted(table.tiers.items(), key=lambda item: -item[1])


def tier_of(table: ExportTable) -> Callable[[ProjectedSentence], str | None]:
    """What names the tier of a sentence.

    A sentence is as good as its least certain label, and is in the highest tier whose threshold that reaches. It has
    no tier when it reaches none, or has no labels. One that people labelled is in a tier of its own.
    """
    steps = steps_of(table)

    def tier(sentence: ProjectedSentence) -> str | None:
        if sentence.annotation != "projected":
            return REVIEWED
        if not sentence.labels:
            return None
        least = min(getattr(label, table.tier_by) for label in sentence.labels)
        return next((name for name, threshold in steps if least >= threshold), None)

    return tier


def tiers_of(
    table: ExportTable, bounds: Longs, margin: Floats, score: Floats, annotations: Sequence[Annotation]
) -> list[str | None]:
    """The tiers of many sentences, as :func:`tier_of` tells that of one.

    :param bounds: (N+1,) where the labels of each sentence start.
    :param margin: (L,) of the labels.
    :param score: (L,) of the labels.
    :param annotations: (N,) who labelled each.
    """
    measure = margin if table.tier_by == "margin" else score
    labelled = np.flatnonzero(np.diff(bounds) > 0)
    least = np.full(len(bounds) - 1, -np.inf)
    if len(labelled):
        least[labelled] = np.minimum.reduceat(measure, bounds[labelled])
    steps = steps_of(table)
    # From the lowest tier up, so that the highest one reached remains.
    tier = np.full(len(least), None, dtype=object)
    for name, threshold in reversed(steps):
        tier[least >= threshold] = name
    tier[np.array(annotations, dtype=object) != "projected"] = REVIEWED
    names: list[str | None] = tier.tolist()
    return names

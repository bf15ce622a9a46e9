"""Quality tiers, which depend on the least certain label of a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from xprojdb.config.tables.export import ExportTable
from xprojdb.exports.rows.sentences import ProjectedLabel

Longs = NDArray[np.int64]
Floats = NDArray[np.float64]


def steps_of(table: ExportTable) -> list[tuple[str, float]]:
    """The tiers and their thresholds, highest first."""
    return sorted(table.tiers.items(), key=lambda item: -item[1])


def tier_of(table: ExportTable) -> Callable[[Sequence[ProjectedLabel]], str | None]:
    """A function that names the tier of a sentence from its labels.

    A sentence is as good as its least certain label, and is in the highest tier whose threshold that label reaches. It
    has no tier if it reaches none or has no labels.
    """
    steps = steps_of(table)
    by_margin = table.tier_by == "margin"

    def tier(labels: Sequence[ProjectedLabel]) -> str | None:
        if not labels:
            return None
        least = min(label.margin if by_margin else label.score for label in labels)
        return next((name for name, threshold in steps if least >= threshold), None)

    return tier


def tiers_of(table: ExportTable, bounds: Longs, margin: Floats, score: Floats) -> list[str | None]:
    """The tiers of many sentences, as :func:`tier_of` gives them for one.

    :param bounds: (N+1,) where the labels of each sentence start.
    :param margin: (L,) of the labels.
    :param score: (L,) of the labels.
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
    names: list[str | None] = tier.tolist()
    return names

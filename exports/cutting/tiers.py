"""Quality tiers: how certain the least certain label of a sentence is."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from xprojdb.engine.export_table import ExportTable
from xprojdb.exports.sentences import ProjectedLabel


def steps_of(table: ExportTable) -> list[tuple[str, float]]:
    """The tiers and their thresholds, the highest first."""
    return sorted(table.tiers.items(), key=lambda each: -each[1])


def tier_of(table: ExportTable) -> Callable[[Sequence[ProjectedLabel]], str | None]:
    """What names the tier of a sentence from its labels.

    A sentence is as good as its least certain label, and is in the highest tier whose threshold that reaches. It has
    no tier when it reaches none, or has no labels.
    """
    steps = steps_of(table)
    by_margin = table.tier_by == "margin"

    def tier(labels: Sequence[ProjectedLabel]) -> str | None:
        if not labels:
            return None
        least = min(each.margin if by_margin else each.score for each in labels)
        return next((name for name, threshold in steps if least >= threshold), None)

    return tier

"""How two ways of choosing sources differ, by a hierarchical bootstrap that draws the same items for both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.errors import UsageError
from xprojdb.study.report.bootstrap import item_weights, resampled_means
from xprojdb.study.report.measurements import Measurement


@dataclass(frozen=True)
class Difference:
    """The mean over targets of one way's mean score less the other's, in percent.

    :param low, high: its interval.
    :param targets: that both ways are measured on.
    """

    value: float
    low: float
    high: float
    targets: int

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out 0."""
        return self.low > 0 or self.high < 0


def paired_difference(
    one: Sequence[Measurement],
    other: Sequence[Measurement],
    *,
    resamples: int = 1000,
    seed: int = 0,
    confidence: float = 0.95,
) -> Difference:
    """Compare two sets of models on the targets that both are measured on.

    Targets, test items, subsets of sources and trainings are drawn anew; targets and test items are the same for both.

    :param one, other: measurements on the same test items of each target, in the same order.
    :raises UsageError: when no target has measurements of both (``no-common-target``), or a target's test items differ
        (``items-differ``).
    """
    targets = sorted({entry.target for entry in one} & {entry.target for entry in other})
    if not targets:
        hint = "measure both on the same targets"
        raise UsageError("no target is measured in both", hint=hint, reason="no-common-target")
    rng = np.random.default_rng(seed)
    gaps: list[Floats] = []
    levels: list[float] = []
    for target in targets:
        mine, theirs = ([entry for entry in own if entry.target == target] for own in (one, other))
        items = {len(entry.counts) for entry in (*mine, *theirs)}
        if len(items) != 1:
            hint = "compare studies with the same corpora, test split, limit and seed"
            message = f"the measurements of {target} are on different test items"
            raise UsageError(message, hint=hint, lang=target, reason="items-differ")
        weights = item_weights(items.pop(), resamples, rng)
        gaps.append(resampled_means(mine, weights, rng) - resampled_means(theirs, weights, rng))
        levels.append(_mean(mine) - _mean(theirs))
    chosen = rng.integers(0, len(targets), (resamples, len(targets)))
    drawn = np.stack(gaps)[chosen, np.arange(resamples)[:, None]].mean(1)
    low, high = np.percentile(drawn, [50 * (1 - confidence), 50 * (1 + confidence)]).tolist()
    return Difference(float(np.mean(levels)), low, high, len(targets))


def _mean(own: Sequence[Measurement]) -> float:
    return float(np.mean([entry.score for entry in own]))

"""Everything that a report says, computed once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from xprojdb.study.report.bootstrap import Point, curve
from xprojdb.study.report.effects import (
    BestSingle,
    Correlation,
    Saturation,
    Slope,
    best_singles,
    saturation,
    slope,
    task_correlations,
)
from xprojdb.study.report.measurements import Series, StudyData


@dataclass(frozen=True)
class SeriesAnalysis:
    """A series: its curve, and what it comes to.

    :param targets: by target and k, mean, least and largest score.
    """

    series: Series
    points: list[Point]
    slope: Slope
    saturation: Saturation
    best: list[BestSingle]
    targets: dict[str, dict[int, tuple[float, float, float]]]


@dataclass(frozen=True)
class Analysis:
    """A study.

    :param warnings: what weakens it.
    """

    data: StudyData
    resamples: int
    seed: int
    series: list[SeriesAnalysis]
    correlations: list[Correlation]
    warnings: list[str] = field(default_factory=list)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values, without the counts of test items."""
        data = self.data
        return {
            "study": data.name,
            "digest": data.digest,
            "cells": data.cells,
            "measured": data.measured,
            "encoder": {"model": data.encoder[0], "revision": data.encoder[1]},
            "training": data.training,
            "measures": data.measures,
            "corpora": data.corpora,
            "translated": data.translated,
            "bootstrap": {"resamples": self.resamples, "seed": self.seed},
            "series": [_fields(series) for series in self.series],
            "correlations": [asdict(correlation) for correlation in self.correlations],
            "warnings": self.warnings,
            "models": sorted({measurement.model for measurement in data.measurements}),
            "recipe": data.text,
        }


def _fields(analysis: SeriesAnalysis) -> dict[str, Any]:
    result = asdict(analysis)
    result["series"] = analysis.series._asdict()
    result["targets"] = {
        target: {str(k): dict(zip(("mean", "least", "largest"), own, strict=True)) for k, own in by_k.items()}
        for target, by_k in analysis.targets.items()
    }
    return result


def analyse(data: StudyData, *, resamples: int = 1000, seed: int = 0) -> Analysis:
    """Compute what a report says.

    :raises MissingExtra: without statsmodels, scipy or pandas.
    """
    series = [analyse_series(data, entry, resamples, seed) for entry in data.series]
    return Analysis(data, resamples, seed, series, task_correlations(data), weaknesses(data))


def analyse_series(data: StudyData, series: Series, resamples: int, seed: int) -> SeriesAnalysis:
    """What a report says of one series.

    :raises MissingExtra: without statsmodels, scipy or pandas.
    """
    own = data.of(series)
    points = curve(own, resamples=resamples, seed=seed)
    return SeriesAnalysis(
        series, points, slope(own), saturation(points), best_singles(data, series), _targets(data, series)
    )


def _targets(data: StudyData, series: Series) -> dict[str, dict[int, tuple[float, float, float]]]:
    results: dict[str, dict[int, tuple[float, float, float]]] = {}
    for target in data.targets(series):
        for k in data.ks(series):
            scores = [entry.score for entry in data.of(series, k) if entry.target == target]
            if scores:
                results.setdefault(target, {})[k] = (sum(scores) / len(scores), min(scores), max(scores))
    return results


def weaknesses(data: StudyData) -> list[str]:
    """What weakens a study, as sentences."""
    results = []
    if data.measured < data.cells:
        results.append(f"{data.cells - data.measured:,} of {data.cells:,} cells are not trained yet")
    if data.choice[0] == "rotations" and len({measurement.ordering for measurement in data.measurements}) < 2:
        results.append("one order of the pool: which sources stand together is chance")
    if len({measurement.seed for measurement in data.measurements}) < 2:
        results.append("one training of each subset: chance in training cannot be told from the choice of sources")
    empty = sum(int(measurement.counts[:, 1].sum()) == 0 for measurement in data.measurements)
    if empty:
        results.append(f"{empty:,} of {len(data.measurements):,} measurements are of models that find no entity at all")
    lacking = {series: _incomplete(data, series) for series in data.series}
    for series, targets in lacking.items():
        if targets:
            message = f"{series.title}: {', '.join(targets)} lack a number of sources, and are left out of its curve"
            results.append(message)
    return results


def _incomplete(data: StudyData, series: Series) -> list[str]:
    ks = data.ks(series)
    own = data.of(series)
    return [
        target for target in data.targets(series) if {entry.k for entry in own if entry.target == target} != set(ks)
    ]

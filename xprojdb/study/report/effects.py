"""What the curves come to: the gain of a doubling, where it ends, and whether one good source is as good as many."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from xprojdb.extras import require
from xprojdb.study.report.bootstrap import Point
from xprojdb.study.report.measurements import Measurement, Series, StudyData

#: how many times the largest k a limit may be extrapolated to
_FURTHEST = 10


@dataclass(frozen=True)
class Slope:
    """Points for each doubling of the number of sources, with targets and subsets as random effects.

    :param problem: why there is none.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    problem: str = ""


def slope(measurements: Sequence[Measurement]) -> Slope:
    """Fit score ~ log2 k by a mixed model (restricted maximum likelihood, statsmodels).

    :raises MissingExtra: without statsmodels or pandas.
    """
    if (
        len({measurement.k for measurement in measurements}) < 2
        or len({measurement.target for measurement in measurements}) < 2
    ):
        return Slope(problem="it takes two numbers of sources and two targets")
    pandas, formula = require("pandas", "study"), require("statsmodels.formula.api", "study")
    rows = [
        {
            "y": measurement.score,
            "doublings": np.log2(measurement.k),
            "target": measurement.target,
            "subset": "+".join(sorted(measurement.sources)),
            "one": 1,
        }
        for measurement in measurements
    ]
    parts = {"target": "0 + C(target)", "subset": "0 + C(subset)"}
    with warnings.catch_warnings(record=True) as raised:
        warnings.simplefilter("always")
        try:
            model = formula.mixedlm("y ~ doublings", pandas.DataFrame(rows), groups="one", vc_formula=parts)
            fitted = model.fit(reml=True)
            low, high = fitted.conf_int().loc["doublings"].tolist()
            value, p = float(fitted.params["doublings"]), float(fitted.pvalues["doublings"])
        except (np.linalg.LinAlgError, ValueError) as error:
            return Slope(problem=f"the mixed model could not be fitted: {error}")
    if not np.isfinite([value, low, high]).all():
        return Slope(problem="the mixed model gave no interval")
    doubt = next((str(warning.message) for warning in raised if "Convergence" in type(warning.message).__name__), "")
    return Slope(value, float(low), float(high), p, problem=doubt)


@dataclass(frozen=True)
class Saturation:
    """A fit of a - b * k ** -c to the levels.

    :param limit: a, what endlessly many sources would reach.
    :param k95: with how many 95 % of the gain over one source is there.
    :param problem: why there is none.
    """

    limit: float | None = None
    gain: float | None = None
    rate: float | None = None
    k95: float | None = None
    problem: str = ""


def saturation(points: Sequence[Point]) -> Saturation:
    """Fit a curve that levels off.

    :raises MissingExtra: without scipy.
    """
    if len(points) < 4:
        return Saturation(problem="it takes four numbers of sources")
    fit = require("scipy.optimize", "study").curve_fit
    k, level = np.array([point.k for point in points], float), np.array([point.level for point in points])
    start = [level[-1] + 2, max(level[-1] - level[0] + 2, 0.1), 1.0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (limit, gain, rate), _ = fit(_levelling, k, level, p0=start, bounds=([0, 0, 0.05], [100, 100, 5]))
    except (RuntimeError, ValueError) as error:
        return Saturation(problem=f"it could not be fitted: {error}")
    curve = (float(limit), float(gain), float(rate))
    k95 = float(20 ** (1 / rate))
    if gain < 0.05 or rate > 4.99:
        return Saturation(*curve, problem="the levels hardly change after the first step")
    if limit > 99.9 or k95 > _FURTHEST * k[-1]:
        return Saturation(*curve, problem="the levels do not level off in this range")
    return Saturation(*curve, k95=k95)


def _levelling(k: Any, limit: float, gain: float, rate: float) -> Any:
    return limit - gain * np.power(k, -rate)


@dataclass(frozen=True)
class BestSingle:
    """For a target, the best and the worst single source, chosen with its own gold, and models of the most sources.

    :param mean, best: of the models with the most sources.
    """

    target: str
    source: str
    single: float
    worst: float
    k: int
    mean: float
    best: float


def best_singles(data: StudyData, series: Series) -> list[BestSingle]:
    """One for each target that has several single sources to choose from, and models of more.

    A ranked study has but one of a target, its nearest, which nobody's gold has chosen.
    """
    most, result = max(data.ks(series)), []
    for target in data.targets(series):
        one = _means_by_subset([entry for entry in data.of(series, 1) if entry.target == target])
        many = _means_by_subset([entry for entry in data.of(series, most) if entry.target == target])
        if len(one) > 1 and many and most > 1:
            source = max(one, key=lambda sources: (one[sources], sources))
            scores = list(many.values())
            worst = min(one.values())
            result.append(BestSingle(target, source[0], one[source], worst, most, float(np.mean(scores)), max(scores)))
    return result


def _means_by_subset(models: Sequence[Measurement]) -> dict[tuple[str, ...], float]:
    results: dict[tuple[str, ...], list[float]] = {}
    for model in models:
        results.setdefault(tuple(sorted(model.sources)), []).append(model.score)
    return {sources: float(np.mean(scores)) for sources, scores in results.items()}


@dataclass(frozen=True)
class Correlation:
    """Whether what helps one task helps the other: over cells of the same sources and target, less each k's mean."""

    regime: str
    arm: str
    cells: int
    r: float


def task_correlations(data: StudyData) -> list[Correlation]:
    """Of entities with pairs, for each kind of budget and each arm of the pairs."""
    results = []
    for other in [series for series in data.series if series.task == "nli"]:
        mine = _residuals(data, Series("ner", "raw", other.regime))
        theirs = _residuals(data, other)
        both = sorted(mine.keys() & theirs.keys())
        if len(both) > 2:
            pair = np.array([[mine[key], theirs[key]] for key in both])
            results.append(Correlation(other.regime, other.arm, len(both), float(np.corrcoef(pair.T)[0, 1])))
    return results


def _residuals(data: StudyData, series: Series) -> Mapping[tuple[Any, ...], float]:
    results: dict[tuple[Any, ...], float] = {}
    for k in data.ks(series):
        own = data.of(series, k)
        means = {
            target: np.mean([item.score for item in own if item.target == target]) for target in data.targets(series)
        }
        for entry in own:
            results[k, tuple(sorted(entry.sources)), entry.target] = float(entry.score - means[entry.target])
    return results

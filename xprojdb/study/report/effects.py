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
    if len({each.k for each in measurements}) < 2 or len({each.target for each in measurements}) < 2:
        return Slope(problem="it takes two numbers of sources and two targets")
    pandas, formula = require("pandas", "study"), require("statsmodels.formula.api", "study")
    rows = [
        {
            "y": each.score,
            "doublings": np.log2(each.k),
            "target": each.target,
            "subset": "+".join(sorted(each.sources)),
            "one": 1,
        }
        for each in measurements
    ]
    parts = {"target": "0 + C(target)", "subset": "0 + C(subset)"}
    with warnings.catch_warnings(record=True) as told:
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
    doubt = next((str(each.message) for each in told if "Convergence" in type(each.message).__name__), "")
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
    k, level = np.array([each.k for each in points], float), np.array([each.level for each in points])
    start = [level[-1] + 2, max(level[-1] - level[0] + 2, 0.1), 1.0]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            (limit, gain, rate), _ = fit(_levelling, k, level, p0=start, bounds=([0, 0, 0.05], [100, 100, 5]))
    except (RuntimeError, ValueError) as error:
        return Saturation(problem=f"it could not be fitted: {error}")
    told = (float(limit), float(gain), float(rate))
    k95 = float(20 ** (1 / rate))
    if gain < 0.05 or rate > 4.99:
        return Saturation(*told, problem="the levels hardly change after the first step")
    if limit > 99.9 or k95 > _FURTHEST * k[-1]:
        return Saturation(*told, problem="the levels do not level off in this range")
    return Saturation(*told, k95=k95)


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
    """One for each target that has both."""
    most, found = max(data.ks(series)), []
    for target in data.targets(series):
        one = _means_by_subset([each for each in data.of(series, 1) if each.target == target])
        many = _means_by_subset([each for each in data.of(series, most) if each.target == target])
        if one and many and most > 1:
            source = max(one, key=lambda sources: (one[sources], sources))
            scores = list(many.values())
            worst = min(one.values())
            found.append(BestSingle(target, source[0], one[source], worst, most, float(np.mean(scores)), max(scores)))
    return found


def _means_by_subset(models: Sequence[Measurement]) -> dict[tuple[str, ...], float]:
    found: dict[tuple[str, ...], list[float]] = {}
    for each in models:
        found.setdefault(tuple(sorted(each.sources)), []).append(each.score)
    return {sources: float(np.mean(scores)) for sources, scores in found.items()}


@dataclass(frozen=True)
class Correlation:
    """Whether what helps one task helps the other: over cells of the same sources and target, less each k's mean."""

    regime: str
    arm: str
    cells: int
    r: float


def task_correlations(data: StudyData) -> list[Correlation]:
    """Of entities with pairs, for each kind of budget and each arm of the pairs."""
    found = []
    for other in [each for each in data.series if each.task == "nli"]:
        mine = _residuals(data, Series("ner", "raw", other.regime))
        theirs = _residuals(data, other)
        both = sorted(mine.keys() & theirs.keys())
        if len(both) > 2:
            pair = np.array([[mine[key], theirs[key]] for key in both])
            found.append(Correlation(other.regime, other.arm, len(both), float(np.corrcoef(pair.T)[0, 1])))
    return found


def _residuals(data: StudyData, series: Series) -> Mapping[tuple[Any, ...], float]:
    found: dict[tuple[Any, ...], float] = {}
    for k in data.ks(series):
        own = data.of(series, k)
        means = {
            target: np.mean([each.score for each in own if each.target == target]) for target in data.targets(series)
        }
        for each in own:
            found[k, tuple(sorted(each.sources)), each.target] = float(each.score - means[each.target])
    return found

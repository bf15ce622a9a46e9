"""What a study says: intervals that hold the truth of made-up scores, slopes, limits, and files that stand alone."""

from __future__ import annotations

import numpy as np
import pytest

from xprojdb.errors import UsageError
from xprojdb.study.report.analysis import analyse, weaknesses
from xprojdb.study.report.bootstrap import Point, curve, subset_spread
from xprojdb.study.report.effects import best_singles, saturation, slope, task_correlations
from xprojdb.study.report.measurements import Measurement, Series, StudyData
from xprojdb.study.report.methods import methods_paragraph
from xprojdb.study.report.paired import paired_difference
from xprojdb.study.report.tables import as_latex

NER, NLI = Series("ner", "raw", "fixed"), Series("nli", "raw", "fixed")
TARGETS = ("a", "b", "c", "d", "e")


def measurement(k: int, place: int, target: str, score: float, series: Series = NER, items: int = 200) -> Measurement:
    """One whose score comes from as many right items as that takes."""
    right = np.zeros((items, 3), np.int32)
    right[:, 1:] = 1
    right[: round(score / 100 * items), 0] = 1
    sources = tuple(f"s{place}-{n}" for n in range(k))
    return Measurement(series, k, 0, place, 0, sources, target, float(right[:, 0].mean() * 100), right, f"m{k}", 1.0)


def made_up(gain: float = 4.0, noise: float = 1.0, series: Series = NER, seed: int = 0) -> list[Measurement]:
    rng = np.random.default_rng(seed)
    level = {target: 50 + 5 * number for number, target in enumerate(TARGETS)}
    return [
        measurement(k, place, target, level[target] + gain * np.log2(k) + noise * rng.normal(), series)
        for k in (1, 2, 4, 8)
        for place in range(6)
        for target in TARGETS
    ]


def study(measurements: list[Measurement]) -> StudyData:
    return StudyData("s", "0" * 64, "", 1, 1, measurements, {}, [], {}, ("encoder", "revision"))


def test_the_interval_of_a_gain_holds_it_and_not_zero():
    points = {point.k: point for point in curve(made_up(), resamples=300)}
    for k, gain in ((2, 4), (4, 8), (8, 12)):
        assert points[k].gain_low < gain < points[k].gain_high
        assert points[k].gain_low > 0
    assert points[1].gain == 0
    assert points[8].level == pytest.approx(72, abs=1.5)


def test_without_a_gain_the_interval_holds_zero():
    for point in curve(made_up(gain=0, seed=3), resamples=300)[1:]:
        assert point.gain_low < 0 < point.gain_high


def test_levels_are_less_sure_than_differences():
    (*_, last) = curve(made_up(), resamples=300)
    assert last.high - last.low > 2 * (last.gain_high - last.gain_low)


def test_a_target_that_lacks_a_k_is_left_out_of_the_curve():
    lone = [entry for entry in made_up() if not (entry.target == "e" and entry.k == 8)]
    whole = [entry for entry in made_up() if entry.target != "e"]
    assert [point.level for point in curve(lone, resamples=20)] == [p.level for p in curve(whole, resamples=20)]


def test_a_curve_ends_before_a_number_of_sources_that_no_target_has_with_the_others():
    begun = [measurement(1, 0, "a", 40), measurement(2, 0, "a", 45), measurement(4, 0, "b", 50)]
    assert [(point.k, point.level) for point in curve(begun, resamples=5)] == [(1, 40), (2, 45)]


def test_numbers_of_a_table_for_latex_have_a_minus():
    data = study(made_up(gain=-4.0))
    text = as_latex(analyse(data, resamples=5))
    assert "$-$" in text and "[-" not in text and "--" in text


def test_the_same_seed_gives_the_same_intervals():
    assert curve(made_up(), resamples=50, seed=1) == curve(made_up(), resamples=50, seed=1)
    assert curve(made_up(), resamples=50, seed=1) != curve(made_up(), resamples=50, seed=2)


def test_the_spread_is_that_over_subsets_within_targets():
    own = [
        measurement(2, place, target, score)
        for target, base in (("a", 30), ("b", 70))
        for place, score in ((0, base - 2), (1, base + 2))
    ]
    assert subset_spread(own) == pytest.approx(np.sqrt(8))
    assert subset_spread(own[:1]) is None


def test_the_slope_is_that_of_a_doubling():
    result = slope(made_up())
    assert result.low < 4 < result.high
    assert result.value == pytest.approx(4, abs=0.5)
    assert slope([entry for entry in made_up() if entry.k == 1]).value is None


def points(levels: dict[int, float]) -> list[Point]:
    return [Point(k, level, level, level, 0, 0, 0, None, 1) for k, level in levels.items()]


def test_a_curve_that_levels_off_says_where():
    result = saturation(points({k: 60 - 10 * k**-1.5 for k in (1, 2, 4, 8, 12)}))
    assert (result.limit, result.k95) == (pytest.approx(60, abs=0.1), pytest.approx(20 ** (1 / 1.5), abs=0.2))


@pytest.mark.parametrize(
    "levels", [{1: 50.0, 2: 51.0, 4: 52.0}, dict.fromkeys((1, 2, 4, 8), 50.0), {1: 50, 2: 55, 4: 60, 8: 65}]
)
def test_one_that_does_not_says_so(levels):
    result = saturation(points(levels))
    assert result.k95 is None and result.problem


def test_the_best_single_source_is_compared_with_many():
    own = [
        measurement(1, 0, "a", 40),
        measurement(1, 1, "a", 60),
        measurement(2, 0, "a", 50),
        measurement(2, 1, "a", 54),
    ]
    (result,) = best_singles(study(own), NER)
    assert (result.source, result.single, result.worst, result.mean, result.best) == ("s1-0", 60, 40, 52, 54)


def test_the_nearest_source_is_no_best_single_source():
    """A ranked study has one single source of a target, which its gold has not chosen."""
    assert best_singles(study([measurement(1, 0, "a", 40), measurement(2, 0, "a", 50)]), NER) == []


def test_a_paired_difference_is_free_of_targets_and_of_test_items():
    better = made_up(seed=1)
    worse = [measurement(e.k, e.place, e.target, e.score - 3) for e in better]
    found = paired_difference(better, worse, resamples=300)
    assert found.targets == len(TARGETS) and found.sure
    assert found.value == pytest.approx(3, abs=0.3) and found.low < 3 < found.high
    level = curve(of_k(better, 4), resamples=300)[0]
    assert found.high - found.low < (level.high - level.low) / 2
    assert paired_difference(better, worse, resamples=300) == found


def test_a_paired_difference_of_the_same_models_is_not_sure():
    same = paired_difference(made_up(), made_up(), resamples=200)
    assert same.value == 0 and not same.sure


def test_only_targets_with_both_are_compared():
    other = [entry for entry in made_up(seed=1) if entry.target in "ab"]
    assert paired_difference(made_up(), other, resamples=20).targets == 2
    with pytest.raises(UsageError) as refused:
        paired_difference(made_up(), [measurement(1, 0, "z", 50)])
    assert refused.value.reason == "no-common-target"


def test_other_test_items_are_not_compared():
    with pytest.raises(UsageError) as refused:
        paired_difference(made_up(), [measurement(1, 0, "a", 50, items=100)])
    assert (refused.value.reason, refused.value.lang) == ("items-differ", "a")


def of_k(measurements: list[Measurement], k: int) -> list[Measurement]:
    return [entry for entry in measurements if entry.k == k]


def methods_of(text: str) -> str:
    training = {"layer": 8, "head": "mlp", "hidden": 32, "pooling": "mean", "steps": 10, "batch": 64}
    measures = {"ner": {"split": "test", "tests": {}}}
    data = StudyData("s", "0" * 64, text, 1, 1, made_up(), measures, [], training, ("encoder", "revision"))
    return methods_paragraph(analyse(data, resamples=5))


def test_the_methods_say_how_sources_were_chosen_and_how_much_they_have():
    rotations = methods_of('[study]\nunit = "entities"\nbudgets = { fixed = 1360 }')
    assert "1 order of the pool, with 1 training each." in rotations
    assert "What they learn is gold; a fixed budget of 1,360 entities is shared by all sources." in rotations
    ranked = methods_of('[train]\nfrom = "news"\n[study]\nsubsets = "ranked"\nnear = "syntax"')
    assert "The sources of each target were the k nearest to it, by what URIEL" in ranked
    assert "orders of the pool" not in ranked and "labels that the recipe news projected" in ranked
    assert "the one least like those they had" in methods_of('[study]\nsubsets = "diverse"')


def test_only_rotations_are_warned_of_one_order():
    def told(text: str) -> bool:
        data = StudyData("s", "0" * 64, text, 1, 1, made_up(), {}, [], {}, ("encoder", "revision"))
        return any("one order of the pool" in warning for warning in weaknesses(data))

    assert told("") and not told('[study]\nsubsets = "diverse"')


def test_tasks_correlate_over_cells_and_not_over_targets():
    same = study(made_up() + made_up(series=NLI))
    other = study(made_up() + made_up(series=NLI, seed=9))
    assert task_correlations(same)[0].r == pytest.approx(1)
    assert abs(task_correlations(other)[0].r) < 0.4

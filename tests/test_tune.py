"""The grid: equal to running and evaluating every setting, chosen on one half and reported on the other."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from statistics import mean
from typing import Any

import numpy as np
import pytest
from gold_sample import SENTENCES, import_gold
from projection_sample import plan_of
from test_step_score import Noisy

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.evaluation.tune import grid_recipe
from xprojdb.evaluation.tuned_recipe import kept_plan
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import load_plan

TOP = 'source = ["en"]\ntarget = ["de", "es"]'
SCORERS = (
    '[[scorer]]\nname = "s"\nmin_score = 0.1\n[[scorer]]\nname = "a"\ntype = "link_dice"\n'
    "min_score = 0.1\nweight = {a}\n"
)
PROJECT = '[project]\nmin_score = {threshold}\nsolver = "{solver}"\n{more}\n'


def _sides(times: int) -> dict[str, list[str]]:
    """The sample again and again, every time a word longer, so that links differ."""
    return {
        lang: [f"{line} {'x ' * n}".strip() for n in range(times) for line in SENTENCES[lang]] for lang in SENTENCES
    }


def _plan(
    database: Database, folder: Path, a: float = 1.0, threshold: float = 0.4, solver: str = "exact", more: str = ""
) -> Plan:
    settings = SCORERS.format(a=a) + PROJECT.format(threshold=threshold, solver=solver, more=more)
    return plan_of(database, folder, settings, top=TOP, aligner=Noisy())


@pytest.mark.slow
@pytest.mark.parametrize(
    "more", ["", 'candidates_per_entity = "<= 2"', 'adjective_label = "drop"\nadjective_from = ["LOC", "ORG"]']
)
def test_every_point_is_what_a_run_with_its_settings_gives(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, row_counts: Any, more: str
) -> None:
    sides = _sides(8)
    sides["de"] = [line.replace("Turin/B-LOC", "turin/B-LOC") for line in sides["de"]]
    import_gold(database, write_conll, sides, split="train")
    run_plan(database, _plan(database, tmp_path, more=more))
    before = row_counts(database)
    grid = grid_recipe(
        database,
        load_plan(database, "sample"),
        weights={"a": [0.5, 1.0]},
        thresholds=[0.3, 0.8],
        solvers=("exact", "greedy"),
    )
    assert row_counts(database) == before, "a grid stores nothing"
    assert len(grid.points) == 8
    assert grid.points == sorted(grid.points, key=lambda each: -each.mean)
    assert len({item.mean for item in grid.points}) > 2
    for entry in grid.points:
        point = entry.point
        plan = _plan(database, tmp_path, point.weights["a"], point.threshold, point.solver, more)
        run_plan(database, plan)
        by_name = {
            score.projection.direction: score.total[0].f1 for score in evaluate_projections(database, plan.projections)
        }
        assert entry.f1 == pytest.approx(by_name)
        assert entry.mean == pytest.approx(mean(by_name.values()))


def test_what_is_chosen_on_one_half_is_reported_on_the_other(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_gold(sqlite_database, write_conll, _sides(10), split="train")
    plan = _plan(sqlite_database, tmp_path)
    run_plan(sqlite_database, plan)
    settings: dict[str, Any] = {"weights": {"a": [0.0, 0.3, 1.0]}, "thresholds": [0.2, 0.5, 0.9]}
    grid = grid_recipe(sqlite_database, plan, **settings, folds=2, seed=4)
    assert sum(fold.sentences for fold in grid.folds) == sum(grid.sentences.values()) == 80
    # The same sentences are in a fold of every language: each fold has as many of one as of the other.
    assert all(fold.sentences % 2 == 0 for fold in grid.folds)
    assert max(fold.sentences for fold in grid.folds) == 40
    for fold in grid.folds:
        assert fold.chosen.point == fold.reported.point
        assert fold.chosen.f1 != fold.reported.f1
    assert set(grid.held_out) == {"en → de", "en → es"}
    assert (
        min(f.reported.mean for f in grid.folds)
        <= grid.held_out_mean
        <= max(f.reported.mean for f in grid.folds) + 0.05
    )
    again = grid_recipe(sqlite_database, plan, **settings, folds=2, seed=4)
    assert again == grid
    alone = grid_recipe(sqlite_database, plan, folds=2)
    assert alone.held_out == pytest.approx(alone.points[0].f1)


def test_powers_raise_the_stored_scores(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_gold(sqlite_database, write_conll, _sides(6), split="train")
    run_plan(sqlite_database, _plan(sqlite_database, tmp_path))
    plan = load_plan(sqlite_database)
    grid = grid_recipe(sqlite_database, plan, weights={"a": [0.0]}, powers={"s": [1.0, 2.0]}, thresholds=[0.36, 0.6])
    by = {(point.point.powers.get("s", 1.0), point.point.threshold): point.f1 for point in grid.points}
    assert by[2.0, 0.36] != by[1.0, 0.36]
    single = grid_recipe(sqlite_database, plan, weights={"a": [0.0]}, powers={"a": [1.0, 2.0, 3.0]})
    assert len(single.points) == 1, "a scorer without weight has no power"
    with pytest.raises(UsageError) as caught:
        kept_plan(plan, next(point.point for point in grid.points if point.point.powers), "best")
    assert caught.value.scorer == "s"


def test_the_best_point_can_be_kept(database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> None:
    import_gold(database, write_conll, _sides(6), split="train")
    run_plan(database, _plan(database, tmp_path))
    plan = load_plan(database)
    best = grid_recipe(database, plan, weights={"a": [0.0]}, thresholds=[0.2, 0.5]).points[0]
    report = run_plan(database, kept_plan(plan, best.point, "best"), command="tune")
    assert [step.done for step in report.steps if step.done] == [48]
    kept = load_plan(database, "best")
    assert {name: dict(entry.step.weights) for name, entry in zip("de", kept.projections, strict=False)} == {
        "d": {"s": 1.0},
        "e": {"s": 1.0},
    }
    scores = evaluate_projections(database, kept.projections)
    assert {score.projection.direction: score.total[0].f1 for score in scores} == pytest.approx(best.f1)
    assert load_plan(database, "sample").projections[0].step.weights == {"s": 1.0, "a": 1.0}


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"weights": {"b": [1.0]}}, "scorer", "b"),
        ({"weights": {"a": [-1.0]}}, "what", "weight of a"),
        ({"powers": {"a": [np.nan]}}, "what", "power of a"),
        ({"thresholds": [np.inf]}, "what", "threshold"),
        ({"folds": 1}, "value", 1),
    ],
)
def test_a_grid_that_makes_no_sense_is_refused(
    sqlite_database: Database,
    write_conll: Callable[..., Path],
    tmp_path: Path,
    settings: dict[str, Any],
    field: str,
    value: object,
) -> None:
    import_gold(sqlite_database, write_conll, SENTENCES, split="train")
    run_plan(sqlite_database, _plan(sqlite_database, tmp_path))
    with pytest.raises(UsageError) as caught:
        grid_recipe(sqlite_database, load_plan(sqlite_database), **settings)
    assert getattr(caught.value, field) == value


def test_a_heuristic_has_no_scores(sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path) -> None:
    import_gold(sqlite_database, write_conll, SENTENCES, split="train")
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, '[project]\nmethod = "heuristic"\n', top=TOP))
    with pytest.raises(UsageError) as caught:
        grid_recipe(sqlite_database, load_plan(sqlite_database))
    assert caught.value.recipe == "sample"


@pytest.mark.slow
def test_the_command(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, run_cli: Callable[..., Any]
) -> None:
    import_gold(sqlite_database, write_conll, _sides(4), split="train")
    run_plan(sqlite_database, _plan(sqlite_database, tmp_path))
    db = ("--db", str(tmp_path / "test.db"))
    done = run_cli(*db, "tune", "sample", "--weights", "a=0:1:0.5", "--threshold", "0.3,0.6", "--folds", "2", "--json")
    assert done.code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert len(answer["points"]) == 6
    assert {entry["threshold"] for entry in answer["points"]} == {0.3, 0.6}
    assert answer["held_out_mean"] == pytest.approx(mean(answer["held_out"].values()))
    shown = run_cli(*db, "tune", "sample", "--solver", "greedy", "--keep", "best")
    assert "1 a + 1 s > 0.4, greedy" in shown.stdout
    assert run_cli(*db, "evaluate", "--recipe", "best").code == 0
    assert run_cli(*db, "tune", "sample", "--threshold", "0.6:0.3:0.1").code == 2
    assert run_cli(*db, "tune", "sample", "--weights", "0.5").code == 2

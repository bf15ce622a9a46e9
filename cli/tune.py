"""``xprojdb grid``: weights, thresholds and solvers compared on gold, from the stored scores."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.bounds import FOLDS, ROWS, SEED
from xprojdb.cli.output import as_json, console, gold_option, gold_step_of, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.db import Database
    from xprojdb.evaluation.tune import Point, Scored, Tuning
    from xprojdb.planning.plan import Plan

_MOST_POINTS = 1_000_000


def _numbers(text: str) -> list[float]:
    """``0.2:0.6:0.1`` (both ends included), ``0.2,0.4``, or one number."""
    try:
        if ":" not in text:
            return [float(part) for part in text.split(",")]
        first, last, step = map(float, text.split(":"))
        count = round((last - first) / step, 9)
        if not 0 <= count < _MOST_POINTS:
            raise ValueError
    except (ValueError, ZeroDivisionError) as error:
        raise click.BadParameter(f"{text!r} is not FROM:TO:STEP, a list such as 0.2,0.4, or a number") from error
    # Rounded, so that 0.1 three times is 0.3: the threshold is part of a step's digest.
    return [round(first + n * step, 9) for n in range(int(count) + 1)]


def _range(_context: click.Context, _option: click.Parameter, text: str | None) -> list[float]:
    return [] if text is None else _numbers(text)


def _named_ranges(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, list[float]]:
    found = {}
    for text in texts:
        name, equals, values = text.rpartition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not SCORER=FROM:TO:STEP")
        found[name] = _numbers(values)
    return found


@click.command()
@click.argument("recipe")
@click.option("--weights", multiple=True, callback=_named_ranges, metavar="SCORER=VALUES", help="Of one scorer.")
@click.option("--power", "powers", multiple=True, callback=_named_ranges, metavar="SCORER=VALUES", help="Of its score.")
@click.option("--threshold", "thresholds", callback=_range, metavar="VALUES", help="Of the weighted sum.")
@click.option("--solver", "solvers", multiple=True, type=click.Choice(["exact", "greedy"]), help="May be repeated.")
@click.option("--folds", type=FOLDS, default=0, metavar="N", help="Choose on N-1 parts, report on the other.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the folds.")
@click.option("--top", type=ROWS, default=10, show_default=True, help="How many of the best points to print.")
@gold_option
@click.option("--keep", metavar="NAME", help="Store the best point as steps of a recipe NAME, and run it.")
@as_json
def command(
    recipe: str,
    weights: dict[str, list[float]],
    powers: dict[str, list[float]],
    thresholds: list[float],
    solvers: tuple[Any, ...],
    folds: int,
    seed: int,
    top: int,
    gold: str | None,
    keep: str | None,
    as_json: bool,
) -> None:
    """Solve a recipe's matches with many settings, from the stored scores, and compare them with gold.

    RECIPE is the name of a recipe that has been run, or its file. VALUES are FROM:TO:STEP, a list such as 0.2,0.4, or
    one number; what is not given is as in the recipe. No model runs, and without --keep nothing is stored.
    """
    from xprojdb.evaluation.tune import grid_recipe
    from xprojdb.planning.store import load_plan

    with open_current() as database:
        plan = load_plan(database, _name(recipe))
        found = grid_recipe(
            database,
            plan,
            weights=weights,
            thresholds=thresholds,
            powers=powers,
            solvers=solvers,
            folds=folds,
            seed=seed,
            gold_step=gold_step_of(database, gold),
        )
        if keep is not None:
            _keep(database, plan, found.points[0].point, keep)
    if as_json:
        points = [_as_dict(each) for each in found.points]
        print_json({"sentences": found.sentences, "points": points, **_held_out(found)})
    else:
        show_grid(found, top)
        if keep is not None:
            click.echo(f"kept as recipe {keep}: xprojdb evaluate --recipe {keep}")


def _name(recipe: str) -> str:
    from xprojdb.config.recipe import read_recipe

    path = Path(recipe)
    return read_recipe(path).recipe.name if path.suffix == ".toml" or path.is_file() else recipe


def _keep(database: Database, plan: Plan, point: Point, name: str) -> None:
    from xprojdb.evaluation.tuned_recipe import kept_plan
    from xprojdb.execution.run import run_plan

    run_plan(database, kept_plan(plan, point, name), command="grid")


def show_grid(found: Tuning, top: int) -> None:
    """Print the best points on all sentences, then what the folds chose and how it did on the others."""
    directions = list(found.sentences)
    click.echo(f"{len(found.points):,} points; " + ", ".join(f"{k}: {n:,} pairs" for k, n in found.sentences.items()))
    shown = table("settings", *(f"{name}>" for name in directions), "mean F1>")
    for each in found.points[:top]:
        shown.add_row(*_row(_told(each.point), each, directions))
    for number, fold in enumerate(found.folds, 1):
        shown.add_section()
        head = f"fold {number}: {_told(fold.chosen.point)}"
        shown.add_row(*_row(f"{head}, where it was chosen", fold.chosen, directions))
        shown.add_row(*_row(f"{head}, on the other {fold.sentences:,} pairs", fold.reported, directions), style="bold")
    if found.folds:
        shown.add_section()
        figures = [*found.held_out.values(), found.held_out_mean]
        shown.add_row("all sentences, settings chosen on the others", *map(_percent, figures), style="bold")
    console().print(shown)


def _row(head: str, each: Scored, directions: list[str]) -> list[str]:
    return [head, *(_percent(each.f1[name]) for name in directions), _percent(each.mean)]


def _percent(f1: float) -> str:
    return f"{100 * f1:.2f}"


def _told(point: Point) -> str:
    powers = {name: f"^{power:g}" for name, power in point.powers.items()}
    parts = [f"{weight:g} {name}{powers.get(name, '')}" for name, weight in point.weights.items()]
    return f"{' + '.join(parts)} > {point.threshold:g}, {point.solver}"


def _as_dict(each: Scored) -> dict[str, Any]:
    return {**asdict(each.point), "f1": each.f1, "mean": each.mean}


def _held_out(found: Tuning) -> dict[str, Any]:
    folds = [
        {"sentences": fold.sentences, "chosen": _as_dict(fold.chosen), "reported": _as_dict(fold.reported)}
        for fold in found.folds
    ]
    return {"folds": folds, "held_out": found.held_out, "held_out_mean": found.held_out_mean if found.folds else None}

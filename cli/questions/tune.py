"""``xprojdb tune``: weights, thresholds and solvers compared on gold, from the stored scores."""

from __future__ import annotations

from typing import Any

import click

from xprojdb.cli.completion.names import complete_run_recipes
from xprojdb.cli.options.bounds import FOLDS, ROWS, SEED
from xprojdb.cli.printing.output import as_json, gold_option, open_current, show

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
    # Rounded, so that three times 0.1 is 0.3: the threshold is part of a step's digest.
    return [round(first + n * step, 9) for n in range(int(count) + 1)]


def _range(_context: click.Context, _option: click.Parameter, text: str | None) -> list[float]:
    return [] if text is None else _numbers(text)


def _named_ranges(_context: click.Context, _option: click.Parameter, texts: tuple[str, ...]) -> dict[str, list[float]]:
    ranges = {}
    for text in texts:
        name, equals, values = text.rpartition("=")
        if not equals:
            raise click.BadParameter(f"{text!r} is not SCORER=FROM:TO:STEP")
        ranges[name] = _numbers(values)
    return ranges


@click.command()
@click.argument("recipe", shell_complete=complete_run_recipes)
@click.option("--weights", multiple=True, callback=_named_ranges, metavar="SCORER=VALUES", help="Weights of a scorer.")
@click.option(
    "--power", "powers", multiple=True, callback=_named_ranges, metavar="SCORER=VALUES",
    help="Exponents for the scores of a scorer.",
)  # fmt: skip
@click.option("--threshold", "thresholds", callback=_range, metavar="VALUES", help="Thresholds of the weighted sum.")
@click.option(
    "--solver", "solvers", multiple=True, type=click.Choice(["exact", "greedy"]), help="Solvers. Can be repeated."
)
@click.option(
    "--folds", type=FOLDS, default=0, metavar="N", help="Choose settings on N-1 folds, and report on the other."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the folds.")
@click.option("--top", type=ROWS, default=10, show_default=True, help="How many of the best settings to print.")
@gold_option
@click.option("--keep", metavar="NAME", help="Store the best settings as a recipe NAME, and run it.")
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
    """Try many settings of a recipe on its stored scores, and compare them with gold.

    RECIPE is the name of a recipe that has been run, or its file. VALUES are FROM:TO:STEP, a list such as 0.2,0.4, or
    one number. Everything else is as in the recipe. No model runs, and nothing is stored without --keep.
    """
    with open_current() as database:
        tuning = database.tune(
            recipe, weights=weights, powers=powers, thresholds=thresholds, solvers=solvers, folds=folds, seed=seed,
            top=top, keep=keep, gold=gold,
        )  # fmt: skip
        show(tuning, as_json)

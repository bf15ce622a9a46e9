"""``xprojdb compare``: several recipes on one gold set."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.completion.names import complete_run_recipes
from xprojdb.cli.options.bounds import RESAMPLES, SEED
from xprojdb.cli.printing.output import as_json, gold_option, listed, open_current, show


@click.command()
@click.argument("recipes", nargs=-1, metavar="[RECIPE[:SOURCE]]...", shell_complete=complete_run_recipes)
@click.option("--best", is_flag=True, help="Compare with the best recipe, not with the first one.")
@click.option("--labels", metavar="A,B", default="", help="Count only these labels.")
@click.option(
    "--resamples", type=RESAMPLES, default=1000, show_default=True, help="Bootstrap resamples of the sentences."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the bootstrap.")
@click.option(
    "--published", type=click.Path(path_type=Path), metavar="FILE|FOLDER",
    help="CSV files of published scores.  [default: the benchmark scores that come with xprojdb]",
)  # fmt: skip
@click.option("--dataset", help="Which data set of the published scores.  [default: the corpus]")
@gold_option
@click.option("--missed", nargs=2, metavar="A B", help="List the gold entities that A found and B missed instead.")
@click.option("--sql", is_flag=True, help="With --missed: print the query instead of running it.")
@as_json
def command(
    recipes: tuple[str, ...],
    best: bool,
    labels: str,
    resamples: int,
    seed: int,
    published: Path | None,
    dataset: str | None,
    gold: str | None,
    missed: tuple[str, str] | None,
    sql: bool,
    as_json: bool,
) -> None:
    """Compare RECIPES (all by default) on the same gold labels.

    Shows precision, recall and F1 per language and label, each F1 with a 95 % bootstrap interval; the difference from
    the first recipe with its interval and p-value (paired bootstrap over sentences); and how many entities are missed,
    spurious, misplaced and mislabelled. Only sentences that all recipes have labelled are compared. A recipe that
    labels a language from several others counts as several methods, RECIPE:SOURCE; if it combines them, RECIPE is their
    consensus.
    """
    if sql and missed is None:
        raise click.UsageError("--sql prints the query of --missed A B")
    if missed is not None and gold is not None:
        raise click.UsageError("--missed lists imported gold entities: leave out --gold")
    chosen = listed(labels)
    with open_current() as database:
        if missed is not None and sql:
            click.echo(database.missed_sql(*missed, labels=chosen))
        elif missed is not None:
            show(database.missed(*missed, labels=chosen), as_json)
        else:
            compared = database.compare(
                *recipes,
                best=best,
                labels=chosen,
                resamples=resamples,
                seed=seed,
                published=published,
                dataset=dataset,
                gold=gold,
            )
            show(compared, as_json)

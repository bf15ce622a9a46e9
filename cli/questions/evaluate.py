"""``xprojdb evaluate``: precision, recall and F1 against gold."""

from __future__ import annotations

import click

from xprojdb.cli.options.bounds import RESAMPLES, SEED
from xprojdb.cli.printing.output import as_json, gold_option, open_current, recipe_option, show


@click.command()
@recipe_option
@click.option(
    "--resamples", type=RESAMPLES, default=1000, show_default=True, help="Bootstrap resamples of the sentences."
)
@click.option("--seed", type=SEED, default=0, show_default=True, help="Random seed of the bootstrap.")
@gold_option
@as_json
def command(recipe: str | None, resamples: int, seed: int, gold: str | None, as_json: bool) -> None:
    """Score projected labels against the imported gold labels of the same sentences.

    Entity precision, recall and F1 (equal to seqeval's), each F1 with a 95 % bootstrap interval over sentences. A
    recipe that combines several sources is scored for each of them and for all together. The scores are stored in the
    table "evaluation". For a benchmark (see 'import benchmark'), published scores are shown as well.
    """
    with open_current() as database:
        show(database.evaluate(recipe, resamples=resamples, seed=seed, gold=gold), as_json)

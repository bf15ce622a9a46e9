"""``xprojdb baselines``: a projection against taggers trained on it, and on gold labels."""

from __future__ import annotations

from typing import Any

import click

from xprojdb.cli.options.execution import engine_options
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.argument("recipe")
@click.option("--retry-failed", is_flag=True, help="Try again what failed before.")
@engine_options
@as_json
def command(recipe: str, retry_failed: bool, as_json: bool, **engine: Any) -> None:
    """Compare the projection of RECIPE, a TOML file with [train] from and [baselines], with taggers.

    On the gold labels of a split: the projection itself, a tagger trained on its labels, self-training, a tagger
    trained on other languages, ensembles, and a tagger trained on the language's own gold labels, beside published
    scores. Trains and runs what is pending; a second run does nothing.
    """
    from xprojdb.cli.printing.progress import stop_on_interrupt, watcher

    with open_current() as database, stop_on_interrupt() as stop:
        result = database.baselines(recipe, retry_failed=retry_failed, progress=watcher(), stop=stop, **engine)
    show(result, as_json)
    if result.report.comparison is None:
        raise click.exceptions.Exit(130)

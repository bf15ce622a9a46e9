"""``xprojdb train``: train a model."""

from __future__ import annotations

from typing import Any

import click

from xprojdb.cli.options.execution import engine_options
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.argument("recipe")
@click.option("--retry-failed", is_flag=True, help="Retry what failed before.")
@engine_options
@as_json
def command(recipe: str, retry_failed: bool, as_json: bool, **engine: Any) -> None:
    """Train the model of RECIPE, a TOML file with the table [train].

    A model is a small head on the frozen states of an encoder, trained on gold labels or on labels projected by a
    recipe. Other recipes can use it as a tagger, "trained:NAME". A second call does nothing unless the labels or the
    settings have changed.
    """
    from xprojdb.cli.printing.progress import stop_on_interrupt, watcher

    with open_current() as database, stop_on_interrupt() as stop:
        trained = database.train(recipe, retry_failed=retry_failed, progress=watcher(), stop=stop, **engine)
    show(trained, as_json)
    if trained.report.run.stopped:
        raise click.exceptions.Exit(130)
    if trained.report.sha256 is None:
        raise click.exceptions.Exit(1)

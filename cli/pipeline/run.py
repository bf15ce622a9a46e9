"""``xprojdb run``: a recipe."""

from __future__ import annotations

from typing import Any

import click

from xprojdb.cli.options.bounds import SOME_ROWS
from xprojdb.cli.options.execution import engine_options
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.argument("recipe")
@click.option("--retry-failed", is_flag=True, help="Retry items that failed before.")
@click.option("--dry-run", is_flag=True, help="Only show which steps would run, on how many items, and why.")
@click.option(
    "--step", "steps", multiple=True, metavar="STEP",
    help="Only run this step: a kind (align) or the beginning of a digest. Can be repeated.",
)  # fmt: skip
@click.option("--limit", type=SOME_ROWS, metavar="N", help="Process at most N items per step.")
@engine_options
@as_json
def command(
    recipe: str,
    retry_failed: bool,
    dry_run: bool,
    steps: tuple[str, ...],
    limit: int | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Run the pending steps of RECIPE (a TOML file, or the name of a built-in recipe).

    Nothing is ever done twice: a second run does nothing, a run after an import processes the new sentences, and a
    changed parameter makes new steps from there on. Ctrl-C stops after the current batches; run again to continue.
    Several runs can share a database: each takes items that the others have not.
    """
    from xprojdb.cli.printing.progress import stop_on_interrupt, watcher

    with open_current() as database:
        if dry_run:
            show(database.dry_run(recipe, steps=steps, limit=limit), as_json)
            return
        with stop_on_interrupt() as stop:
            labels = database.run(
                recipe, steps=steps, limit=limit, retry_failed=retry_failed, progress=watcher(), stop=stop, **engine
            )
    assert labels.run is not None
    show(labels.run, as_json)
    if labels.run.report.stopped:
        raise click.exceptions.Exit(130)
    if labels.run.report.failed or labels.run.report.missing:
        raise click.exceptions.Exit(1)

"""``xprojdb run``: a recipe."""

from __future__ import annotations

from typing import Any

import click

from xprojdb.cli.completion.names import complete_recipes
from xprojdb.cli.options.bounds import SOME_ROWS, Seconds
from xprojdb.cli.options.execution import engine_options
from xprojdb.cli.printing.output import as_json, open_current, show

_INTERRUPTED = 130
#: EX_TEMPFAIL of sysexits.h: the same command may be given again
_WORK_LEFT = 75


@click.command()
@click.argument("recipe", shell_complete=complete_recipes)
@click.option("--retry-failed", is_flag=True, help="Retry items that failed before.")
@click.option("--dry-run", is_flag=True, help="Only show which steps would run, on how many items, and why.")
@click.option(
    "--step", "steps", multiple=True, metavar="STEP",
    help="Only run this step: a kind (align) or a prefix of a digest. Can be repeated.",
)  # fmt: skip
@click.option("--limit", type=SOME_ROWS, metavar="N", help="Process at most N items per step.")
@click.option(
    "--max-time",
    type=Seconds(),
    metavar="SECONDS",
    help="Start no further batch after this time. Exits with 75 if work is left.",
)
@click.option(
    "--shard",
    metavar="I/N",
    help="Only process the I-th of N shares of the items, such as 3/16. "
    "Results for a sentence are in its share; what is learned from a whole corpus is in all shares.",
)
@engine_options
@as_json
def command(
    recipe: str,
    retry_failed: bool,
    dry_run: bool,
    steps: tuple[str, ...],
    limit: int | None,
    max_time: float | None,
    shard: str | None,
    as_json: bool,
    **engine: Any,
) -> None:
    """Run the pending steps of RECIPE (a TOML file, or the name of a built-in recipe).

    Nothing is done twice: a second run does nothing, a run after an import processes the new sentences, and a
    changed parameter makes new steps from there on. Ctrl-C stops after the current batches; run again to continue.
    Several runs can share a database: each takes items that the others do not have.

    The exit code is 0 if everything is done, 1 if items failed or wait for an import, or a part of the recipe is
    missing, 75 if --max-time or the signal TERM ended the run with work left, and 130 if Ctrl-C did.
    """
    from xprojdb.cli.printing.progress import stop_on_interrupt, watcher

    with open_current() as database:
        if dry_run:
            show(database.dry_run(recipe, steps=steps, limit=limit, shard=shard), as_json)
            return
        with stop_on_interrupt() as stop:
            labels = database.run(
                recipe, steps=steps, limit=limit, shard=shard, max_time=max_time, retry_failed=retry_failed,
                progress=watcher(), stop=stop, **engine,
            )  # fmt: skip
    assert labels.run is not None
    show(labels.run, as_json)
    if labels.run.report.stopped:
        raise click.exceptions.Exit(_INTERRUPTED if labels.run.report.interrupted else _WORK_LEFT)
    if labels.run.report.failed or labels.run.report.missing or labels.run.report.waiting:
        raise click.exceptions.Exit(1)

"""``xprojdb verify``: damage and its repair."""

from __future__ import annotations

import click

from xprojdb.cli.options.end_runs import end_runs_option
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.option("--repair", is_flag=True, help="Repair the damage, and say what was done.")
@end_runs_option
@as_json
@click.pass_context
def command(context: click.Context, repair: bool, end_runs: bool, as_json: bool) -> None:
    """Check all rows against each other: dangling keys, spans, overlaps, outcomes, digests, files.

    A repair deletes what is wrong and what depends on it, so that the next run recomputes it. A file with damaged
    sentences is deleted as a whole and must be imported again. Exits with 1 if there is damage that was not repaired.
    Nothing is repaired while runs are in progress.
    """
    with open_current() as database:
        verification = database.verify(repair=repair, end_runs=end_runs)
    show(verification, as_json)
    if not (repair or as_json or verification.sound):
        click.echo("nothing was changed: add --repair")
    context.exit(0 if verification.sound else 1)

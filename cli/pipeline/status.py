"""``xprojdb status``: the database at a glance."""

from __future__ import annotations

import click

from xprojdb.cli.printing.output import as_json, open_current, show
from xprojdb.errors import UsageError


@click.command()
@click.option("--failed", is_flag=True, help="List the items that failed: which sentences, and why.")
@click.option("--traceback", is_flag=True, help="With --failed: show the tracebacks, too.")
@click.option("--watch", is_flag=True, help="Follow the current runs until they end.")
@click.option("--recount", is_flag=True, help="Count all rows again, if other programs have written to the database.")
@as_json
def command(failed: bool, traceback: bool, watch: bool, recount: bool, as_json: bool) -> None:
    """Show what is in the database and, for each step of each recipe, what is done, pending and failed, and why."""
    _check(failed, traceback, watch, recount)
    with open_current() as database:
        if watch:
            from xprojdb.cli.pipeline.watch import follow

            if follow(database, as_json).failed:
                raise click.exceptions.Exit(1)
        elif failed:
            show(database.failures(traceback=traceback), as_json)
        else:
            show(database.status(recount=recount), as_json)


def _check(failed: bool, traceback: bool, watch: bool, recount: bool) -> None:
    if traceback and not failed:
        raise UsageError("--traceback needs --failed", hint="use --failed --traceback")
    if watch and failed:
        raise UsageError("--watch and --failed cannot be combined", hint="use one of them")
    if recount and (watch or failed):
        raise UsageError("--recount cannot be combined with --watch or --failed", hint="use --recount alone")

"""``xprojdb gc``: steps that nothing references."""

from __future__ import annotations

import click

from xprojdb.cli.options.bounds import Days
from xprojdb.cli.options.end_runs import end_runs_option
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.option("--yes", is_flag=True, help="Delete them. Without this, only show what would be deleted.")
@click.option("--forget", multiple=True, metavar="RECIPE", help="Forget this recipe first. Can be repeated.")
@click.option("--forget-exports", is_flag=True, help="Also delete steps that only an earlier export references.")
@click.option(
    "--tuned",
    type=Days(),
    metavar="DAYS",
    help="Also delete tuned encoders in the cache that no step here names and that were not used for so many days.",
)
@end_runs_option
@as_json
def command(
    yes: bool,
    forget: tuple[str, ...],
    forget_exports: bool,
    tuned: float | None,
    end_runs: bool,
    as_json: bool,
) -> None:
    """Delete steps that no recipe or export references, with all their rows.

    When a recipe is changed and run again, it references its new steps; the old ones stay until they are deleted here.
    Steps that a referenced step reads are kept. Tuned encoders lie in $XPROJDB_CACHE/tuned, which other databases may
    share: they are deleted only with --tuned. To shrink the file afterwards, run 'xprojdb db vacuum'. Nothing is
    deleted while runs are in progress.
    """
    with open_current() as database:
        garbage = database.gc(
            dry_run=not yes, forget=forget, forget_exports=forget_exports, tuned_days=tuned, end_runs=end_runs
        )
        show(garbage, as_json)
    if not (yes or as_json) and (garbage.report.rows or garbage.report.steps or garbage.report.tuned):
        click.echo("nothing was deleted: add --yes to delete them")

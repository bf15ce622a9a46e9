"""``xprojdb corpus``: operations on a whole corpus."""

from __future__ import annotations

import click

from xprojdb.cli.options.end_runs import end_runs_option
from xprojdb.cli.printing.output import as_json, open_current, show


@click.group()
def command() -> None:
    """Delete a corpus and everything made from it."""


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Delete it. Without this, only show what would be deleted.")
@end_runs_option
@as_json
def delete(name: str, yes: bool, end_runs: bool, as_json: bool) -> None:
    """Delete the corpus NAME: its sentences, their translations, and everything made from them.

    Steps stay (see 'xprojdb gc'), and so do other corpora. Exported files stay where they are. If the deletion is
    interrupted, run the same command again. Nothing is deleted while runs are in progress.
    """
    with open_current() as database:
        show(database.delete_corpus(name, dry_run=not yes, end_runs=end_runs), as_json)
    if not (yes or as_json):
        click.echo(f"nothing of {name} was deleted: add --yes to delete it")

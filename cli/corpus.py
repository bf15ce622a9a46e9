"""``xprojdb corpus``: what is done to a corpus as a whole."""

from __future__ import annotations

from dataclasses import asdict

import click

from xprojdb.cli.end_runs import end_and_tell, end_runs_option
from xprojdb.cli.output import as_json, console, open_current, print_json, table


@click.group()
def command() -> None:
    """Delete a corpus with all that came from it."""


@command.command()
@click.argument("name")
@click.option("--yes", is_flag=True, help="Delete it; without this, it is only shown.")
@end_runs_option
@as_json
def delete(name: str, yes: bool, end_runs: bool, as_json: bool) -> None:
    """Delete the corpus NAME: its sentences, their translations, and all that was made of them.

    Steps stay (see "xprojdb gc"), and so do other corpora. What was exported stays where it was written. A deletion
    that was interrupted is taken up by the same command. While runs are under way, nothing is deleted.
    """
    from xprojdb.maintenance.corpus_deletion import corpus_contents, delete_corpus

    with open_current() as database:
        if yes and end_runs:
            end_and_tell(database.engine)
        found = delete_corpus(database, name) if yes else corpus_contents(database, name)
    if as_json:
        print_json(asdict(found))
        return
    shown = table("table", "rows>")
    for each, rows in sorted(found.rows.items()):
        shown.add_row(each, f"{rows:,}")
    console().print(shown)
    for recipe in found.recipes:
        click.echo(f"the recipe {recipe} names nothing else: it {'was' if yes else 'would be'} forgotten")
    for recipe in found.narrowed:
        click.echo(f"the recipe {recipe} {'goes' if yes else 'would go'} on without {name}")
    click.echo(f"{found.name} was deleted" if yes else f"nothing of {found.name} was deleted yet: add --yes")

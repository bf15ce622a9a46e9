"""``xprojdb join``: human translations from shared sentence ids."""

from __future__ import annotations

import click

from xprojdb.cli.completion.names import complete_corpora
from xprojdb.cli.printing.output import as_json, listed, open_current, show


@click.command()
@click.argument("corpus", shell_complete=complete_corpora)
@click.option("--langs", required=True, metavar="CODE,CODE[,…]", help="Two or more languages, originals first.")
@as_json
def command(corpus: str, langs: str, as_json: bool) -> None:
    """Join the sentences of CORPUS that have the same id in different languages, as human translations."""
    with open_current() as database:
        show(database.join(corpus, listed(langs)), as_json)

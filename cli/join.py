"""``xprojdb link``: human translations out of shared sentence ids."""

from __future__ import annotations

import click

from xprojdb.cli.output import as_json, open_current, print_json


@click.command()
@click.argument("corpus")
@click.option("--langs", required=True, metavar="CODE,CODE[,…]", help="Two languages or more, originals first.")
@as_json
def command(corpus: str, langs: str, as_json: bool) -> None:
    """Join the sentences of CORPUS that have the same id in two languages, as human translations."""
    from xprojdb.importing.join import link_corpus
    from xprojdb.text.languages import language

    codes = [language(code.strip()).code for code in langs.split(",")]
    with open_current() as database, database.write() as connection:
        added = link_corpus(connection, corpus, codes)
    if as_json:
        print_json({"corpus": corpus, "langs": codes, "added": added})
    else:
        click.echo(f"{corpus}: {added} new links between {', '.join(codes)}")

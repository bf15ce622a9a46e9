"""``xprojdb changelog``: what changed between two exports."""

from __future__ import annotations

from pathlib import Path

import click

from xprojdb.cli.printing.output import as_json, show


@click.command()
@click.argument("first", type=click.Path(path_type=Path))
@click.argument("second", type=click.Path(path_type=Path))
@click.option("--examples", type=click.IntRange(0, 1_000), default=3, show_default=True, help="Ids for each change.")
@click.option("--markdown", is_flag=True, help="Print a list for the change log of the data set.")
@as_json
def command(first: Path, second: Path, examples: int, markdown: bool, as_json: bool) -> None:
    """Tell what changed between the exported folders FIRST and SECOND, for those who read the data set.

    Sentences are compared by id: added, removed, moved to another split, with other words, with other labels. Folders
    are those of 'export hf', 'export jsonl' or 'export conll --ids'.
    """
    import xprojdb

    change = xprojdb.changelog(first, second, examples=examples)
    if markdown and not as_json:
        click.echo(change.to_markdown(), nl=False)
    else:
        show(change, as_json)

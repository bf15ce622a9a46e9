"""``xprojdb diff``: the labels of two steps."""

from __future__ import annotations

from typing import get_args

import click

from xprojdb.api.asking import ChangeKind
from xprojdb.cli.completion.names import complete_steps
from xprojdb.cli.options.bounds import ROWS
from xprojdb.cli.printing.output import as_json, open_current, show


@click.command()
@click.argument("first", metavar="STEP", shell_complete=complete_steps)
@click.argument("second", metavar="STEP", shell_complete=complete_steps)
@click.option("--kind", type=click.Choice(get_args(ChangeKind)), help="Show only changes of this kind.")
@click.option("--limit", type=ROWS, default=20, show_default=True, help="Maximum number of changes.")
@as_json
def command(first: str, second: str, kind: ChangeKind | None, limit: int, as_json: bool) -> None:
    """Compare the labels of two steps, sentence by sentence.

    A STEP is a prefix of a digest, as 'xprojdb status' shows it, or a recipe, for its final labels. Only sentences
    that both have labelled are compared.
    """
    with open_current() as database:
        show(database.diff(first, second, kind=kind, limit=limit), as_json)

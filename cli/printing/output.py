"""How commands print: results for people, JSON for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from xprojdb.api.results.display.rendering import PlainConsole
from xprojdb.cli.completion.names import complete_campaigns, complete_run_recipes
from xprojdb.cli.streams import print_exactly, prints_unicode
from xprojdb.printable import escaped_json, escaped_lines

if TYPE_CHECKING:
    from xprojdb.api.database import Database
    from xprojdb.api.results.base import Result

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
recipe_option = click.option(
    "--recipe",
    metavar="NAME",
    shell_complete=complete_run_recipes,
    help="The recipe. Required if the database has several.",
)
gold_option = click.option(
    "--gold",
    metavar="NAME",
    shell_complete=complete_campaigns,
    help="Gold: a set of imported labels, the frozen reviews of a campaign, or a step.",
)


#: the width of output to a file or a pipe, for which rich would assume 80: nothing is cut or wrapped there
_FILE_WIDTH = 100_000


def console() -> PlainConsole:
    """Standard output; plain text if it is not a terminal."""
    output = PlainConsole(highlight=False, soft_wrap=True, markup=False)
    if not output.is_terminal:
        output.width = _FILE_WIDTH
    return output


def show(result: Result, as_json: bool = False) -> None:
    """Print a result as tables and lines, or as JSON, and its notes on standard error."""
    if as_json:
        print_json(result.to_json())
    else:
        console().print(result)
    for note in result.notes:
        click.echo(escaped_lines(note), err=True)


def print_json(value: Any) -> None:
    """Print a value as indented JSON, with non-ASCII characters as they are."""
    print_exactly(escaped_json(json.dumps(value, indent=2, ensure_ascii=not prints_unicode())) + "\n")


def open_current(create: bool = False) -> Database:
    """Open the database of ``--db``.

    :param create: create it if it does not exist.
    """
    import xprojdb

    return xprojdb.open(click.get_current_context().find_root().obj, create=create)


def listed(text: str | None) -> list[str]:
    """The parts of a list such as ``en,de``."""
    return [part.strip() for part in (text or "").split(",") if part.strip()]

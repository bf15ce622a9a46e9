"""What commands print with: tables and colours for people, JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import click
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from xprojdb.cli.narrow import NarrowTable
from xprojdb.cli.streams import print_exactly, prints_unicode
from xprojdb.printable import escaped_json, escaped_lines, is_printable

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
recipe_option = click.option("--recipe", metavar="NAME", help="Which recipe; needed when the database has several.")
gold_option = click.option(
    "--gold", metavar="CAMPAIGN", help="Against the frozen reviews of a campaign, or the step of a digest."
)


#: columns of what goes to a file or a pipe, where rich would assume 80: nothing is cut or folded there
_FILE_WIDTH = 100_000


class PlainConsole(Console):
    """A console on which foreign text is text: its control and direction characters are written out."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """Draw something."""
        for segment in super().render(renderable, options):
            plain = segment.control or is_printable(segment.text)
            yield segment if plain else Segment(escaped_lines(segment.text), segment.style)


def console() -> PlainConsole:
    """Standard output; plain text when it is not a terminal."""
    made = PlainConsole(highlight=False, soft_wrap=True, markup=False)
    if not made.is_terminal:
        made.width = _FILE_WIDTH
    return made


def print_json(value: object) -> None:
    """Print a value as indented JSON, with non-ASCII characters as they are."""
    print_exactly(escaped_json(json.dumps(value, indent=2, ensure_ascii=not prints_unicode())) + "\n")


def table(*columns: str, title: str | None = None) -> NarrowTable:
    """A table whose columns are numbers, aligned to the right, when their name ends in ``>``.

    Where there is no room, texts are folded, the widest first; numbers never are: when they do not fit, the table
    goes on below, its first columns again.
    """
    made = NarrowTable(
        title=title, title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold"
    )
    for name in columns:
        number = name.endswith(">")
        # A column that may not fold would be cut, and narrow ones with it, down to nothing.
        made.add_column(name.removesuffix(">"), justify="right" if number else "left", no_wrap=number, overflow="fold")
    return made


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e6:,.1f} MB" if size >= 1e5 else f"{size / 1e3:,.1f} kB"


def gold_step_of(database: Any, name: str | None) -> int | None:
    """The step that ``--gold`` names; None: the imported labels."""
    if name is None:
        return None
    from xprojdb.review.figures import fair_gold

    return fair_gold(database, name)


def open_current(create: bool = False) -> Any:
    """The database that ``--db`` names.

    :param create: make it when it is not there.
    """
    from xprojdb.db import open_database

    return open_database(click.get_current_context().find_root().obj, create=create)

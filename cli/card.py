"""``xprojdb card``: the card of an exported data set, rendered."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

_WIDTH = 110


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file instead.")
@click.option("--recipe-text/--no-recipe-text", default=True, help="With the text of the recipe.  [default: with]")
def command(folder: Path, svg: Path | None, recipe_text: bool) -> None:
    """Show the card of the data set in FOLDER, as "export hf" wrote it, in the terminal or as a picture (SVG)."""
    from xprojdb.cli.output import PlainConsole
    from xprojdb.exports.card.text import read_card

    card = read_card(folder)
    if svg is None:
        _render(card.fields, card.text(code=recipe_text), PlainConsole(highlight=False))
        return
    canvas = PlainConsole(record=True, width=_WIDTH, file=io.StringIO(), highlight=False, force_terminal=True)
    _render(card.fields, card.text(code=recipe_text), canvas)
    _draw(canvas, svg, f"{folder.name}/README.md")


def _render(fields: dict[str, str], text: str, console: Console) -> None:
    from rich.markdown import Markdown
    from rich.table import Table
    from rich.text import Text

    head = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for name, value in fields.items():
        head.add_row(Text(name, "dim"), Text(value))
    console.print(head)
    console.print()
    console.print(Markdown(text, code_theme="ansi_dark"))


def _draw(canvas: Console, path: Path, title: str) -> None:
    from xprojdb.exports.outputs import output_file

    # An id of its own choosing would be another one each time.
    drawn = canvas.export_svg(title=title, unique_id="xprojdb-card")
    with output_file(path) as file:
        file.write(drawn.encode())

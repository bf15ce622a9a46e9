"""``xprojdb card``: the card of an exported data set, rendered."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--svg", type=click.Path(path_type=Path, dir_okay=False), help="Draw it into this file instead.")
@click.option("--recipe-text/--no-recipe-text", default=True, help="Include the text of the recipe.  [default: yes]")
def command(folder: Path, svg: Path | None, recipe_text: bool) -> None:
    """Show the card of the data set in FOLDER, which 'export hf' wrote, in the terminal or as a picture (SVG)."""
    import xprojdb
    from xprojdb.api.results.display.rendering import PlainConsole

    card = xprojdb.read_card(folder, recipe_text=recipe_text)
    if svg is None:
        PlainConsole(highlight=False, markup=False).print(card)
    else:
        card.to_svg(svg)

"""A command: ``xprojdb longest`` prints the longest label of a recipe."""

from __future__ import annotations

import click

import xprojdb as xp


@click.command()
@click.option("--recipe", help="Name of the recipe.")
@click.pass_context
def command(context: click.Context, recipe: str | None) -> None:
    """Print the longest label."""
    condition = f"WHERE recipe = '{recipe}'" if recipe and recipe.isidentifier() else ""
    with xp.open(context.obj) as db:
        rows = db.query(f"SELECT sentence, text, label FROM v_final {condition} ORDER BY length(text) DESC LIMIT 1")
        for row in rows.to_dict():
            click.echo(f"{row['sentence']}: {row['text']} {row['label']}")

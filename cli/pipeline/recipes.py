"""``xprojdb recipes``: those that come with the package."""

from __future__ import annotations

import click

from xprojdb.cli.completion.names import complete_recipes
from xprojdb.cli.options.groups import Group
from xprojdb.cli.printing.output import as_json, print_json


@click.group(cls=Group)
def command() -> None:
    """List and show the recipes that come with xprojdb. 'xprojdb run NAME' runs one."""


@command.command("list")
@as_json
def list_recipes(as_json: bool) -> None:
    """List the recipes, with what each does and needs."""
    import xprojdb

    recipes = xprojdb.list_recipes()
    if as_json:
        print_json(recipes.to_json())
        return
    formatter = click.HelpFormatter(width=110)
    formatter.write_dl([(recipe["name"], recipe["about"]) for recipe in recipes.to_dict()])
    click.echo(formatter.getvalue(), nl=False)


@command.command()
def schema() -> None:
    """Print the JSON schema of recipes, for editors: xprojdb recipes schema > recipe.schema.json."""
    import xprojdb

    print_json(xprojdb.recipe_schema())


@command.command()
@click.argument("name", shell_complete=complete_recipes)
def show(name: str) -> None:
    """Print the recipe NAME, to edit a copy of it: xprojdb recipes show NAME > mine.toml."""
    import xprojdb

    click.echo(xprojdb.recipe_text(name), nl=False)

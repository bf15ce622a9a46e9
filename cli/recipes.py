"""``xprojdb recipes``: those that come with the package."""

from __future__ import annotations

import click

from xprojdb.cli.output import as_json, print_json


@click.group()
def command() -> None:
    """List and show the recipes that come with xprojdb; 'xprojdb run NAME' follows one."""


@command.command("list")
@as_json
def list_recipes(as_json: bool) -> None:
    """List them, with what each does and needs."""
    from xprojdb.config.builtin_recipes import ready_recipes

    found = ready_recipes()
    if as_json:
        print_json([{"name": recipe.name, "about": recipe.about} for recipe in found])
        return
    formatter = click.HelpFormatter(width=110)
    formatter.write_dl([(recipe.name, recipe.about) for recipe in found])
    click.echo(formatter.getvalue(), nl=False)


@command.command()
def schema() -> None:
    """Print the JSON schema of recipes, for editors: xprojdb recipes schema > recipe.schema.json."""
    from xprojdb.config.schema import recipe_schema

    print_json(recipe_schema())


@command.command()
@click.argument("name")
def show(name: str) -> None:
    """Print the recipe NAME, to change a copy of it: xprojdb recipes show NAME > mine.toml."""
    from xprojdb.config.builtin_recipes import ready_recipe

    click.echo(ready_recipe(name).text, nl=False)

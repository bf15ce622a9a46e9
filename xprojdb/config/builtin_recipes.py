"""The built-in recipes."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from xprojdb.config.recipe import LoadedRecipe, RecipeError, parse_recipe, read_recipe


class BuiltinRecipe(NamedTuple):
    """A built-in recipe.

    :param about: its first comment, which says what it does and needs.
    """

    name: str
    about: str
    text: str


def ready_recipes() -> list[BuiltinRecipe]:
    """All built-in recipes, sorted by name."""
    files = (file for file in resources.files("xprojdb.recipes").iterdir() if file.name.endswith(".toml"))
    texts = {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in files}
    return [BuiltinRecipe(name, _about(text), text) for name, text in sorted(texts.items())]


def ready_recipe(name: str) -> BuiltinRecipe:
    """Get a built-in recipe by name.

    :raises RecipeError: when no recipe has that name.
    """
    recipes = {recipe.name: recipe for recipe in ready_recipes()}
    if name not in recipes:
        close = difflib.get_close_matches(name, recipes, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(recipes)}"
        raise RecipeError(f"there is no built-in recipe {name!r}", hint=hint, key="", nearest=next(iter(close), None))
    return recipes[name]


def find_recipe(name: str) -> LoadedRecipe:
    """Load a recipe from a file, or a built-in recipe by name.

    :raises RecipeError: when there is neither, or the recipe is invalid.
    """
    if name in {recipe.name for recipe in ready_recipes()} and not Path(name).exists():
        return parse_recipe(ready_recipe(name).text, name)
    try:
        return read_recipe(Path(name))
    except RecipeError as error:
        if not Path(name).exists():
            error.hint = _nearest(name) or error.hint
        raise


def _nearest(name: str) -> str | None:
    """A hint that names the built-in recipes of a similar name; None if there are none."""
    names = [recipe.name for recipe in ready_recipes()]
    near = difflib.get_close_matches(name, names, n=2) or [known for known in names if known.startswith(name)]
    return f"check the path; of the package's own recipes, did you mean {' or '.join(near)}?" if near else None


def _about(text: str) -> str:
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    first = next(n for n, line in enumerate(text.splitlines()) if not line.startswith("#"))
    return " ".join(lines[:first])

"""The recipes that come with the package."""

from __future__ import annotations

import difflib
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from xprojdb.config.recipe import LoadedRecipe, RecipeError, parse_recipe, read_recipe


class BuiltinRecipe(NamedTuple):
    """A recipe of the package.

    :param about: its first comment: what it does and needs.
    """

    name: str
    about: str
    text: str


def ready_recipes() -> list[BuiltinRecipe]:
    """All of them, by name."""
    files = (file for file in resources.files("xprojdb.recipes").iterdir() if file.name.endswith(".toml"))
    texts = {file.name.removesuffix(".toml"): file.read_text(encoding="utf-8") for file in files}
    return [BuiltinRecipe(name, _about(text), text) for name, text in sorted(texts.items())]


def ready_recipe(name: str) -> BuiltinRecipe:
    """The one of a name.

    :raises RecipeError: when there is none.
    """
    known = {recipe.name: recipe for recipe in ready_recipes()}
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
        raise RecipeError(f"there is no ready recipe {name!r}", hint=hint, key="", nearest=next(iter(close), None))
    return known[name]


def find_recipe(given: str) -> LoadedRecipe:
    """A recipe by its file, or by the name of a ready one.

    :raises RecipeError: when there is neither, or it cannot be followed.
    """
    if given in {recipe.name for recipe in ready_recipes()} and not Path(given).exists():
        return parse_recipe(ready_recipe(given).text, given)
    return read_recipe(Path(given))


def _about(text: str) -> str:
    lines = [line.removeprefix("#").strip() for line in text.splitlines()]
    first = next(n for n, line in enumerate(text.splitlines()) if not line.startswith("#"))
    return " ".join(lines[:first])

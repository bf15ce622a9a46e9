"""A recipe that was built in Python as the TOML that runs keep of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from xprojdb.config.recipe import LoadedRecipe, Recipe


def loaded_recipe(recipe: Recipe | LoadedRecipe | str | Path) -> LoadedRecipe:
    """A recipe with its text.

    :param recipe: one that was built or read, the path of a TOML file, or the name of one that comes with the package.
    :raises RecipeError: when there is no such recipe, or it cannot be followed.
    """
    from xprojdb.config.builtin_recipes import find_recipe
    from xprojdb.config.recipe import LoadedRecipe, Recipe

    if isinstance(recipe, LoadedRecipe):
        return recipe
    if isinstance(recipe, Recipe):
        return LoadedRecipe(recipe, recipe_text(recipe))
    return find_recipe(str(recipe))


def recipe_text(recipe: Recipe) -> str:
    """The TOML of a recipe: what was said, without the defaults."""
    said = recipe.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    return "".join(f"{name} = {_toml(value)}\n" for name, value in said.items())


def _toml(value: Any) -> str:
    """A value on one line; strings, numbers and booleans are written as JSON writes them."""
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(name)} = {_toml(part)}" for name, part in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    # The one character that a JSON string may hold as it is and a TOML string may not.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")

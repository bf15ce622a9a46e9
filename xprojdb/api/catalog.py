"""Functions that need no database: available recipes, models and questions, and data set cards."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from xprojdb.api.results.catalog import ModelsResult, QuestionsResult, RecipesResult
    from xprojdb.api.results.exporting import CardResult
    from xprojdb.config.recipe import LoadedRecipe


def list_recipes() -> RecipesResult:
    """The recipes that come with the package, with what each does and needs."""
    from xprojdb.api.results.catalog import RecipesResult
    from xprojdb.config.builtin_recipes import ready_recipes

    return RecipesResult(ready_recipes())


def read_recipe(recipe: str | Path) -> LoadedRecipe:
    """A recipe and its text.

    :param recipe: the path of a TOML file, or the name of a recipe that comes with the package.
    :raises RecipeError: when there is no such recipe, or it is invalid; the field ``key`` names the key.
    """
    from xprojdb.config.builtin_recipes import find_recipe

    return find_recipe(str(recipe))


def recipe_text(name: str) -> str:
    """The TOML of a recipe that comes with the package, as a starting point for your own.

    :raises RecipeError: when there is no such recipe; the field ``nearest`` has a similar name.
    """
    from xprojdb.config.builtin_recipes import ready_recipe

    return ready_recipe(name).text


def recipe_schema() -> dict[str, Any]:
    """The JSON schema of recipes, for editors, including installed plug-ins."""
    from xprojdb.config import schema

    return schema.recipe_schema()


def list_questions() -> QuestionsResult:
    """The built-in questions that :meth:`xprojdb.Database.ask` answers."""
    from xprojdb.api.results.catalog import QuestionsResult
    from xprojdb.provenance.questions_sql import QUESTIONS

    return QuestionsResult(dict(QUESTIONS))


def list_models() -> ModelsResult:
    """The models on this machine, and those that can be installed."""
    from xprojdb.api.results.catalog import ModelsResult
    from xprojdb.models import store

    return ModelsResult(store.installed(), store.available())


def install_model(name: str, *, force: bool = False) -> Path:
    """Install a model into the user's cache; the first use of a model also does this.

    :param force: install it again, replacing what is there.
    :returns: its folder.
    :raises UsageError: when no package provides a model of that name.
    :raises MissingExtra: when the package that provides it is not installed.
    """
    from xprojdb.models import store

    return store.install(name, force=force)


def read_card(folder: str | Path, *, recipe_text: bool = True) -> CardResult:
    """The card of a data set exported as ``hf``.

    :param recipe_text: include the text of the recipe.
    :raises ExportError: when the folder has no card.
    """
    from xprojdb.api.results.exporting import CardResult
    from xprojdb.exports.card import text

    return CardResult(text.read_card(Path(folder)), Path(folder), recipe_text)

"""Build named-entity data sets by projection, in a database that remembers where every label came from."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from xprojdb.errors import XprojdbError

if TYPE_CHECKING:
    from xprojdb.api.catalog import (
        install_model,
        list_models,
        list_questions,
        list_recipes,
        read_card,
        read_recipe,
        recipe_schema,
        recipe_text,
    )
    from xprojdb.api.corrections.changelog import changelog
    from xprojdb.api.database import Database, open
    from xprojdb.api.demo import demo
    from xprojdb.api.pages.reviewing import Reviews
    from xprojdb.api.results.labels import Labels
    from xprojdb.api.schema import copy, downgrade, merge, schema_revision, upgrade
    from xprojdb.config.recipe import Recipe
    from xprojdb.config.training import TrainingRecipe

__all__ = [
    "Database",
    "Labels",
    "Recipe",
    "Reviews",
    "TrainingRecipe",
    "XprojdbError",
    "__version__",
    "changelog",
    "copy",
    "demo",
    "downgrade",
    "install_model",
    "list_models",
    "list_questions",
    "list_recipes",
    "merge",
    "open",
    "read_card",
    "read_recipe",
    "recipe_schema",
    "recipe_text",
    "schema_revision",
    "upgrade",
]
__version__ = "0.1.0"

#: the module of each name, imported on first use
_LAZY = {
    "Database": "xprojdb.api.database",
    "Labels": "xprojdb.api.results.labels",
    "Recipe": "xprojdb.config.recipe",
    "Reviews": "xprojdb.api.pages.reviewing",
    "TrainingRecipe": "xprojdb.config.training",
    "changelog": "xprojdb.api.corrections.changelog",
    "copy": "xprojdb.api.schema",
    "demo": "xprojdb.api.demo",
    "downgrade": "xprojdb.api.schema",
    "install_model": "xprojdb.api.catalog",
    "list_models": "xprojdb.api.catalog",
    "list_questions": "xprojdb.api.catalog",
    "list_recipes": "xprojdb.api.catalog",
    "merge": "xprojdb.api.schema",
    "open": "xprojdb.api.database",
    "read_card": "xprojdb.api.catalog",
    "read_recipe": "xprojdb.api.catalog",
    "recipe_schema": "xprojdb.api.catalog",
    "recipe_text": "xprojdb.api.catalog",
    "schema_revision": "xprojdb.api.schema",
    "upgrade": "xprojdb.api.schema",
}

if not TYPE_CHECKING:
    # Hidden from type checkers, which would otherwise accept every misspelled name.
    def __getattr__(name: str) -> object:
        if name not in _LAZY:
            raise AttributeError(f"module 'xprojdb' has no attribute {name!r}")
        value = getattr(import_module(_LAZY[name]), name)
        globals()[name] = value
        return value

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})

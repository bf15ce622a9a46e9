"""Languages in recipes: by any code, stored under one."""

from __future__ import annotations

from xprojdb.config.errors import RecipeError
from xprojdb.errors import UsageError
from xprojdb.text.languages import language


def language_code(code: str) -> str:
    """The code that a language is stored under, from any code of it.

    :raises RecipeError: when no language has it.
    """
    try:
        return language(code).code
    except UsageError as error:
        raise RecipeError(error.message, hint=error.hint) from error

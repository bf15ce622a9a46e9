"""Languages in recipes: any code is accepted, one is stored."""

from __future__ import annotations

from xprojdb.config.errors import RecipeError
from xprojdb.errors import UsageError
from xprojdb.text.languages import language


def language_code(code: str) -> str:
    """Convert any code of a language to the one it is stored under.

    :raises RecipeError: when no language has the code.
    """
    try:
        return language(code).code
    except UsageError as error:
        raise RecipeError(error.message, hint=error.hint) from error

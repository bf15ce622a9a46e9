"""What a recipe that cannot be followed raises; apart from the tables, so that stages need no settings."""

from __future__ import annotations

from typing import Any

from xprojdb.errors import UsageError


class RecipeError(UsageError, ValueError):
    """A recipe that cannot be followed: fields ``key`` (dotted), ``nearest`` (for an unknown key) and ``file``.

    Raised by a check of a table, it is a ``ValueError`` to the validation, which completes the key.
    """

    def __init__(self, message: str, *, hint: str | None = None, key: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint, key=key, **{"nearest": None, "file": None, **fields})


def placed(error: RecipeError, place: tuple[str, ...]) -> RecipeError:
    """An error of a table inside another."""
    key = ".".join((*place, *filter(None, [error.key])))
    known = {name: value for name, value in error.fields.items() if name != "key"}
    return RecipeError(error.message, hint=error.hint, key=key, **known)


def final(error: RecipeError, file: str) -> RecipeError:
    """The error as it is shown: with the key in its message, and the file."""
    key = error.key
    message = error.message.replace("{key}", key) if "{key}" in error.message else f"{key}: {error.message}"
    known = {name: value for name, value in error.fields.items() if name not in ("key", "file")}
    return RecipeError(f"{file}: {message}", hint=error.hint, key=key, file=file, **known)

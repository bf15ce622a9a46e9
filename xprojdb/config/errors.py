"""Errors of invalid recipes, kept apart from the tables so that stages need not import those."""

from __future__ import annotations

from typing import Any

from xprojdb.errors import UsageError


class RecipeError(UsageError, ValueError):
    """A recipe is invalid; fields ``key`` (dotted), ``nearest`` (for an unknown key) and ``file``.

    When a table's own check raises it, validation sees a ``ValueError`` and completes the key.
    """

    def __init__(self, message: str, *, hint: str | None = None, key: str = "", **fields: Any) -> None:
        super().__init__(message, hint=hint, key=key, **{"nearest": None, "file": None, **fields})


def placed(error: RecipeError, place: tuple[str, ...]) -> RecipeError:
    """Move an error into an enclosing table."""
    key = ".".join((*place, *filter(None, [error.key])))
    others = {name: value for name, value in error.fields.items() if name != "key"}
    return RecipeError(error.message, hint=error.hint, key=key, **others)


def final(error: RecipeError, file: str) -> RecipeError:
    """The error in its final form, with key and file in its message."""
    key = error.key
    message = error.message.replace("{key}", key) if "{key}" in error.message else f"{key}: {error.message}"
    others = {name: value for name, value in error.fields.items() if name not in ("key", "file")}
    return RecipeError(f"{file}: {message}", hint=error.hint, key=key, file=file, **others)

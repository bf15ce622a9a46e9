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

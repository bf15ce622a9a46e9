"""What every table of a recipe shares: how strict it is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, model_validator


class Settings(BaseModel):
    """A table of a recipe: unknown keys are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, table: Any) -> Any:
        return frozen(table)


def frozen(value: Any) -> Any:
    """TOML and Python have lists, and strict validation takes no list for a tuple: tuples in place of all lists."""
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {name: frozen(item) for name, item in value.items()}
    return value

"""What every table of a recipe shares: how strict it is."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from xprojdb.config.docs import param_docs


class Settings(BaseModel):
    """A table of a recipe: unknown keys are refused, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, table: Any) -> Any:
        return frozen(table)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        made = handler(schema)
        own = handler.resolve_ref_schema(made)
        own["description"] = (cls.__doc__ or "").partition("\n")[0]
        properties = own.get("properties", {})
        for key, text in param_docs(cls).items():
            if key in properties:
                properties[key].setdefault("description", text)
        return made


def frozen(value: Any) -> Any:
    """TOML and Python have lists, and strict validation takes no list for a tuple: tuples in place of all lists."""
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {name: frozen(item) for name, item in value.items()}
    return value

"""The strict base class of recipe tables."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from xprojdb.config.docs import param_docs


class Settings(BaseModel):
    """A table of a recipe: unknown keys are rejected, and nothing is converted silently."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _tuples(cls, table: Any) -> Any:
        return frozen(table)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        json_schema = handler(schema)
        own = handler.resolve_ref_schema(json_schema)
        own["description"] = (cls.__doc__ or "").partition("\n")[0]
        properties = own.get("properties", {})
        for key, text in param_docs(cls).items():
            if key in properties:
                properties[key].setdefault("description", text)
        return json_schema


def frozen(value: Any) -> Any:
    """Convert all lists to tuples, since strict validation does not accept a list for a tuple."""
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    if isinstance(value, dict):
        return {name: frozen(item) for name, item in value.items()}
    return value

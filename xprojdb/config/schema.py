"""The JSON schema of recipes for editors: keys, values and descriptions, including installed plug-ins."""

from __future__ import annotations

import math
from typing import Any

from xprojdb import entry_points
from xprojdb.config.recipe import Recipe
from xprojdb.config.tables.align import AlignerConfig
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.config.variants import VariantConfig, model_of


def recipe_schema() -> dict[str, Any]:
    """The schema; a table with variants is a ``oneOf``, discriminated by the key that names the variant."""
    schema = Recipe.model_json_schema()
    definitions: dict[str, Any] = schema["$defs"]
    for base in (AlignerConfig, ScorerConfig):
        names = [name for name, _ in entry_points.loaded(base.group)]
        definitions[base.group] = {"oneOf": [_variant(base, name, definitions) for name in names]}
    _add_tagger_keys(definitions["TagTable"])
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **_clean(schema)}


def _variant(base: type[VariantConfig], name: str, definitions: dict[str, Any]) -> dict[str, Any]:
    own = model_of(entry_points.load(base.group, name).Config).model_json_schema()
    definitions |= own.pop("$defs", {})
    properties = {base.key: {"const": name}, **own["properties"]}
    required = own.get("required", []) if name == base.default else [base.key, *own.get("required", [])]
    return {**own, "title": name, "properties": properties, "required": required}


def _add_tagger_keys(table: dict[str, Any]) -> None:
    """Add the keys of the taggers to ``[tag]``."""
    for _, tagger in entry_points.loaded("taggers"):
        table["properties"] |= model_of(tagger.Config).model_json_schema().get("properties", {})
    table["additionalProperties"] = False


def _clean(value: Any) -> Any:
    """Replace the markers left by :class:`VariantConfig` with references, and drop infinities, which JSON lacks."""
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("variants"), str):
        return {"$ref": f"#/$defs/{value['variants']}"}
    return {name: _clean(item) for name, item in value.items() if item not in (math.inf, -math.inf)}

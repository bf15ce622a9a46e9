"""Explain what is wrong with a recipe: the nearest known key, or the variant that a misplaced key belongs to."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from xprojdb.config.errors import RecipeError, placed
from xprojdb.config.hints.old_keys import OLD_KEYS

_HINTS = {
    "tuple_type": 'it should be a list, such as ["en"]; scorers are tables [[scorer]]',
    "too_short": "it should have at least one entry",
    "model_type": "it should be a table, such as [align]",
}
#: the command whose recipes have a key at the top, for keys that only one kind of recipe has
COMMANDS = {
    "train": "xprojdb train",
    "self_train": "xprojdb train",
    "study": "xprojdb study",
    "baselines": "xprojdb baselines",
    **dict.fromkeys(
        ("source", "target", "translate", "tag", "align", "scorer", "project", "combine", "export"), "xprojdb run"
    ),
}


def explained(error: ValidationError, model: type[BaseModel], variant: type | None = None) -> RecipeError:
    """The error for the first problem; its key is relative to the model, and appears as ``{key}`` in its message.

    :param variant: the ``Config`` behind the model.
    """
    if command := _for_another(error, model):
        return command
    details = _first(error)
    place = tuple(part for part in details["loc"] if isinstance(part, str))
    cause = details.get("ctx", {}).get("error")
    if isinstance(cause, RecipeError):
        return placed(cause, place)
    key = ".".join(place)
    if details["type"] == "extra_forbidden":
        return _unknown(place, _model_at(model, place[:-1]), variant if len(place) == 1 else None)
    if details["type"] == "missing":
        return RecipeError("{key} is missing", hint=_missing(model), key=key)
    return RecipeError("{key} cannot be " + repr(details["input"]), hint=_hint(details), key=key)


def _first(error: ValidationError) -> ErrorDetails:
    """The first problem; an unknown key before a missing one, which may be the same key without its typing error."""
    found = error.errors()
    unknown = (details for details in found if details["type"] == "extra_forbidden")
    return next(unknown, found[0]) if found[0]["type"] == "missing" else found[0]


def _for_another(error: ValidationError, model: type[BaseModel]) -> RecipeError | None:
    """The error for a recipe that was given to the command of another kind of recipe."""
    if not {"name", "corpora"} <= model.model_fields.keys():
        return None
    unknown = [details["loc"] for details in error.errors() if details["type"] == "extra_forbidden"]
    key = next((str(place[0]) for place in unknown if len(place) == 1 and place[0] in COMMANDS), None)
    if key is None:
        return None
    hint = f"such a recipe is for another command: {COMMANDS[key]} RECIPE"
    return RecipeError("{key} has no meaning here", hint=hint, key=key, command=COMMANDS[key])


def _unknown(place: tuple[str, ...], table: type[BaseModel], variant: type | None) -> RecipeError:
    key, keys = place[-1], list(table.model_fields)
    belongs = list(_owners(variant, key)) if variant is not None else []
    if belongs:
        return _misplaced(key, variant, belongs)
    new = OLD_KEYS.get(key, ())
    current = next((name for name in new if name in keys), None)
    nearest = current or next(iter(difflib.get_close_matches(key, keys, n=1, cutoff=0.4)), None)
    if current:
        hint = f"it is now called {current}"
    else:
        hint = f"did you mean {nearest}?" if nearest else f"known keys: {', '.join(keys)}"
    return RecipeError("unknown key {key}", hint=hint, key=".".join(place), nearest=nearest, known=tuple(keys))


def _misplaced(key: str, variant: Any, belongs: list[str]) -> RecipeError:
    names = " or ".join(f'"{name}"' for name in belongs)
    hint = f"it belongs to {variant.key} = {names}"
    message = f"the {variant.group.removesuffix('s')} {variant.variant!r} has no {key}"
    return RecipeError(message, hint=hint, key=key, belongs=tuple(belongs))


def _owners(variant: Any, key: str) -> Iterator[str]:
    from xprojdb.config.variants import VariantConfig, owners

    if issubclass(variant, VariantConfig):
        yield from owners(variant, key)


def _hint(details: ErrorDetails) -> str:
    if hint := _HINTS.get(details["type"]):
        return hint
    return details["msg"].replace("Input should", "it should")


def _missing(model: type[BaseModel]) -> str:
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    return f"it needs at least {', '.join(needed)}"


def _model_at(model: type[BaseModel], place: tuple[str, ...]) -> type[BaseModel]:
    """The table at a place inside another."""
    for key in place:
        if key in model.model_fields:
            model = next(_models(model.model_fields[key].annotation), model)
    return model


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)

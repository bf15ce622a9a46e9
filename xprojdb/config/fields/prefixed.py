"""Models whose names begin with what runs them: ``hf:MODEL``, ``spacy:PACKAGE``, ``apertium``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xprojdb import entry_points
from xprojdb.config.errors import RecipeError, placed
from xprojdb.config.fields.types import Text
from xprojdb.config.variants import build
from xprojdb.entry_points import Group, PluginError
from xprojdb.errors import UsageError

PrefixedName = Text


def plugin_of(group: Group, name: str, key: str) -> Any:
    """The plug-in that the prefix of a name is.

    :param key: of the name in its table, for errors.
    :raises RecipeError: when there is none, or the name lacks what it must have after its prefix.
    """
    prefix, _, model = name.partition(":")
    try:
        plugin = entry_points.load(group, prefix)
    except PluginError as error:
        nearest = error.fields.get("nearest")
        raise RecipeError(error.message, hint=error.hint, key=key, nearest=nearest, name=name) from error
    if bool(model) != plugin.named:
        wanted = f"{prefix}:{plugin.metavar}" if plugin.named else prefix
        raise RecipeError(f"{name!r} names no model", hint=f"write {wanted}", key=key, name=name)
    return plugin


def options_of(plugin: Any, options: Mapping[str, Any], key: str) -> Any:
    """The ``Config`` of a plug-in, from some options.

    :param key: of the table that they are in, for errors.
    :raises RecipeError: when it has no such options.
    """
    try:
        return build(plugin.Config, options)
    except RecipeError as error:
        raise placed(error, (key,) if key else ()) from None
    except UsageError as error:
        raise RecipeError(error.message, hint=error.hint, key=key, **error.fields) from error

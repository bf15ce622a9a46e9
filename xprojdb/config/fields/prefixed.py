"""Models whose names start with the plug-in that runs them: ``hf:MODEL``, ``spacy:PACKAGE``, ``apertium``."""

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
    """The plug-in behind the prefix of a model name.

    :param key: the key that holds the name, for errors.
    :raises RecipeError: when there is no such plug-in, or the name lacks the part after its prefix.
    """
    prefix, _, model = name.partition(":")
    try:
        plugin = entry_points.load(group, prefix)
    except PluginError as error:
        nearest = error.fields.get("nearest")
        raise RecipeError(error.message, hint=error.hint, key=key, nearest=nearest, name=name) from error
    if bool(model) != plugin.named:
        form = f"{prefix}:{plugin.metavar}" if plugin.named else prefix
        raise RecipeError(f"{name!r} is not the name of a model", hint=f"write {form}", key=key, name=name)
    return plugin


def options_of(plugin: Any, options: Mapping[str, Any], key: str) -> Any:
    """Build the ``Config`` of a plug-in from options.

    :param key: the key of the table that holds them, for errors.
    :raises RecipeError: when an option is unknown or invalid.
    """
    try:
        return build(plugin.Config, options)
    except RecipeError as error:
        raise placed(error, (key,) if key else ()) from None
    except UsageError as error:
        raise RecipeError(error.message, hint=error.hint, key=key, **error.fields) from error

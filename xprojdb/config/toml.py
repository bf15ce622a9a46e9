"""Read TOML, and write the part of it that recipes use."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from xprojdb.config.errors import RecipeError

#: tables in one another; recipes have three
_DEEPEST = 20
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def loads(text: str, file: str) -> dict[str, Any]:
    """Read the tables of a recipe.

    :param file: its name in messages.
    :raises RecipeError: when it is not TOML, or nested too deeply.
    """
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{file} is not TOML: {error}", hint="see https://toml.io", file=file) from error
    except (RecursionError, ValueError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else "a number has too many digits"
        raise _unreadable(file, why) from error
    level: list[Any] = [tables]
    for _ in range(_DEEPEST):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _within(outer)]
    if level:
        raise _unreadable(file, "it is nested too deeply")
    return tables


def _within(outer: dict[str, Any] | list[Any]) -> Iterator[Any]:
    return iter(outer.values() if isinstance(outer, dict) else outer)


def _unreadable(file: str, why: str) -> RecipeError:
    return RecipeError(f"{file} cannot be read as TOML: {why}", hint="see https://toml.io", file=file)


def dumps(table: Mapping[str, Any]) -> str:
    """Convert a table of texts, numbers, lists and tables to TOML, with values before tables.

    :raises TypeError: for a value that TOML cannot represent.
    """
    return "\n".join(_lines(table, ())) + "\n"


def _lines(table: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[str]:
    for name, value in table.items():
        if not _is_table(value) and not _are_tables(value):
            yield f"{_key(name)} = {_value(value)}"
    for name, value in table.items():
        inner = (*place, name)
        if _is_table(value):
            yield from ("", f"[{'.'.join(map(_key, inner))}]")
            yield from _lines(value, inner)
        elif _are_tables(value):
            for row in value:
                yield from ("", f"[[{'.'.join(map(_key, inner))}]]")
                yield from _lines(row, inner)


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_tables(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str) and bool(value) and all(map(_is_table, value))


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # TOML's basic strings have the escapes of JSON, except for the one control character that JSON does not escape.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"TOML cannot represent {type(value).__name__}")


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)

"""Write the part of TOML that recipes use."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_BARE = re.compile(r"[A-Za-z0-9_-]+")


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

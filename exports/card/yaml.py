"""Write plain values as YAML, in the small subset that every reader agrees on."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(/[A-Za-z0-9_-]+)*")
# Unquoted, these are booleans or null: Norwegian ("no") is the famous victim.
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


def to_yaml(value: Mapping[str, Any]) -> str:
    """A mapping as block YAML, keys in the given order.

    :param value: mappings, sequences, strings, integers, booleans and ``None``.
    """
    return "\n".join(_mapping(value, "")) + "\n"


def _mapping(value: Mapping[str, Any], indent: str) -> Iterator[str]:
    for key, item in value.items():
        yield from _entry(f"{indent}{_scalar(str(key))}:", item, indent)


def _entry(head: str, item: Any, indent: str) -> Iterator[str]:
    if isinstance(item, Mapping) and item:
        yield head
        yield from _mapping(item, indent + "  ")
    elif _is_list(item) and item:
        yield head
        for element in item:
            yield from _element(element, indent)
    else:
        yield f"{head} {_scalar(item)}"


def _element(element: Any, indent: str) -> Iterator[str]:
    if not (isinstance(element, Mapping) and element):
        yield f"{indent}- {_scalar(element)}"
        return
    lines = list(_mapping(element, indent + "  "))
    yield f"{indent}- {lines[0].lstrip()}"
    yield from lines[1:]


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in _WORDS:
        return value
    # JSON is YAML, except for characters that YAML wants escaped and surrogate pairs, which it does not join.
    text = json.dumps(value, ensure_ascii=False)
    return "".join(character if character.isprintable() else _escaped(character) for character in text)


def _escaped(character: str) -> str:
    return f"\\U{ord(character):08x}"

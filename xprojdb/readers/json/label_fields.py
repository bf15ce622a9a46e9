"""Fields of JSON objects that look like labels; one that is not read would be lost silently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xprojdb.readers.records import ReadError
from xprojdb.text.spans import is_tag

_NAMES = frozenset(
    ("ner", "ner_tag", "ner_tags", "ner_labels", "tags", "tag", "labels", "bio", "bio_tags", "iob", "iob2", "ne",
     "ne_tags", "entities", "entity_tags", "ents", "spans")
)  # fmt: skip
_OTHERS = ("pos", "chunk", "upos", "xpos", "dep")


def refuse_labels(file: Path, line: int, data: Mapping[str, Any], fields_read: Sequence[str | None]) -> None:
    """Refuse an object that has labels in a field that is not read.

    :param fields_read: the fields that are read.
    :raises ReadError: naming the field.
    """
    for name, value in data.items():
        if name in fields_read or not isinstance(value, list) or not value or name.startswith(_OTHERS):
            continue
        hint = _hint(name, value, data)
        if hint is not None:
            message = f"field {name!r}: looks like labels, but is not read"
            raise ReadError.at(file, "labels", message, line=line, hint=hint, field=name)


def _hint(name: str, value: Sequence[Any], data: Mapping[str, Any]) -> str | None:
    """What to do about a field that looks like labels; None for other fields."""
    if all(isinstance(tag, str) and is_tag(tag) for tag in value):
        return f"name it with --tags-field {name}; this also needs a field of words"
    if name.casefold() in _NAMES and all(isinstance(tag, int) for tag in value):
        return f"name it, and the tags in the order of their numbers: --tags-field {name} --label-names O,B-PER,…"
    offsets = isinstance(value[0], list | dict) and name.casefold() in (*_NAMES, "label", "annotations")
    if offsets and any(isinstance(data.get(text), str) for text in ("text", "sentence")):
        return "use xprojdb import spans for labels as character offsets"
    return "labels of this form cannot be read" if offsets else None

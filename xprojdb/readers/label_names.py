"""Labels in files: what can be repaired in them, and which no data set can contain."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_RUN_TOGETHER = frozenset('",;|<>=')
_SEEN = 4096
#: bytes of UTF-8 that a label may have
LONGEST_LABEL = 1_000


@lru_cache(_SEEN)
def trim_tag(tag: str) -> str:
    """A tag or label without surrounding white space and invisible characters."""
    start, end = 0, len(tag)
    while start < end and _is_invisible(tag[start]):
        start += 1
    while end > start and _is_invisible(tag[end - 1]):
        end -= 1
    return tag[start:end]


@lru_cache(_SEEN)
def label_fault(label: str) -> str | None:
    """What is wrong with a label, as a verb phrase; None if nothing is.

    White space and invisible characters would break exports; quotes, commas and the like are traces of attributes, or
    of several tags that ran together.
    """
    if not label:
        return "is empty"
    if len(label.encode("utf-8", "surrogatepass")) > LONGEST_LABEL:
        return f"has more than {LONGEST_LABEL:,} bytes"
    for character in label:
        if character.isspace():
            return "contains white space"
        if unicodedata.category(character)[0] == "C":
            return f"contains the invisible character U+{ord(character):04X}"
        if character in _RUN_TOGETHER:
            return f"contains {character!r}, as if two things ran together"
    return None


def _is_invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character)[0] == "C"

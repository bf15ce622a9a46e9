"""Normalise different spellings of a name, and measure the similarity of strings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal

#: as many marks as Unicode's stream-safe text has on a letter (UAX 15); no language writes more
_MOST_MARKS = 30
#: where there may be more: marks are neither letters nor white space
_SUSPECT = re.compile(rf"[^\w\s\x00-\x7f]{{{_MOST_MARKS + 1},}}")


def normal_form(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """A normal form of a text, in time that grows with its length.

    Python sorts the marks of a letter in quadratic time. Beyond 30 of them, which only made-up text has, each 30 are
    sorted on their own.
    """
    if text.isascii():
        return text
    if _SUSPECT.search(text):
        return "".join(unicodedata.normalize(form, piece) for piece in _pieces(text))
    return unicodedata.normalize(form, text)


def _pieces(text: str) -> Iterator[str]:
    begin = 0
    for suspect in _SUSPECT.finditer(text):
        marks = 0
        for place in range(*suspect.span()):
            marks = marks + 1 if unicodedata.combining(text[place]) else 0
            if marks > _MOST_MARKS:
                yield text[begin:place]
                begin, marks = place, 1
    yield text[begin:]


@lru_cache(maxsize=1 << 18)
def fold(text: str) -> str:
    """Decompose compatibility forms (NFKD), drop combining marks, fold case: ``"Ｅurópa"`` becomes ``"europa"``.

    A text that only has combining marks stays unchanged, so that no word becomes empty.
    """
    if text.isascii():
        return text.lower()
    decomposed = normal_form("NFKD", normal_form("NFKD", text).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)) or text


def edit_distance(a: str, b: str) -> int:
    """The Levenshtein distance: the number of characters to insert, delete or replace."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        corner, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            corner, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, corner + (x != y))
    return row[-1]


def edit_similarity(a: str, b: str) -> float:
    """``1 - distance / longer length``; 1 for two empty strings."""
    longer = max(len(a), len(b))
    return 1 - edit_distance(a, b) / longer if longer else 1.0

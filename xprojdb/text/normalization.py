"""Normalise different spellings of a name, and measure the similarity of strings."""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=1 << 18)
def fold(text: str) -> str:
    """Decompose compatibility forms (NFKD), drop combining marks, fold case: ``"Ｅurópa"`` becomes ``"europa"``.

    A text that only has combining marks stays unchanged, so that no word becomes empty.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
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

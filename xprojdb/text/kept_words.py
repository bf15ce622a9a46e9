"""What a translation has kept of a sentence: its length, its numbers and its names, each as a share from 0 to 1."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

from xprojdb.text.normalization import edit_similarity, fold

#: how much of a name's letters a word must share to be the same name
LIKE = 0.6
_NUMBER = re.compile(r"\d{1,3}(?:[.,'\u2019\u00a0\u202f ]\d{3})+(?!\d)|\d+")


def kept_length(left: Sequence[str], right: Sequence[str]) -> float:
    """The length of the shorter sentence relative to that of the longer one, in characters; 1 for two empty ones."""
    lengths = sorted(sum(map(len, words)) for words in (left, right))
    return lengths[0] / lengths[1] if lengths[1] else 1.0


def kept_numbers(source: Sequence[str], target: Sequence[str]) -> float:
    """The share of the numbers of a sentence that its translation has; 1 if it has none.

    Digits of all scripts count, and separators of thousands do not. A number counts as often as it occurs.
    """
    wanted, found = Counter(_numbers(source)), Counter(_numbers(target))
    total = wanted.total()
    return (wanted & found).total() / total if total else 1.0


def kept_names(source: Sequence[str], target: Sequence[str]) -> float:
    """The share of the names of a sentence of which its translation has a word with nearly the same letters.

    Names are the words with a capital that do not begin the sentence; 1 if there are none.
    """
    names = [fold(word) for word in source[1:] if word[:1].isupper()]
    if not names:
        return 1.0
    spelled = {fold(word) for word in target}
    return sum(_is_spelled(name, spelled) for name in names) / len(names)


def _is_spelled(name: str, words: set[str]) -> bool:
    return name in words or any(edit_similarity(name, word) >= LIKE for word in words if _may_be_like(name, word))


def _may_be_like(name: str, word: str) -> bool:
    """Whether their lengths allow it; this is much faster than comparing their letters."""
    shorter, longer = sorted((len(name), len(word)))
    return shorter >= LIKE * longer


def _numbers(words: Sequence[str]) -> list[str]:
    digits = "".join(str(unicodedata.decimal(sign, sign)) for sign in " ".join(words))
    return [re.sub(r"\D", "", found) for found in _NUMBER.findall(digits)]

"""Find places where parallel texts are out of step: names and numbers agree better with a neighbouring line.

A line that is missing on one side, and another one further on that is missing on the other, leave as many lines as
before, and every line in between is joined with a translation of another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence, Set

from xprojdb.text.normalization import fold

#: lines that are looked at together, and by how many they may be out of step
WINDOW, REACH = 50, 3
#: how many words must agree, and how many times as many as without a shift
_LEAST, _TIMES = 8, 3
#: words in more lines than this share of a window tell none of them from others
_COMMON = 0.2


def anchors(words: Sequence[str]) -> frozenset[str]:
    """The words of a line that a translation may repeat: numbers, and names that do not begin it."""
    names = (word for word in words[1:] if len(word) > 2 and word[:1].isupper())
    return frozenset(map(fold, (*names, *(word for word in words if any(map(str.isdigit, word))))))


def shift_of(left: Sequence[Set[str]], right: Sequence[Set[str]]) -> int:
    """By how many lines the right side of a window is late; 0 if nothing speaks for it.

    :param left: the anchors of L lines.
    :param right: those of the L lines they are joined with.
    """
    left, right = _rare(left), _rare(right)
    agreed = {
        places: sum(len(left[line] & right[line + places]) for line in range(REACH, len(left) - REACH))
        for places in range(-REACH, REACH + 1)
    }
    best = max(agreed, key=lambda places: (agreed[places], -abs(places)))
    return best if agreed[best] >= max(_LEAST, _TIMES * agreed[0]) else 0


def _rare(lines: Sequence[Set[str]]) -> list[Set[str]]:
    counts = Counter(word for line in lines for word in line)
    return [{word for word in line if counts[word] <= _COMMON * len(lines)} for line in lines]

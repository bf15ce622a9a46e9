"""Equal words: link names, numbers and other words spelled the same in both languages, without a model."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from xprojdb.errors import UsageError
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.text.normalization import fold

Words = Literal["names", "all"]
Repeats = Literal["nearest", "skip"]


@dataclass(frozen=True)
class EqualWordsParams:
    """Which equal words are linked.

    :param words: ``names``: words that start with a capital, or with a letter of a script without capitals, or contain
        a digit; ``all``: punctuation and function words as well.
    :param repeats: how to treat a word that occurs several times on a side: ``nearest`` links occurrences at similar
        relative positions; ``skip`` links none.
    :raises UsageError: when a value is invalid; fields ``param`` and ``value``.
    """

    words: Words = "names"
    repeats: Repeats = "nearest"

    def __post_init__(self) -> None:
        for param, values in (("words", get_args(Words)), ("repeats", get_args(Repeats))):
            value = getattr(self, param)
            if value not in values:
                hint = f"possible values: {', '.join(values)}"
                raise UsageError(f"equal_words: {param} cannot be {value!r}", hint=hint, param=param, value=value)


class EqualWordsAligner:
    """Links words that are equal except for case and accents, each at most once.

    The score of a link is 1; for words that occur several times, it is reduced by the distance of the two positions.
    """

    def __init__(self, params: EqualWordsParams | None = None) -> None:
        self.params = params or EqualWordsParams()

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs; see :class:`xprojdb.models.aligners.encoder.Aligner`."""
        return [self._links(left, right) for left, right in pairs]

    def _links(self, left: Sequence[str], right: Sequence[str]) -> Links:
        ours, theirs = self._places(left), self._places(right)
        cells: list[tuple[int, int, float]] = []
        for word in ours.keys() & theirs.keys():
            if len(ours[word]) == len(theirs[word]) == 1:
                cells.append((ours[word][0], theirs[word][0], 1.0))
            elif self.params.repeats == "nearest":
                cells += _nearest(ours[word], theirs[word], len(left), len(right))
        cells.sort()
        pairs = np.array([link[:2] for link in cells], np.int32).reshape(-1, 2)
        return Links(pairs, np.array([link[2] for link in cells], np.float32))

    def _places(self, words: Sequence[str]) -> dict[str, list[int]]:
        """The positions of each folded word."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            if word and (self.params.words == "all" or _is_name(word)):
                places.setdefault(fold(word), []).append(place)
        return places


def _is_name(word: str) -> bool:
    return unicodedata.category(word[0]) in ("Lu", "Lt", "Lo") or any(character.isdigit() for character in word)


def _nearest(left: list[int], right: list[int], n: int, m: int) -> Iterator[tuple[int, int, float]]:
    """Pairs of positions, the closest first, using each position once."""
    apart = sorted((abs((i + 0.5) / n - (j + 0.5) / m), i, j) for i in left for j in right)
    taken: set[tuple[str, int]] = set()
    for distance, i, j in apart:
        if not taken & {("left", i), ("right", j)}:
            taken |= {("left", i), ("right", j)}
            yield i, j, 1 - distance

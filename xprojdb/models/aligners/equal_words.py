"""Equal words: names, numbers and whatever else is written alike in both languages, linked without any model."""

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

    :param words: ``names``: those that begin with a capital, or with a letter of a script without capitals, or have a
        digit; ``all``: punctuation and function words as well.
    :param repeats: of a word that occurs several times on a side: ``nearest``: each with the one whose place in the
        sentence is most like its own; ``skip``: none.
    :raises UsageError: when a value is not possible; fields ``param`` and ``value``.
    """

    words: Words = "names"
    repeats: Repeats = "nearest"

    def __post_init__(self) -> None:
        for param, known in (("words", get_args(Words)), ("repeats", get_args(Repeats))):
            value = getattr(self, param)
            if value not in known:
                hint = f"possible: {', '.join(known)}"
                raise UsageError(f"equal_words: {param} cannot be {value!r}", hint=hint, param=param, value=value)


class EqualWordsAligner:
    """Links words that are equal but for case and accents, each at most once.

    A link's score is 1, or for a word that occurs several times, less by how far apart the two places are.
    """

    def __init__(self, params: EqualWordsParams | None = None) -> None:
        self.params = params or EqualWordsParams()

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs; see :class:`xprojdb.models.aligners.encoder.Aligner`."""
        return [self._links(left, right) for left, right in pairs]

    def _links(self, left: Sequence[str], right: Sequence[str]) -> Links:
        ours, theirs = self._places(left), self._places(right)
        found: list[tuple[int, int, float]] = []
        for word in ours.keys() & theirs.keys():
            if len(ours[word]) == len(theirs[word]) == 1:
                found.append((ours[word][0], theirs[word][0], 1.0))
            elif self.params.repeats == "nearest":
                found += _nearest(ours[word], theirs[word], len(left), len(right))
        found.sort()
        pairs = np.array([cell[:2] for cell in found], np.int32).reshape(-1, 2)
        return Links(pairs, np.array([cell[2] for cell in found], np.float32))

    def _places(self, words: Sequence[str]) -> dict[str, list[int]]:
        """Where each folded word stands."""
        places: dict[str, list[int]] = {}
        for place, word in enumerate(words):
            if word and (self.params.words == "all" or _is_name(word)):
                places.setdefault(fold(word), []).append(place)
        return places


def _is_name(word: str) -> bool:
    return unicodedata.category(word[0]) in ("Lu", "Lt", "Lo") or any(character.isdigit() for character in word)


def _nearest(left: list[int], right: list[int], n: int, m: int) -> Iterator[tuple[int, int, float]]:
    """Pairs of places, the most alike first; each place once."""
    apart = sorted((abs((i + 0.5) / n - (j + 0.5) / m), i, j) for i in left for j in right)
    taken: set[tuple[str, int]] = set()
    for distance, i, j in apart:
        if not taken & {("left", i), ("right", j)}:
            taken |= {("left", i), ("right", j)}
            yield i, j, 1 - distance

"""Align words where data sets have smaller units: words are linked, and links between their units are returned."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links
from xprojdb.text.segmentation import segment, words_of


def links_of_units(links: Links, left: Sequence[range], right: Sequence[range]) -> Links:
    """Convert links between words to links between the units of the words.

    :param links: between words.
    :param left, right: the units of each word, ascending and without overlaps.
    :returns: for each link of two words, links between all of their units with the same score, sorted.
    """
    cells = [
        (unit, other, score)
        for (ours, theirs), score in zip(links.pairs.tolist(), links.scores.tolist(), strict=True)
        for unit in left[ours]
        for other in right[theirs]
    ]
    cells.sort()
    pairs = np.array([cell[:2] for cell in cells], np.int32).reshape(-1, 2)
    return Links(pairs, np.array([cell[2] for cell in cells], np.float32))


class UnitAligner:
    """Wraps a word aligner for sentences in smaller units.

    :param aligner: the word aligner; methods for learning are passed through.
    :param left, right: the language of each side, for segmenting its units into words; None if they are words.
    """

    def __init__(self, aligner: Any, left: str | None, right: str | None) -> None:
        self._aligner = aligner
        self._sides = (left, right)

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs; see :class:`xprojdb.models.aligners.encoder.Aligner`."""
        groups = [tuple(map(_groups, pair, self._sides)) for pair in pairs]
        words = [tuple(map(words_of, pair, both)) for pair, both in zip(pairs, groups, strict=True)]
        word_links: list[Links] = self._aligner.align(words)
        return [links_of_units(links, *both) for links, both in zip(word_links, groups, strict=True)]

    def centred(self, left: Any, right: Any) -> UnitAligner:
        """See :meth:`xprojdb.models.aligners.encoder.EncoderAligner.centred`."""
        return UnitAligner(self._aligner.centred(left, right), *self._sides)

    def mean(self, sentences: Sequence[Sequence[str]]) -> Any:
        """See :meth:`xprojdb.models.aligners.encoder.EncoderAligner.mean`; the sentences are of the left language."""
        return self._aligner.mean([words_of(units, _groups(units, self._sides[0])) for units in sentences])

    def learn(self, pairs: Iterable[SentencePair]) -> Any:
        """See :meth:`xprojdb.models.aligners.eflomal.Eflomal.learn`."""
        return self._aligner.learn(self._words(pairs))

    def trained(self, learned: Any) -> UnitAligner:
        """See :meth:`xprojdb.models.aligners.eflomal.Eflomal.trained`."""
        return UnitAligner(self._aligner.trained(learned), *self._sides)

    def _words(self, pairs: Iterable[SentencePair]) -> Iterator[tuple[list[str], list[str]]]:
        for pair in pairs:
            left, right = (words_of(units, _groups(units, lang)) for units, lang in zip(pair, self._sides, strict=True))
            yield left, right


def _groups(units: Sequence[str], lang: str | None) -> list[range]:
    return [range(n, n + 1) for n in range(len(units))] if lang is None else segment(units, lang)

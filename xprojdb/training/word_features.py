"""Features of words for a small head: the encoder's vector in few dimensions, the word's shape, and its neighbours'."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Halves, Singles

#: dimensions that are kept of an encoder's vectors
KEPT = 96
#: features of the shape of a word
SHAPES = 7
#: words up to this many letters are short
_SHORT = 3
_ROWS = 16_384


class Reduction(NamedTuple):
    """Principal components of word vectors.

    :param mean: (width,) the mean vector.
    :param axes: (width, kept) the directions of greatest variance, scaled so that each has variance 1.
    """

    mean: Singles
    axes: Singles

    def reduced(self, rows: Halves) -> Singles:
        """(N, kept) the rows in the new directions.

        :param rows: (N, width).
        """
        return np.asarray((rows.astype(np.float32) - self.mean) @ self.axes, np.float32)


def principal_components(rows: Halves, kept: int = KEPT) -> Reduction:
    """Find the directions of greatest variance (Pearson 1901).

    :param rows: (N, width), at least one.
    :param kept: how many to keep, at most the width.
    """
    mean = rows.mean(0, dtype=np.float64)
    spread = np.zeros((rows.shape[1], rows.shape[1]))
    for at in range(0, len(rows), _ROWS):
        part = rows[at : at + _ROWS].astype(np.float64) - mean
        spread += part.T @ part
    variance, axes = np.linalg.eigh(spread / len(rows))
    variance, axes = variance[::-1][:kept], axes[:, ::-1][:, :kept]
    # The sign of an eigenvector is arbitrary.
    axes = axes * np.where(axes[np.abs(axes).argmax(0), np.arange(axes.shape[1])] < 0, -1.0, 1.0)
    scaled = axes / np.sqrt(np.maximum(variance, 1e-9))
    return Reduction(mean.astype(np.float32), scaled.astype(np.float32))


def shapes(words: Sequence[str]) -> Singles:
    """Describe how words look.

    :returns: (words, 7): capitalised, capitalised within the sentence, in capitals, begins with a digit, has neither
        letter nor digit, first of its sentence, short; 0 or 1 each.
    """
    rows = np.zeros((len(words), SHAPES), np.float32)
    for place, word in enumerate(words):
        capital = word[:1].isupper()
        whole = capital and len(word) > 1 and word.isupper()
        bare = not any(map(str.isalnum, word))
        rows[place] = (capital, capital and place > 0, whole, word[:1].isdigit(), bare, place == 0, len(word) <= _SHORT)
    return rows


def word_features(words: Sequence[str], vectors: Halves, reduction: Reduction) -> Halves:
    """The features of a sentence's words and of the words on both sides of each.

    :param vectors: (words, width) the encoder's.
    :returns: (words, 3 · (kept + 7)): the word's own, the previous word's and the next one's; zeros beyond the ends.
    """
    own = np.concatenate([reduction.reduced(vectors), shapes(words)], 1)
    beyond = np.zeros((1, own.shape[1]), np.float32)
    before, after = np.concatenate([beyond, own[:-1]]), np.concatenate([own[1:], beyond])
    return np.concatenate([own, before[: len(own)], after[: len(own)]], 1).astype(np.float16)

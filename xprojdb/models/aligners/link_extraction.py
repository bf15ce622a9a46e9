"""Extract word links from similarity matrices with the rules of SimAlign and AWESOME, on padded batches.

SimAlign: Jalili Sabet et al. 2020, arXiv 2004.08728. AWESOME: Dou and Neubig 2021, arXiv 2101.08231.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Flags, Singles
from xprojdb.extras import require
from xprojdb.models.aligners.similarity import Similarities

ITERMAX_ROUNDS = 2
ITERMAX_FACTOR = np.float32(0.9)
"""Similarities are multiplied by this if one of the two sides is already aligned."""

_OUTSIDE = np.float32(-1e30)
_Indices = NDArray[np.intp]


class Cells(NamedTuple):
    """Linked cells of a batch of matrices.

    :param pair, row, column: index arrays (links,).
    :param scores: float32 array (links,).
    """

    pair: _Indices
    row: _Indices
    column: _Indices
    scores: Singles


def argmax(similarities: Similarities) -> Cells:
    """SimAlign's *inter*: row and column are mutual maxima; the score is the similarity."""
    values = np.where(similarities.inside(), similarities.values, _OUTSIDE)
    return _cells(values, _mutual_best(values) & similarities.inside())


def itermax(similarities: Similarities) -> Cells:
    """SimAlign's *itermax*: argmax, repeated on what is left over; the score is the similarity.

    In the second round, similarities are multiplied by 0.9 if one side is aligned, and ignored if both are. As in the
    authors' package, there is no second round for matrices with at most two rows or columns, or if a whole side is
    aligned.

    :param similarities: values from 0 to 1.
    """
    inside = similarities.inside()
    values = np.where(inside, similarities.values, _OUTSIDE)
    linked = _mutual_best(values) & inside
    large = np.minimum(similarities.rows, similarities.columns) > 2
    for _ in range(ITERMAX_ROUNDS - 1):
        linked |= _left_over(values, linked, inside) & large[:, None, None]
    return _cells(values, linked)


def mwmf(similarities: Similarities) -> Cells:
    """SimAlign's *mwmf*: the one-to-one matching with the largest total weight; the score is the similarity.

    :param similarities: values above 0, so that every unit of the shorter side is matched.
    :raises MissingExtra: when scipy is not installed.
    """
    solve = require("scipy.optimize", "models").linear_sum_assignment
    linked = np.zeros(similarities.values.shape, np.bool_)
    for pair, (values, rows, columns) in enumerate(zip(*similarities, strict=True)):
        row, column = solve(values[:rows, :columns], maximize=True)
        linked[pair, row, column] = True
    return _cells(similarities.values, linked)


def softmax(similarities: Similarities, min_probability: float) -> Cells:
    """AWESOME's softmax: both the row and the column probability exceed ``min_probability``.

    :param similarities: dot products.
    :param min_probability: from 0 to 1.
    :returns: the score is √(row probability · column probability).
    """
    inside = similarities.inside()
    values = np.where(inside, similarities.values, _OUTSIDE)
    by_row, by_column = _softmax(values, 2), _softmax(values, 1)
    return _cells(np.sqrt(by_row * by_column), (by_row > min_probability) & (by_column > min_probability) & inside)


def soft(similarities: Similarities, temperature: float, min_probability: float) -> Cells:
    """Every link with some probability under softmaxes over rows and columns, sharpened by a temperature.

    :param similarities: SimAlign's, (cosine + 1) / 2.
    :param temperature: cosines are divided by this.
    :param min_probability: links must have a higher score than this.
    :returns: the score is √(row probability · column probability).
    """
    inside = similarities.inside()
    values = np.where(inside, similarities.values * np.float32(2 / temperature), _OUTSIDE)
    scores = np.sqrt(_softmax(values, 2) * _softmax(values, 1))
    return _cells(scores, (scores > min_probability) & inside)


def entmax15(similarities: Similarities) -> Cells:
    """AWESOME's α-entmax with α = 1.5: both sparse probabilities are above zero.

    :param similarities: dot products.
    :returns: the score is √(row probability · column probability).
    """
    inside = similarities.inside()
    values = np.where(inside, similarities.values, _OUTSIDE)
    by_row = _entmax15(values)
    by_column = _entmax15(_transposed(values)).transpose(0, 2, 1)
    return _cells(np.sqrt(by_row * by_column), (by_row > 0) & (by_column > 0) & inside)


def _cells(scores: Singles, linked: Flags) -> Cells:
    pair, row, column = np.nonzero(linked)
    return Cells(pair, row, column, scores[pair, row, column])


def _transposed(values: Singles) -> Singles:
    # Copied, because NumPy is several times slower along a strided axis.
    return np.ascontiguousarray(values.transpose(0, 2, 1))


def _mutual_best(values: Singles) -> Flags:
    """Cells that are the first maximum of both their row and their column."""
    best_column = values.argmax(2)
    best_row = _transposed(values).argmax(2)
    pair, row = np.indices(best_column.shape, sparse=True)
    mutual = np.zeros(values.shape, np.bool_)
    mutual[pair, row, best_column] = best_row[pair, best_column] == row
    return mutual


def _left_over(values: Singles, linked: Flags, inside: Flags) -> Flags:
    """The links that another round adds to those so far."""
    row_free = ~np.any(linked, axis=2, keepdims=True)
    column_free = ~np.any(linked, axis=1, keepdims=True)
    weighted = values * np.where(row_free & column_free, np.float32(1), ITERMAX_FACTOR)
    either = (row_free | column_free) & inside
    weighted[~either & inside] = 0
    sides = (np.any(free & inside, axis=(1, 2), keepdims=True) for free in (row_free, column_free))
    both_sides = np.logical_and(*sides)
    added: Flags = _mutual_best(weighted) & either & both_sides
    return added


def _softmax(values: Singles, axis: int) -> Singles:
    raised: Singles = np.exp(values - values.max(axis, keepdims=True))
    raised /= raised.sum(axis, keepdims=True)
    return raised


def _entmax15(values: Singles) -> Singles:
    """1.5-entmax along the last axis (Peters et al. 2019, arXiv 1905.05702, algorithm 2): exact, by sorting."""
    # Values more than 1 below the maximum have no probability; clipping them keeps the squares of the rest exact.
    scaled = np.maximum((values - values.max(2, keepdims=True)) / np.float32(2), np.float32(-2))
    falling = -np.sort(-scaled, axis=2)
    size = np.arange(1, values.shape[2] + 1, dtype=np.float32)
    mean = falling.cumsum(2) / size
    spread = size * ((falling**2).cumsum(2) / size - mean**2)
    level = mean - np.sqrt(np.maximum((1 - spread) / size, 0))
    support = (level <= falling).sum(2, keepdims=True)
    probabilities: Singles = np.maximum(scaled - np.take_along_axis(level, support - 1, 2), 0) ** 2
    return probabilities

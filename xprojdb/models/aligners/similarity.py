"""Similarity matrices of many sentence pairs at once, padded to a common shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Flags, Longs, Singles

BATCH_CELLS = 1 << 16
"""Cells in one padded batch of matrices: a few hundred KiB, small enough for the cache."""


class Similarities(NamedTuple):
    """A padded batch of matrices.

    :param values: float32 array (pairs, rows, columns); values outside a pair's own matrix have no meaning.
    :param rows, columns: int64 arrays (pairs,), the size of each pair's own matrix.
    """

    values: Singles
    rows: Longs
    columns: Longs

    def inside(self) -> Flags:
        """Bool array (pairs, rows, columns): the cells that belong to a pair's own matrix."""
        _, height, width = self.values.shape
        row_inside = np.arange(height) < self.rows[:, None]
        column_inside = np.arange(width) < self.columns[:, None]
        return row_inside[:, :, None] & column_inside[:, None, :]


def dot_products(left: Sequence[Singles], right: Sequence[Singles]) -> Similarities:
    """S = L Rᵀ for every pair.

    :param left, right: float32 arrays (units, hidden), one for each pair.
    """
    left_padded, rows = _padded(left)
    right_padded, columns = _padded(right)
    return Similarities(left_padded @ right_padded.transpose(0, 2, 1), rows, columns)


def cosine_similarities(left: Sequence[Singles], right: Sequence[Singles]) -> Similarities:
    """SimAlign's similarity (cosine + 1) / 2 for every pair, between 0 and 1.

    :param left, right: float32 arrays (units, hidden), one for each pair.
    """
    cosines = dot_products([unit_length(vectors) for vectors in left], [unit_length(vectors) for vectors in right])
    return cosines._replace(values=(cosines.values + np.float32(1)) / np.float32(2))


def unit_length(vectors: Singles) -> Singles:
    """Scale rows to length 1; rows of zeros stay unchanged."""
    norms: Singles = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
    norms[norms == 0] = 1
    return np.divide(vectors, norms)


def batches(rows: Longs, columns: Longs, cells: int = BATCH_CELLS) -> Iterator[Longs]:
    """Group pairs of similar size, so that batches contain little padding.

    :param rows, columns: int64 arrays (pairs,), the size of each pair's matrix.
    :param cells: the most cells in one padded batch, unless a single pair has more.
    :returns: indices of the pairs of each batch.
    """
    order = np.lexsort((columns, rows))
    at = 0
    while at < len(order):
        end, height, width = at, 0, 0
        while end < len(order):
            height, width = max(height, rows[order[end]]), max(width, columns[order[end]])
            if end > at and (end - at + 1) * height * width > cells:
                break
            end += 1
        yield order[at:end]
        at = end


def _padded(matrices: Sequence[Singles]) -> tuple[Singles, Longs]:
    lengths = np.array([len(matrix) for matrix in matrices], np.int64)
    padded = np.zeros((len(matrices), int(lengths.max(initial=0)), matrices[0].shape[1]), np.float32)
    for row, matrix in zip(padded, matrices, strict=True):
        row[: len(matrix)] = matrix
    return padded, lengths

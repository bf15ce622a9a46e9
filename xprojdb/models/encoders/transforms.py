"""Transformations of the vectors of a sentence before they are compared."""

from __future__ import annotations

from collections.abc import Callable

from xprojdb.arrays import Singles

Transform = Callable[[Singles], Singles]
"""A function from the float32 array (units, hidden) of one sentence to an array of the same shape."""


def unchanged(vectors: Singles) -> Singles:
    """Return the vectors unchanged."""
    return vectors


def centred(vectors: Singles) -> Singles:
    """Subtract the mean over the sentence: what all its words share does not distinguish them."""
    if len(vectors) < 2:
        return vectors
    less_mean: Singles = vectors - vectors.mean(0)
    return less_mean


def less(mean: Singles) -> Transform:
    """A transform that subtracts a given vector, such as the mean of all words of a language."""

    def subtract(vectors: Singles) -> Singles:
        difference: Singles = vectors - mean
        return difference

    return subtract


TRANSFORMS: dict[str, Transform] = {"none": unchanged, "centre": centred}

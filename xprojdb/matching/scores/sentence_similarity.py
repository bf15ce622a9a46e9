"""How similar a sentence and its translation are, by the vectors of their words."""

from __future__ import annotations

import numpy as np

from xprojdb.arrays import Singles


def sentence_similarity(left: Singles, right: Singles) -> float:
    """BERTScore (Zhang et al. 2020, arXiv 1904.09675) between languages, as XLMRScore uses it.

    Each word counts with the cosine of the most similar word of the other sentence; the result is the harmonic mean of
    the means of both sides.

    :param left: (n, hidden) vectors of the words of one sentence.
    :param right: (m, hidden) those of the other.
    :returns: at most 1; 0 if either has no words, or if a mean is not positive.
    """
    if not len(left) or not len(right):
        return 0.0
    cosines = _unit(left) @ _unit(right).T
    first, second = float(cosines.max(1).mean()), float(cosines.max(0).mean())
    return 2 * first * second / (first + second) if min(first, second) > 0 else 0.0


def _unit(vectors: Singles) -> Singles:
    rows: Singles = np.asarray(vectors, np.float32)
    norms = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Singles = np.divide(rows, norms, out=np.zeros_like(rows), where=norms > 0)
    return unit

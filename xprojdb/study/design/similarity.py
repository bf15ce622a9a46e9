"""How near languages are, by words of a few of their sentences or by hidden states of these. No label is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import product

import numpy as np

from xprojdb.arrays import Singles

#: sentences of a language that are looked at: for their words, and for their states
SENTENCES, ENCODED = 300, 25
Similarities = dict[tuple[str, str], float]


def word_similarities(texts: Mapping[str, Iterable[tuple[str, ...]]]) -> Similarities:
    """The share of a language's different words that another has, too, for each pair of them.

    :param texts: sentences in words by language.
    """
    words = {
        lang: {word.casefold() for words in own for word in words if word.isalpha()} for lang, own in texts.items()
    }
    return {
        (one, other): len(words[one] & words[other]) / len(words[one]) if words[one] else 0.0
        for one, other in product(words, words)
    }


def state_similarities(vectors: Mapping[str, Singles]) -> Similarities:
    """The mean over a language's sentences of the cosine to the nearest sentence of another (as in NN-Rank, 2025).

    The mean of all languages is taken away first: states of an encoder lie in a narrow cone.

    :param vectors: (sentences, hidden) the mean states of sentences by language.
    """
    middle = np.mean([own.mean(0) for own in vectors.values()], axis=0)
    units = {lang: _units(own - middle) for lang, own in vectors.items()}
    return {
        (one, other): float((units[one] @ units[other].T).max(1).mean()) for one, other in product(vectors, vectors)
    }


def _units(rows: Singles) -> Singles:
    lengths: Singles = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.maximum(lengths, 1e-12)).astype(np.float32)

"""Weights of words: a link between rare words is more informative than one between articles."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import flat, offsets
from xprojdb.matching.batch import PairBatch

#: -ln of the share below which all words are equally rare: one in 2981
CEILING = 8.0


@dataclass(frozen=True, slots=True)
class WordCounts:
    """The frequencies of words in a language.

    :param counts: occurrences of each word in lower case.
    :param total: occurrences of all words, above 0.
    """

    counts: Mapping[str, int]
    total: int

    @classmethod
    def of(cls, sentences: Iterable[Iterable[str]]) -> WordCounts:
        """Count the words of sentences."""
        counts: dict[str, int] = {}
        for sentence in sentences:
            for word in sentence:
                lower = word.lower()
                counts[lower] = counts.get(lower, 0) + 1
        return cls(counts, sum(counts.values()))

    def share(self, word: str) -> float:
        """The word's share of all occurrences; 0 for one that never occurs."""
        return self.counts.get(word.lower(), 0) / self.total if self.total else 0.0


def word_weight(share: float, gamma: float) -> float:
    """``(min(-ln share, 8) / 8) ** gamma``: 1 for rare words, near 0 for a word that makes up most of the text."""
    information = CEILING if share <= 0 else min(-math.log(share), CEILING)
    return float((information / CEILING) ** gamma)


def word_weights(sentences: Iterable[Sequence[str]], counts: WordCounts, gamma: float) -> Floats:
    """(W,) the weights in [0, 1] of words, for one sentence after another.

    :param gamma: above 0; the larger it is, the less frequent words count.
    """
    weights: dict[str, float] = {}
    words = [word for sentence in sentences for word in sentence]
    for word in set(words):
        weights[word] = word_weight(counts.share(word), gamma)
    return np.fromiter((weights[word] for word in words), np.float64, len(words))


def weigh_links(pairs: PairBatch, source: Floats, target: Floats) -> PairBatch:
    """Multiply each link's score by the geometric mean of its words' weights.

    :param source: (sum of source words,) non-negative weights, for one sentence after another.
    :param target: (sum of target words,) likewise.
    :raises MatchingError: when the links have no scores, or a side has another number of words.
    """
    if pairs.link_score is None:
        hint = "use an aligner that scores its links"
        raise MatchingError("the links have no scores", hint=hint, what="link_score", value=None)
    _check(source, int(pairs.source_words.sum()), "source")
    _check(target, int(pairs.target_words.sum()), "target")
    pair = np.repeat(np.arange(len(pairs)), np.diff(pairs.link_ptr))
    left = source[offsets(pairs.source_words)[pair] + pairs.link_source]
    right = target[offsets(pairs.target_words)[pair] + pairs.link_target]
    return replace(pairs, link_score=(pairs.link_score * np.sqrt(left * right)).astype(np.float32))


def _check(weights: Floats, words: int, what: str) -> None:
    if len(flat(what, weights, np.float64)) != words:
        message = f"{what}: {len(weights)} weights for {words} words"
        raise MatchingError(message, hint="pass one weight for every word of the batch", what=what, value=len(weights))

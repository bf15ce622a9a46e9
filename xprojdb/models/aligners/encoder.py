"""Word aligners based on encoders."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from xprojdb.arrays import Singles
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.link_extraction import Cells, argmax, entmax15, itermax, mwmf, soft, softmax
from xprojdb.models.aligners.similarity import Similarities, batches, cosine_similarities, dot_products
from xprojdb.models.aligners.word_links import Links
from xprojdb.models.encoders.encoder import Encoder, SubwordVectors
from xprojdb.models.encoders.transforms import TRANSFORMS, Transform, less, unchanged

_PAIRS_AT_ONCE = 1024
NO_LINKS = Links(np.empty((0, 2), np.int32), np.empty(0, np.float32))

SentencePair = tuple[Sequence[str], Sequence[str]]
#: called with sentence pairs and the units of their sentences, left and right in turns
Seen = Callable[[Sequence[SentencePair], Sequence[SubwordVectors]], None]
#: the units of a sentence that were computed before; None if they are not at hand
Known = Callable[[Sequence[str]], SubwordVectors | None]


class Aligner(Protocol):
    """Links the words of two sentences."""

    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        """Align sentence pairs.

        :param pairs: the words of the left and of the right sentence.
        :returns: links of each pair, in the same order.
        """


class EncoderAligner:
    """An aligner that compares contextual vectors.

    The scores of ``argmax``, ``itermax`` and ``mwmf`` are the similarity (cosine + 1) / 2, those of other methods the
    probability √(row · column). With sub-words, a word link gets the score of its best sub-word link.

    :param encoder: provides the vectors.
    :param params: how they are aligned.
    :param transforms: transforms of the left and the right side that replace the one in ``params``, for transforms
        fitted to a corpus.
    """

    def __init__(
        self,
        encoder: Encoder,
        params: AlignerParams | None = None,
        *,
        transforms: tuple[Transform, Transform] | None = None,
    ) -> None:
        self.encoder = encoder
        self.params = params or AlignerParams()
        named = TRANSFORMS.get(self.params.transform, unchanged)
        self._left, self._right = transforms or (named, named)

    def align(self, pairs: Sequence[SentencePair], seen: Seen | None = None, known: Known | None = None) -> list[Links]:
        """Align sentence pairs.

        :param pairs: the words of the left and of the right sentence; either may be empty.
        :param seen: receives the vectors, before any transform.
        :param known: gives the vectors that were seen before; other sentences are encoded.
        :returns: links of each pair, in the same order. A word without any tokens has no links.
        :raises UsageError: when the encoder has no such layer.
        """
        links: list[Links] = []
        for start in range(0, len(pairs), _PAIRS_AT_ONCE):
            block = pairs[start : start + _PAIRS_AT_ONCE]
            sides = self._units_of([words for pair in block for words in pair], known)
            if seen is not None:
                seen(block, sides)
            left = [_transformed(units, self._left) for units in sides[::2]]
            right = [_transformed(units, self._right) for units in sides[1::2]]
            links += link_units(left, right, self.params)
        return links

    def centred(self, left: Singles, right: Singles) -> EncoderAligner:
        """An aligner that subtracts the mean vector of each side's language.

        :param left, right: float32 arrays (hidden,), as returned by :meth:`mean`.
        """
        return EncoderAligner(self.encoder, self.params, transforms=(less(left), less(right)))

    def mean(self, sentences: Sequence[Sequence[str]]) -> Singles:
        """The mean vector of sentences: float32 (hidden,); zeros if they are empty.

        :param sentences: words of each sentence.
        """
        total, count = 0.0, 0
        for start in range(0, len(sentences), _PAIRS_AT_ONCE):
            for units in self.units(sentences[start : start + _PAIRS_AT_ONCE]):
                total = total + units.vectors.sum(0, dtype=np.float64)
                count += len(units.words)
        return np.asarray(total / max(count, 1), np.float32)

    def _units_of(self, sentences: Sequence[Sequence[str]], known: Known | None) -> list[SubwordVectors]:
        if known is None:
            return self.units(sentences)
        recalled = [known(words) for words in sentences]
        encoded = iter(self.units([words for words, own in zip(sentences, recalled, strict=True) if own is None]))
        return [next(encoded) if own is None else own for own in recalled]

    def units(self, sentences: Sequence[Sequence[str]]) -> list[SubwordVectors]:
        """The units to align: words or sub-words, as the encoder provides them.

        :param sentences: words of each sentence.
        :returns: their vectors, and the word each belongs to.
        """
        if self.params.pooling == "subword":
            return self.encoder.subword_vectors(sentences, self.params.layer)
        if self.params.pooling in ("first", "stem"):
            vectors = self.encoder.subword_vectors(sentences, self.params.layer)
            return [_begun(units, self.params.pooling) for units in vectors]
        return [present_words(vectors) for vectors in self.encoder.word_vectors(sentences, self.params.layer)]


def link_units(left: Sequence[SubwordVectors], right: Sequence[SubwordVectors], params: AlignerParams) -> list[Links]:
    """Extract links from the vectors of sentence pairs, in batches.

    :param left, right: vectors of each pair's two sentences, and the word each vector belongs to.
    :param params: the method and its thresholds.
    :returns: word links of each pair.
    """
    links = [NO_LINKS] * len(left)
    for batch in _batches(left, right):
        cells = _extract([left[pair].vectors for pair in batch], [right[pair].vectors for pair in batch], params)
        left_words = _word_table([left[pair].words for pair in batch])
        right_words = _word_table([right[pair].words for pair in batch])
        word_links = _word_links(cells, left_words, right_words)
        for pair, pair_links in zip(batch, word_links, strict=True):
            links[pair] = pair_links
    return links


def _batches(left: Sequence[SubwordVectors], right: Sequence[SubwordVectors]) -> Iterator[list[int]]:
    rows = np.array([len(units.words) for units in left], np.int64)
    columns = np.array([len(units.words) for units in right], np.int64)
    filled = np.flatnonzero((rows > 0) & (columns > 0))
    for batch in batches(rows[filled], columns[filled]):
        yield filled[batch].tolist()


def _extract(left: list[Any], right: list[Any], params: AlignerParams) -> Cells:
    if params.method in ("softmax", "entmax15"):
        extract = entmax15 if params.method == "entmax15" else partial(softmax, min_probability=params.min_probability)
        return extract(dot_products(left, right))
    by_cosine: dict[str, Callable[[Similarities], Cells]] = {
        "soft": partial(soft, temperature=params.temperature, min_probability=params.min_probability),
        "argmax": argmax,
        "itermax": itermax,
        "mwmf": mwmf,
    }
    return by_cosine[params.method](cosine_similarities(left, right))


def _word_table(words: list[Any]) -> Any:
    table = np.zeros((len(words), max(map(len, words))), np.int32)
    for row, indices in zip(table, words, strict=True):
        row[: len(indices)] = indices
    return table


def _word_links(cells: Cells, left_words: Any, right_words: Any) -> list[Links]:
    """Convert the cells of a batch to sorted word links per pair, with the best score of repeated links."""
    left, right = left_words[cells.pair, cells.row], right_words[cells.pair, cells.column]
    order = np.lexsort((-cells.scores, right, left, cells.pair))
    pair, links = cells.pair[order], np.column_stack([left[order], right[order]])
    first = np.ones(len(pair), np.bool_)
    first[1:] = (pair[1:] != pair[:-1]) | (links[1:] != links[:-1]).any(1)
    bounds = np.searchsorted(pair[first], np.arange(1, len(left_words)))
    split = zip(np.split(links[first], bounds), np.split(cells.scores[order][first], bounds), strict=True)
    return [Links(pairs, scores) for pairs, scores in split]


def _transformed(units: SubwordVectors, transform: Transform) -> SubwordVectors:
    return SubwordVectors(transform(units.vectors), units.words)


def _begun(units: SubwordVectors, pooling: str) -> SubwordVectors:
    """Words by their first sub-words: the first alone, or each with a weight of 1 over its place."""
    words, first, place = np.unique(units.words, return_index=True, return_inverse=True)
    if pooling == "first" or not len(words):
        return SubwordVectors(units.vectors[first], words.astype(np.int32))
    weights = (1 / (np.arange(len(place)) - first[place] + 1)).astype(np.float32)
    sums = np.add.reduceat(units.vectors * weights[:, None], first, 0)
    totals = np.bincount(place, weights, len(words)).astype(np.float32)
    means: Singles = np.divide(sums, totals[:, None], dtype=np.float32)
    return SubwordVectors(means, words.astype(np.int32))


def present_words(vectors: Any) -> SubwordVectors:
    """The words that have a vector; words dropped by the tokenizer have zeros."""
    words = np.flatnonzero(vectors.any(1)).astype(np.int32)
    return SubwordVectors(vectors if len(words) == len(vectors) else vectors[words], words)

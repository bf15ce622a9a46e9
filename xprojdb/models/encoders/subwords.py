"""Convert words to the sub-word ids that an encoder reads, and map its vectors back to words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Ints
from xprojdb.errors import ModelError


class Subwords(NamedTuple):
    """A sentence in sub-words, without special tokens.

    :param ids: int32 array (sub-words,) of vocabulary ids.
    :param words: int32 array (sub-words,), the word of each sub-word, ascending; words that the tokenizer
        drops (a lone control character) are absent.
    """

    ids: Ints
    words: Ints


class Window(NamedTuple):
    """A part of a sentence that fits into the model.

    :param sentence: index of the sentence.
    :param start, end: the sub-words that the model reads.
    :param keep_start, keep_end: the sub-words whose vectors are taken from this window.
    """

    sentence: int
    start: int
    end: int
    keep_start: int
    keep_end: int


@dataclass(frozen=True)
class WordTokenizer:
    """Tokenises sentences that are split into words, each word on its own, like ``is_split_into_words=True``.

    :param backend: a ``tokenizers.Tokenizer`` without truncation and padding.
    :param prefix, suffix: ids of the special tokens around a sentence.
    :param pad: id for padding a batch.
    """

    backend: Any
    prefix: tuple[int, ...]
    suffix: tuple[int, ...]
    pad: int

    @classmethod
    def of(cls, tokenizer: Any, model_id: str) -> WordTokenizer:
        """Wrap a fast ``transformers`` tokenizer.

        :raises ModelError: when it is not a fast one.
        """
        if not getattr(tokenizer, "is_fast", False):
            hint = "use a checkpoint with a tokenizer.json"
            raise ModelError(f"the tokenizer of {model_id} cannot map sub-words to words", hint=hint, model_id=model_id)
        backend = tokenizer.backend_tokenizer
        backend.no_truncation()
        backend.no_padding()
        # Special tokens are derived from an example, because every family of models has its own.
        example = backend.encode(["a"], is_pretokenized=True, add_special_tokens=True)
        inner = [at for at, special in enumerate(example.special_tokens_mask) if not special]
        prefix, suffix = example.ids[: inner[0]], example.ids[inner[-1] + 1 :]
        return cls(backend, tuple(prefix), tuple(suffix), tokenizer.pad_token_id or 0)

    def split(self, sentences: Sequence[Sequence[str]]) -> list[Subwords]:
        """Tokenise sentences.

        :param sentences: words of each sentence.
        :returns: their sub-words, without a limit on their number.
        """
        batch = [list(words) for words in sentences]
        encodings = self.backend.encode_batch(batch, is_pretokenized=True, add_special_tokens=False)
        return [Subwords(np.array(e.ids, np.int32), np.array(e.word_ids, np.int32)) for e in encodings]

    def frame(self, ids: Sequence[Ints]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Add special tokens to pieces of sentences and pad them to one length.

        :returns: ids and attention mask, both int64 (pieces, longest).
        """
        extra = len(self.prefix) + len(self.suffix)
        framed = np.full((len(ids), max(map(len, ids)) + extra), self.pad, np.int64)
        mask = np.zeros_like(framed)
        for row, piece in enumerate(ids):
            framed[row, : len(piece) + extra] = (*self.prefix, *piece, *self.suffix)
            mask[row, : len(piece) + extra] = 1
        return framed, mask


def windows(lengths: Sequence[int], room: int) -> list[Window]:
    """Split sentences into windows that overlap by at most half a window, so that nothing is left out.

    Neighbours share a quarter of ``room``; a sub-word is taken from the window in which it is further from the edge.

    :param lengths: sub-words of each sentence; those of length 0 get no window.
    :param room: sub-words that fit into one window.
    """
    overlap = room // 4
    cut: list[Window] = []
    for sentence, length in enumerate(lengths):
        start = keep = 0
        while keep < length:
            end = min(start + room, length)
            keep_end = length if end == length else end - overlap // 2
            cut.append(Window(sentence, start, end, keep, keep_end))
            start, keep = end - overlap, keep_end
    return cut


def average_words(vectors: NDArray[np.float32], words: Ints, count: int) -> NDArray[np.float32]:
    """Average the sub-word vectors of every word.

    :param vectors: float32 array (sub-words, hidden).
    :param words: int32 array (sub-words,), ascending.
    :param count: the number of words.
    :returns: float32 array (count, hidden); zeros for a word without sub-words.
    """
    means = np.zeros((count, vectors.shape[1]), np.float32)
    if len(words):
        present, starts, sizes = np.unique(words, return_index=True, return_counts=True)
        means[present] = np.add.reduceat(vectors, starts, axis=0) / sizes[:, None].astype(np.float32)
    return means

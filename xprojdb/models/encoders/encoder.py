"""Contextual vectors of words and sub-words from any ``transformers`` encoder."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from xprojdb.arrays import Ints, Singles
from xprojdb.errors import ModelError, UsageError
from xprojdb.extras import require
from xprojdb.models.batches import TokenBatches
from xprojdb.models.encoders.hidden_states import HiddenStates, position_limit
from xprojdb.models.encoders.int8 import Int8States
from xprojdb.models.encoders.subwords import Subwords, Window, WordTokenizer, average_words, windows
from xprojdb.models.loading import INT8, quiet, tokenizer_of, torch_device, torch_dtype
from xprojdb.models.store import ResolvedModel, resolve

BATCH_TOKENS = {"cpu": 512, "cuda": 32768}
"""Sub-words in one batch, including padding."""


class SubwordVectors(NamedTuple):
    """A sentence as an encoder sees it.

    :param vectors: float32 array (sub-words, hidden).
    :param words: int32 array (sub-words,), the word of each row, ascending.
    """

    vectors: Singles
    words: Ints


class Encoder:
    """An encoder that only runs up to the requested layer; :attr:`modules` is its ``transformers`` model.

    Sentences are sequences of words. Equal sentences are encoded once; batches hold sentences of similar length; a
    sentence longer than the model's window is read in overlapping windows and never truncated. Without dropout and
    randomness, the same call gives the same vectors. No instruction prefix (such as e5's ``query:``) is added.

    :param model_id: anything :func:`xprojdb.models.store.resolve` accepts.
    :param device: ``"cpu"``, ``"cuda"``, ``"cuda:1"``, or ``"auto"``: CUDA if available.
    :param precision: one of :data:`xprojdb.models.loading.PRECISIONS`; ``"auto"`` is float32, so that links do not
        depend on the device; ``"int8"`` is for CPUs only, see :mod:`xprojdb.models.encoders.int8`.
    :param revision: the revision the model must have.
    :param threads: CPU threads of the whole process; by default torch chooses, following ``OMP_NUM_THREADS``.
    :param batch_tokens: sub-words per batch; the default depends on the device (:data:`BATCH_TOKENS`).
    :raises UsageError: when the device or precision is unknown.
    :raises ModelError: when the model cannot be found or loaded.
    :raises MissingExtra: when torch or transformers is not installed.
    """

    def __init__(
        self,
        model_id: str,
        device: str = "auto",
        precision: str = "auto",
        *,
        revision: str | None = None,
        threads: int | None = None,
        batch_tokens: int | None = None,
    ) -> None:
        self._torch = require("torch", "models")
        if threads is not None:
            self._torch.set_num_threads(threads)
        self.device = torch_device("cpu" if precision == INT8 and device == "auto" else device)
        location = resolve(model_id, revision)
        self.model_id, self.revision = model_id, location.revision
        self._states, self.modules = _states_of(location, self.device, precision)
        tokenizer = tokenizer_of(location)
        self._tokenizer = WordTokenizer.of(tokenizer, model_id)
        self._frame = len(self._tokenizer.prefix) + len(self._tokenizer.suffix)
        self._room = position_limit(self.modules, tokenizer.model_max_length) - self._frame
        self._batches = TokenBatches(batch_tokens or BATCH_TOKENS[self.device.type])

    @property
    def layers(self) -> int:
        """The number of layers, which is the largest valid ``layer``."""
        return self._states.layers

    @property
    def hidden(self) -> int:
        """The length of a vector."""
        return self._states.hidden

    def word_vectors(self, sentences: Sequence[Sequence[str]], layer: int) -> list[Singles]:
        """One vector per word, the mean of its sub-words.

        :param sentences: words of each sentence.
        :param layer: as in transformers' ``hidden_states``: 0 for the embeddings, :attr:`layers` for the last.
        :returns: a read-only float32 array (words, hidden) per sentence; equal sentences share one. A word without
            tokens has zeros.
        :raises UsageError: when the model has no such layer.
        """
        unique = list(dict.fromkeys(map(tuple, sentences)))
        encoded = zip(unique, self._encode(unique, layer), strict=True)
        averages = {words: _frozen(average_words(*subwords, len(words))) for words, subwords in encoded}
        return [averages[tuple(words)] for words in sentences]

    def subword_vectors(self, sentences: Sequence[Sequence[str]], layer: int) -> list[SubwordVectors]:
        """One vector per sub-word, without special tokens.

        :param sentences: words of each sentence.
        :param layer: as for :meth:`word_vectors`.
        :returns: vectors and word indices per sentence, read-only; equal sentences share them.
        :raises UsageError: when the model has no such layer.
        """
        unique = list(dict.fromkeys(map(tuple, sentences)))
        encoded = zip(unique, self._encode(unique, layer), strict=True)
        vectors_by_words = {words: SubwordVectors(_frozen(vectors), index) for words, (vectors, index) in encoded}
        return [vectors_by_words[tuple(words)] for words in sentences]

    def word_tensors(self, sentences: Sequence[Sequence[str]], layer: int, longest: int) -> list[Any]:
        """The vectors of words as tensors (words with sub-words, hidden) with gradients, for training.

        :param longest: the most sub-words of a sentence that are read.
        """
        split = self._tokenizer.split(sentences)
        ids, mask = self._tokenizer.frame([subwords.ids[:longest] for subwords in split])
        ids, mask = (self._torch.from_numpy(array).to(self.device) for array in (ids, mask))
        states = self._states(ids, mask, layer)
        begin = len(self._tokenizer.prefix)
        pairs = zip(states, split, strict=True)
        return [self._mean_words(rows[begin:], subwords.words[:longest]) for rows, subwords in pairs]

    def _mean_words(self, rows: Any, words: Ints) -> Any:
        _, places, counts = np.unique(words, return_inverse=True, return_counts=True)
        sums = rows.new_zeros(len(counts), rows.shape[1])
        sums = sums.index_add(0, self._torch.from_numpy(places).to(rows.device), rows[: len(words)])
        return sums / self._torch.from_numpy(counts).to(rows).unsqueeze(1)

    def _encode(self, sentences: Sequence[Sequence[str]], layer: int) -> list[SubwordVectors]:
        if not 0 <= layer <= self.layers:
            hint = f"choose a layer from 0 to {self.layers}"
            raise UsageError(f"{self.model_id} has no layer {layer}", hint=hint, layer=layer, layers=self.layers)
        split = self._tokenizer.split(sentences)
        vectors = [np.empty((len(subwords.ids), self.hidden), np.float32) for subwords in split]
        cut = windows([len(subwords.ids) for subwords in split], self._room)

        def fill(batch: list[int]) -> list[int]:
            """Copy the vectors of a batch to their place right away; collecting them would take twice the memory."""
            chosen = [cut[piece] for piece in batch]
            for window, rows in zip(chosen, self._run(split, chosen, layer), strict=True):
                inner = rows[window.keep_start - window.start : window.keep_end - window.start]
                vectors[window.sentence][window.keep_start : window.keep_end] = inner
            return batch

        self._batches.run([window.end - window.start + self._frame for window in cut], fill)
        return [SubwordVectors(rows, subwords.words) for rows, subwords in zip(vectors, split, strict=True)]

    def _run(self, split: Sequence[Subwords], batch: list[Window], layer: int) -> list[Singles]:
        ids, mask = self._tokenizer.frame([split[w.sentence].ids[w.start : w.end] for w in batch])
        with self._torch.inference_mode():
            ids, mask = (self._torch.from_numpy(array).to(self.device) for array in (ids, mask))
            states: Singles = self._states(ids, mask, layer).float().cpu().numpy()
        begin = len(self._tokenizer.prefix)
        return [rows[begin : begin + w.end - w.start] for rows, w in zip(states, batch, strict=True)]


def _states_of(checkpoint: ResolvedModel, device: Any, precision: str) -> tuple[HiddenStates | Int8States, Any]:
    """Return the callable that computes hidden states, and the model's modules, possibly without weights."""
    if precision != INT8:
        model = load_model(checkpoint.path_or_id, torch_dtype(precision), **checkpoint.hub).eval().to(device)
        return HiddenStates(model), model
    if device.type != "cpu":
        message, hint = f"precision {INT8} is for CPUs, not for {device}", 'use precision = "bfloat16" on a GPU'
        raise UsageError(message, hint=hint, precision=precision, device=str(device))
    states = Int8States(
        checkpoint, lambda: load_model(checkpoint.path_or_id, torch_dtype("float32"), **checkpoint.hub).eval()
    )
    return states, states.skeleton


def load_model(path_or_id: str, dtype: Any, **hub: str) -> Any:
    """Load the encoder of a checkpoint, leaving out its pooling layer if it has one.

    :param path_or_id: a folder or an id on the hub.
    :param dtype: a torch dtype.
    :param hub: arguments with which ``from_pretrained`` finds it, such as ``revision``.
    :returns: the ``transformers`` model; for an encoder-decoder, its encoder.
    :raises ModelError: when it cannot be loaded.
    """
    load = require("transformers", "models").AutoModel.from_pretrained
    unreadable = require("safetensors", "models").SafetensorError
    try:
        with quiet():
            try:
                model = load(path_or_id, dtype=dtype, add_pooling_layer=False, **hub)
            except TypeError:
                model = load(path_or_id, dtype=dtype, **hub)
    except (OSError, ValueError, RuntimeError, unreadable) as error:
        hint = "the checkpoint may be damaged or need another version of transformers"
        raise ModelError(f"model {path_or_id} cannot be loaded: {error}", hint=hint, model_id=path_or_id) from error
    return model.get_encoder() if getattr(model.config, "is_encoder_decoder", False) else model


def _frozen(array: Singles) -> Singles:
    array.flags.writeable = False
    return array

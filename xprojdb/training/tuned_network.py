"""The torch module that tunes an encoder and a head together, and the batches that it reads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from xprojdb.arrays import Ints, Singles
from xprojdb.models.encoders.hidden_states import HiddenStates
from xprojdb.models.encoders.subwords import WordTokenizer, windows
from xprojdb.training.errors import TrainingError
from xprojdb.training.head import Head

#: the class of places without a word
_NONE = -100


class Piece(NamedTuple):
    """What the encoder reads at once: a sentence, or a window of a long one.

    :param ids: (sub-words,).
    :param words: (sub-words,) the word of each among the words of this piece; -1 for those that are not pooled.
    :param classes, weights: (words,).
    """

    ids: Ints
    words: Ints
    classes: Ints
    weights: Singles


def pieces_of(
    tokenizer: WordTokenizer,
    room: int,
    sentences: Sequence[Sequence[str]],
    classes: Sequence[Ints],
    weights: Sequence[Singles],
    *,
    first_only: bool,
) -> list[Piece]:
    """Cut sentences into pieces that fit into the encoder.

    :param room: sub-words that fit.
    :param classes, weights: (words,) of each sentence.
    :param first_only: whether only the first sub-word of a word counts.
    """
    split = tokenizer.split(sentences)
    pieces = []
    for window in windows([len(subwords.ids) for subwords in split], room):
        subwords = split[window.sentence]
        words = subwords.words[window.start : window.end].copy()
        words[: window.keep_start - window.start] = -1
        words[window.keep_end - window.start :] = -1
        if first_only:
            words[1:][words[1:] == words[:-1]] = -1
        present = np.unique(words[words >= 0])
        places = np.where(words >= 0, np.searchsorted(present, words), -1).astype(np.int32)
        own, shares = classes[window.sentence][present], weights[window.sentence][present]
        pieces.append(Piece(subwords.ids[window.start : window.end], places, own, shares))
    return pieces


class Collate:
    """Pads pieces to a batch of tensors."""

    def __init__(self, tokenizer: WordTokenizer) -> None:
        self._words = tokenizer

    def __call__(self, pieces: Sequence[Piece]) -> dict[str, Tensor]:
        """The arguments of :meth:`TunedNetwork.forward`."""
        ids, mask = self._words.frame([piece.ids for piece in pieces])
        words = np.full(ids.shape, -1, np.int64)
        most = max(1, *(len(piece.classes) for piece in pieces))
        classes, weights = np.full((len(pieces), most), _NONE, np.int64), np.zeros((len(pieces), most), np.float32)
        begin = len(self._words.prefix)
        for row, piece in enumerate(pieces):
            words[row, begin : begin + len(piece.words)] = piece.words
            classes[row, : len(piece.classes)] = piece.classes
            weights[row, : len(piece.weights)] = piece.weights
        arrays = {"ids": ids, "mask": mask, "words": words, "labels": classes, "weights": weights}
        return {name: torch.from_numpy(array) for name, array in arrays.items()}


class TunedNetwork(nn.Module):  # type: ignore[misc]
    """An encoder and, on the states of one layer, a head.

    :param head: gives the initial weights, and the standardisation, which stays.
    :param smoothing, truncation, soft: as in :class:`xprojdb.training.fitting.FitSettings`.
    """

    def __init__(
        self,
        encoder: Any,
        layer: int,
        head: Head,
        dropout: float,
        smoothing: float,
        truncation: float,
        soft: bool = False,
    ) -> None:
        super().__init__()
        self.encoder, self.layer = encoder, layer
        self.smoothing, self.truncation, self.soft = smoothing, truncation, soft
        self.register_buffer("mean", torch.tensor(head.arrays["mean"]))
        self.register_buffer("scale", torch.tensor(head.arrays["scale"]))
        self.linear = nn.ModuleList(_linear(head, number) for number in (1, 2) if f"weight{number}" in head.arrays)
        self.drop = nn.Dropout(dropout)

    def forward(self, ids: Tensor, mask: Tensor, words: Tensor, labels: Tensor, weights: Tensor) -> dict[str, Tensor]:
        """The loss of a batch.

        :param ids, mask, words: (pieces, length).
        :param labels, weights: (pieces, words).
        :raises TrainingError: when it is not finite.
        """
        states = HiddenStates(self.encoder)(ids, mask, self.layer).float()
        rows = (_pooled(states, words, labels.shape[1]) - self.mean) / self.scale
        if len(self.linear) == 2:
            rows = self.drop(nn.functional.gelu(self.linear[0](rows), approximate="tanh"))
        scores = self.linear[-1](rows)
        kept = labels != _NONE
        losses, shares = self._losses(scores[kept], labels[kept]), weights[kept]
        if self.soft:
            others = self._losses(scores[kept], torch.zeros_like(labels[kept]))
            losses, shares = shares * losses + (1 - shares) * others, torch.ones_like(shares)
        loss = (losses * shares).sum() / shares.sum().clamp(min=1e-6)
        if not math.isfinite(float(loss.detach())):
            hint = "lower rate and tune_rate, or check the labels"
            raise TrainingError(f"the loss is {float(loss.detach())}", hint=hint, reason="loss")
        return {"loss": loss}

    def _losses(self, scores: Tensor, right: Tensor) -> Tensor:
        if self.truncation:
            chances = scores.softmax(-1).gather(1, right[:, None])[:, 0].clamp(min=1e-7)
            return (1 - chances**self.truncation) / self.truncation
        return nn.functional.cross_entropy(scores, right, reduction="none", label_smoothing=self.smoothing)

    def head(self, like: Head, about: Mapping[str, str]) -> Head:
        """The head as it is now."""
        arrays = {"mean": like.arrays["mean"], "scale": like.arrays["scale"]}
        for number, layer in zip((1, 2) if len(self.linear) == 2 else (2,), self.linear, strict=True):
            arrays[f"weight{number}"] = layer.weight.detach().cpu().numpy().copy()
            arrays[f"bias{number}"] = layer.bias.detach().cpu().numpy().copy()
        return Head(like.classes, arrays, about)


def _linear(head: Head, number: int) -> nn.Linear:
    weights, bias = head.arrays[f"weight{number}"], head.arrays[f"bias{number}"]
    layer = nn.Linear(weights.shape[1], weights.shape[0])
    layer.load_state_dict({"weight": torch.tensor(weights), "bias": torch.tensor(bias)})
    return layer


def _pooled(states: Tensor, words: Tensor, count: int) -> Tensor:
    """The mean of the states of each word: (pieces, count, hidden)."""
    member = nn.functional.one_hot(words.clamp(min=0), count).to(states.dtype) * (words >= 0)[..., None]
    total = torch.einsum("plw,plh->pwh", member, states)
    return total / member.sum(1).clamp(min=1)[..., None]

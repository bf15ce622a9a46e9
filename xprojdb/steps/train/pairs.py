"""Sentence pairs as input of a head: [u, v, |u - v|, u * v] of the mean states of both (Conneau et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Singles
from xprojdb.steps.train.items import LabelledPair
from xprojdb.training.head import Head
from xprojdb.training.states import WordStates

_BLOCK = 1_000


def pair_rows(pairs: Sequence[LabelledPair], states: WordStates, arm: str) -> Singles:
    """The input of a head for pairs of one language: float16 (pairs, 4 × hidden), or (pairs, hidden).

    :param arm: ``centre`` subtracts the mean of these pairs; ``hypothesis-only`` leaves out the premise.
    """
    left, right = _means(states, [pair.premise for pair in pairs]), _means(states, [pair.hypothesis for pair in pairs])
    if arm == "centre":
        middle = (left.mean(0) + right.mean(0)) / 2
        left, right = left - middle, right - middle
    if arm == "hypothesis-only":
        return right
    return np.concatenate([left, right, np.abs(left - right), left * right], axis=1)


def _means(states: WordStates, sentences: Sequence[Sequence[str]]) -> Singles:
    parts = []
    for at in range(0, len(sentences), _BLOCK):
        arrays = states.read(sentences[at : at + _BLOCK])
        parts += [np.asarray(rows, np.float32).mean(0) if len(rows) else None for rows in arrays]
    width = next((len(part) for part in parts if part is not None), 1)
    return np.array([np.zeros(width, np.float32) if part is None else part for part in parts], np.float32)


def predict_labels(head: Head, rows: Singles) -> NDArray[np.int64]:
    """The index of the most probable class of each pair."""
    return np.asarray(head.log_probabilities(rows).argmax(1), np.int64)

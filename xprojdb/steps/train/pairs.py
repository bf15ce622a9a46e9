"""Sentence pairs as a head reads them: [u, v, |u - v|, u * v] of the mean states of both (Conneau et al. 2017)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from xprojdb.steps.train.items import LabelledPair
from xprojdb.training.head import Floats, Head
from xprojdb.training.states import WordStates

_BLOCK = 1_000


def pair_rows(pairs: Sequence[LabelledPair], states: WordStates, arm: str) -> Floats:
    """What a head reads of pairs of one language: float16 (pairs, 4 × hidden), or (pairs, hidden).

    :param arm: ``centre`` takes the mean of these very pairs away; ``hypothesis-only`` leaves the premise out.
    """
    left, right = _means(states, [each.premise for each in pairs]), _means(states, [each.hypothesis for each in pairs])
    if arm == "centre":
        middle = (left.mean(0) + right.mean(0)) / 2
        left, right = left - middle, right - middle
    if arm == "hypothesis-only":
        return right
    return np.concatenate([left, right, np.abs(left - right), left * right], axis=1)


def _means(states: WordStates, sentences: Sequence[Sequence[str]]) -> Floats:
    parts = []
    for at in range(0, len(sentences), _BLOCK):
        arrays = states.read(sentences[at : at + _BLOCK])
        parts += [np.asarray(rows, np.float32).mean(0) if len(rows) else None for rows in arrays]
    width = next((len(part) for part in parts if part is not None), 1)
    return np.array([np.zeros(width, np.float32) if part is None else part for part in parts], np.float32)


def predict_labels(head: Head, rows: Floats) -> NDArray[np.int64]:
    """The place of the most probable class of each pair."""
    return np.asarray(head.log_probabilities(rows).argmax(1), np.int64)

"""Entity precision, recall and F1: a span is correct if its first word, last word and label are all right."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xprojdb.text.spans import Span

TP, PREDICTED, GOLD = 0, 1, 2


@dataclass(frozen=True)
class SpanScore:
    """Precision, recall and F1, each in 0..1, and the underlying span counts.

    A ratio with denominator 0 is 0, as in seqeval.
    """

    precision: float
    recall: float
    f1: float
    tp: int
    predicted: int
    gold: int

    @classmethod
    def of(cls, tp: int, predicted: int, gold: int) -> SpanScore:
        """Compute the scores from the numbers of correct, predicted and gold spans."""
        precision, recall, f1 = (float(part) for part in ratios(np.array([tp, predicted, gold])))
        return cls(precision, recall, f1, int(tp), int(predicted), int(gold))


@dataclass(frozen=True, eq=False)
class SpanCounts:
    """Span counts of every sentence by label, so that sentences can be resampled.

    :param labels: the labels in gold or prediction, sorted.
    :param rows: int32, sentences x labels x 3: correct, predicted and gold spans.
    """

    labels: tuple[str, ...]
    rows: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.rows)

    def scores(self) -> dict[str, SpanScore]:
        """The score of each label."""
        totals = self.rows.sum(axis=0, dtype=np.int64)
        return {label: SpanScore.of(*cells) for label, cells in zip(self.labels, totals.tolist(), strict=True)}

    def micro(self) -> SpanScore:
        """The score of all spans together, which papers call F1."""
        return SpanScore.of(*self.rows.sum(axis=(0, 1), dtype=np.int64).tolist())

    def aligned(self, labels: Sequence[str]) -> SpanCounts:
        """The same counts for another list of labels, with zeros for labels that did not occur.

        :param labels: the new labels in order; the counts of others are dropped.
        """
        rows = np.zeros((len(self.rows), len(labels), 3), dtype=np.int32)
        present = [position for position, label in enumerate(labels) if label in self.labels]
        rows[:, present] = self.rows[:, [self.labels.index(labels[position]) for position in present]]
        return SpanCounts(tuple(labels), rows)


def count_spans(sentences: Iterable[tuple[Iterable[Span], Iterable[Span]]]) -> SpanCounts:
    """Count correct, predicted and gold spans sentence by sentence.

    :param sentences: gold and predicted spans of each sentence; repeated spans count once.
    :returns: the counts, in the order of the sentences.
    """
    codes: dict[str, int] = {}
    cells = array("i")
    number = 0
    for gold, predicted in sentences:
        gold_set, predicted_set = set(gold), set(predicted)
        for kind, spans in ((TP, gold_set & predicted_set), (PREDICTED, predicted_set), (GOLD, gold_set)):
            for span in spans:
                cells.extend((number, codes.setdefault(span.label, len(codes)), kind))
        number += 1
    rows = np.zeros((number, len(codes), 3), dtype=np.int32)
    np.add.at(rows, tuple(np.array(cells, dtype=np.int32).reshape(-1, 3).T), 1)
    labels = sorted(codes)
    return SpanCounts(tuple(labels), rows[:, [codes[label] for label in labels]])


def concatenate(parts: Sequence[SpanCounts]) -> SpanCounts:
    """Concatenate the counts of several sets of sentences, such as languages or blocks of a stream.

    :param parts: counts whose labels may differ.
    :returns: all sentences in the given order, with the labels of all parts.
    """
    labels = tuple(sorted({label for part in parts for label in part.labels}))
    empty = np.zeros((0, len(labels), 3), dtype=np.int32)
    return SpanCounts(labels, np.concatenate([empty, *(part.aligned(labels).rows for part in parts)]))


def ratios(totals: NDArray[np.integer]) -> NDArray[np.float64]:
    """Precision, recall and F1 of correct, predicted and gold counts.

    :param totals: integers of any shape whose last axis holds correct, predicted and gold.
    :returns: the same shape, the last axis holding precision, recall and F1 in 0..1.
    """
    tp, predicted, gold = np.moveaxis(np.asarray(totals, dtype=np.float64), -1, 0)
    precision, recall = _quotient(tp, predicted), _quotient(tp, gold)
    return np.stack([precision, recall, _quotient(2 * tp, predicted + gold)], axis=-1)


def _quotient(upper: NDArray[np.float64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
    lower = np.broadcast_to(lower, upper.shape)
    return np.divide(upper, lower, out=np.zeros_like(upper), where=lower > 0)

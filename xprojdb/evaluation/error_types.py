"""Types of errors: each span is correct, mislabelled, misplaced, both, spurious or missed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import NamedTuple

from xprojdb.text.spans import Span


class ErrorType(StrEnum):
    """The judgement of a gold span, a predicted span, or a pair of the two."""

    CORRECT = "correct"
    LABEL = "wrong label"
    BOUNDARY = "wrong boundary"
    BOTH = "wrong boundary and label"
    SPURIOUS = "spurious"
    MISSED = "missed"


class Judgement(NamedTuple):
    """A gold span and the predicted span paired with it; one of them is missing if nothing overlaps.

    :param type: the type of error, or correct.
    :param gold: ``None`` for a spurious span.
    :param predicted: ``None`` for a missed span.
    """

    type: ErrorType
    gold: Span | None
    predicted: Span | None


def judge(gold: Iterable[Span], predicted: Iterable[Span]) -> list[Judgement]:
    """Pair the gold and predicted spans of one sentence, each at most once, best overlap first.

    The overlap is the number of shared words divided by the words covered by either. In a tie, equal labels go first,
    then the leftmost gold span, then the leftmost predicted span.

    :returns: a judgement for each pair and each remaining span, in the order of their words.
    """
    gold_left, predicted_left = set(gold), set(predicted)
    judgements = []
    for g, p in sorted(_overlapping(gold_left, predicted_left), key=_preference):
        if g in gold_left and p in predicted_left:
            gold_left.remove(g)
            predicted_left.remove(p)
            judgements.append(Judgement(_error_type(g, p), g, p))
    judgements += [Judgement(ErrorType.MISSED, g, None) for g in gold_left]
    judgements += [Judgement(ErrorType.SPURIOUS, None, p) for p in predicted_left]
    return sorted(judgements, key=_reading_order)


def count_errors(sentences: Iterable[tuple[Iterable[Span], Iterable[Span]]]) -> Counter[ErrorType]:
    """Count the judgements of many sentences.

    :param sentences: gold and predicted spans of each sentence.
    :returns: a count for every type, including zeros. Correct, label, boundary, both and missed add up to the gold
        spans; correct, label, boundary, both and spurious to the predicted spans.
    """
    counts = Counter(dict.fromkeys(ErrorType, 0))
    for gold, predicted in sentences:
        counts.update(judgement.type for judgement in judge(gold, predicted))
    return counts


def _overlapping(gold: Iterable[Span], predicted: set[Span]) -> Iterator[tuple[Span, Span]]:
    for g in gold:
        for p in predicted:
            if g.start < p.end and p.start < g.end:
                yield g, p


def _preference(pair: tuple[Span, Span]) -> tuple[float, bool, Span, Span]:
    gold, predicted = pair
    shared = min(gold.end, predicted.end) - max(gold.start, predicted.start)
    covered = max(gold.end, predicted.end) - min(gold.start, predicted.start)
    return -shared / covered, gold.label != predicted.label, gold, predicted


def _error_type(gold: Span, predicted: Span) -> ErrorType:
    same_span = gold[:2] == predicted[:2]
    if gold.label == predicted.label:
        return ErrorType.CORRECT if same_span else ErrorType.BOUNDARY
    return ErrorType.LABEL if same_span else ErrorType.BOTH


def _reading_order(judgement: Judgement) -> tuple[Span, str]:
    span = judgement.gold or judgement.predicted
    assert span is not None
    return span, judgement.type

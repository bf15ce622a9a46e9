import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import precision_recall_fscore_support

from xprojdb.evaluation.span_metrics import SpanScore, concatenate, count_spans
from xprojdb.text.spans import Span

LABELS = ("LOC", "ORG", "PER")


@st.composite
def tags(draw, length):
    """A well-formed IOB2 sequence: I- only after B- or I- of the same label."""
    sequence = []
    for _ in range(length):
        allowed = ["O", *(f"B-{label}" for label in LABELS)]
        if sequence and sequence[-1] != "O":
            allowed.append("I-" + sequence[-1][2:])
        sequence.append(draw(st.sampled_from(allowed)))
    return sequence


@st.composite
def corpora(draw):
    lengths = draw(st.lists(st.integers(1, 8), min_size=1, max_size=6))
    return [(draw(tags(length)), draw(tags(length))) for length in lengths]


def spans_of(sequence):
    spans, begin = [], None
    for position, tag in enumerate([*sequence, "O"]):
        if begin is not None and not tag.startswith("I-"):
            spans.append(Span(begin, position, sequence[begin][2:]))
            begin = None
        if tag.startswith("B-"):
            begin = position
    return spans


def seqeval_scores(corpus, average):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        gold, predicted = ([list(side) for side in sides] for sides in zip(*corpus, strict=True))
        return precision_recall_fscore_support(gold, predicted, average=average)


@given(corpora())
def test_scores_equal_seqeval(corpus):
    counts = count_spans((spans_of(gold), spans_of(predicted)) for gold, predicted in corpus)
    micro = counts.micro()
    assert (micro.precision, micro.recall, micro.f1) == pytest.approx(seqeval_scores(corpus, "micro")[:3])
    assert micro.gold == seqeval_scores(corpus, None)[3].sum()
    by_label = np.array([(s.precision, s.recall, s.f1, s.gold) for s in counts.scores().values()]).reshape(-1, 4).T
    np.testing.assert_allclose(by_label, seqeval_scores(corpus, None))


def test_a_span_counts_only_with_its_boundaries_and_label():
    gold = [Span(0, 2, "PER"), Span(3, 4, "LOC"), Span(5, 6, "ORG")]
    predicted = [Span(0, 2, "PER"), Span(3, 5, "LOC"), Span(5, 6, "PER")]
    counts = count_spans([(gold, predicted)])
    assert counts.micro() == SpanScore(1 / 3, 1 / 3, 1 / 3, 1, 3, 3)
    assert counts.scores()["PER"] == SpanScore(0.5, 1.0, 2 / 3, 1, 2, 1)
    assert counts.scores()["LOC"] == SpanScore(0.0, 0.0, 0.0, 0, 1, 1)


def test_rows_stay_apart_by_sentence():
    per = Span(0, 1, "PER")
    counts = count_spans([([per], [per]), ([], [per]), ([], []), ([per], [])])
    assert counts.rows[:, 0].tolist() == [[1, 1, 1], [0, 1, 0], [0, 0, 0], [0, 0, 1]]


def test_nothing_to_find_and_nothing_found_scores_zero():
    assert count_spans([([], [])]).micro() == count_spans([]).micro() == SpanScore(0.0, 0.0, 0.0, 0, 0, 0)


def test_concatenated_counts_are_those_of_all_sentences():
    first = [([Span(0, 1, "PER")], [Span(0, 1, "LOC")])]
    second = [([Span(0, 1, "DATE")], [Span(0, 1, "DATE")]), ([], [])]
    joined, whole = concatenate([count_spans(first), count_spans(second)]), count_spans(first + second)
    assert joined.labels == whole.labels == ("DATE", "LOC", "PER")
    assert (joined.rows == whole.rows).all()
    assert len(concatenate([])) == 0

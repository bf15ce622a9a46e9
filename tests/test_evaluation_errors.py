from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.evaluation.error_types import ErrorType, Judgement, count_errors, judge
from xprojdb.evaluation.span_metrics import count_spans
from xprojdb.text.spans import Span

SPANS = st.lists(
    st.builds(
        lambda start, length, label: Span(start, start + length, label),
        st.integers(0, 8),
        st.integers(1, 4),
        st.sampled_from(["PER", "LOC"]),
    ),
    max_size=5,
    unique=True,
)


@pytest.mark.parametrize(
    ("predicted", "error"),
    [
        (Span(2, 4, "PER"), ErrorType.CORRECT),
        (Span(2, 4, "LOC"), ErrorType.LABEL),
        (Span(2, 5, "PER"), ErrorType.BOUNDARY),
        (Span(3, 5, "LOC"), ErrorType.BOTH),
    ],
)
def test_each_kind_of_pair(predicted, error):
    gold = Span(2, 4, "PER")
    assert judge([gold], [predicted]) == [Judgement(error, gold, predicted)]


def test_spans_that_do_not_overlap_are_missed_and_spurious():
    gold, predicted = Span(2, 4, "PER"), Span(4, 5, "PER")
    assert judge([gold], [predicted]) == [
        Judgement(ErrorType.MISSED, gold, None),
        Judgement(ErrorType.SPURIOUS, None, predicted),
    ]


def test_the_best_overlap_is_paired_first():
    gold = [Span(0, 4, "PER"), Span(4, 5, "PER")]
    predicted = [Span(3, 5, "PER"), Span(0, 3, "PER")]
    assert judge(gold, predicted) == [
        Judgement(ErrorType.BOUNDARY, gold[0], predicted[1]),
        Judgement(ErrorType.BOUNDARY, gold[1], predicted[0]),
    ]


def test_the_larger_share_wins_over_the_leftmost():
    gold = Span(0, 4, "PER")
    predicted = [Span(0, 1, "PER"), Span(1, 5, "LOC")]
    assert judge([gold], predicted) == [
        Judgement(ErrorType.SPURIOUS, None, predicted[0]),
        Judgement(ErrorType.BOTH, gold, predicted[1]),
    ]


def test_the_same_label_breaks_an_equal_overlap():
    gold = Span(1, 3, "PER")
    predicted = [Span(0, 3, "LOC"), Span(1, 4, "PER")]
    assert judge([gold], predicted) == [
        Judgement(ErrorType.SPURIOUS, None, predicted[0]),
        Judgement(ErrorType.BOUNDARY, gold, predicted[1]),
    ]


@given(SPANS, SPANS)
def test_every_span_is_judged_once_and_correct_is_the_exact_match(gold, predicted):
    judgements = judge(gold, predicted)
    assert sorted(j.gold for j in judgements if j.gold) == sorted(gold)
    assert sorted(j.predicted for j in judgements if j.predicted) == sorted(predicted)
    counts = count_errors([(gold, predicted)])
    assert counts[ErrorType.CORRECT] == count_spans([(gold, predicted)]).micro().tp
    assert set(counts) == set(ErrorType)


@given(SPANS, SPANS)
def test_no_span_left_over_overlaps_another_left_over(gold, predicted):
    judgements = judge(gold, predicted)
    missed = [j.gold for j in judgements if j.type is ErrorType.MISSED]
    spurious = [j.predicted for j in judgements if j.type is ErrorType.SPURIOUS]
    assert not any(g.start < p.end and p.start < g.end for g in missed for p in spurious)


@given(SPANS.filter(lambda spans: len(spans) <= 3), SPANS)
def test_the_order_in_which_spans_are_given_does_not_matter(gold, predicted):
    assert all(judge(order, predicted) == judge(gold, predicted) for order in permutations(gold))

"""The joint match against a dense, plain version of the same rule, and the properties that its answers promise."""

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import Candidates, JointRule, Sources, distinct_spans, joint

# Per sentence the entities in order, each (source, [(start, end, label, score), ...]).


def random_sentence(random, sources, words=6, labels=3):
    pool = [(s, e) for s in range(words) for e in range(s + 1, min(words, s + 3) + 1)]
    entities = []
    for _ in range(random.integers(0, 7)):
        picks = sorted(random.choice(len(pool), random.integers(0, 6), replace=False))
        label = int(random.integers(labels))
        offers = [(*pool[p], label if random.random() < 0.8 else int(random.integers(-1, labels))) for p in picks]
        scores = random.integers(0, 5, len(offers)) / 4
        entities.append((int(random.choice(sources)), [(*o, float(x)) for o, x in zip(offers, scores, strict=True)]))
    return entities


def batch(sentences):
    entity_ptr = np.cumsum([0, *map(len, sentences)])
    source = np.array([s for sentence in sentences for s, _ in sentence], np.int32)
    rows = [(e, *offer) for sentence in sentences for e, (_, offers) in enumerate(sentence) for offer in offers]
    ptr = np.cumsum([0, *(sum(len(offers) for _, offers in sentence) for sentence in sentences)])
    entity, start, end, label, score = np.array(rows, float).reshape(-1, 5).T
    columns = [column.astype(np.int32) for column in (entity, start, end)]
    candidates = Candidates(ptr, *columns, np.ones(len(rows), np.uint8))
    return entity_ptr, source, candidates, label.astype(np.int32), score


def naive(sentence, present, weight, adjust, rule, labels=3):
    """Spans as (start, end, label, value), in the order in which they are taken; adjust is a dict by span."""
    total = float(sum(w for w, p in zip(weight, present, strict=True) if p))
    free, taken = set(range(len(sentence))), []
    offers = [
        {(s, e): (label, (x**rule.power if x > rule.floor else 0) * weight[source] / total) for s, e, label, x in rows}
        for source, rows in sentence
    ]
    spans = sorted({span for offer in offers for span in offer})
    while True:
        best = None
        for span in spans:
            if any(span[0] < e and s < span[1] for s, e, _, _ in taken):
                continue
            for label in range(labels):
                value, proposed = adjust[span], False
                for source in range(len(present)):
                    mine = [offers[n][span] for n in sorted(free) if sentence[n][0] == source and span in offers[n]]
                    mine = [(kind, x) for kind, x in mine if kind >= 0 and x > 0]
                    own = max((x for kind, x in mine if kind == label), default=0)
                    proposed |= own > 0
                    value += own + rule.other_label * (max((x for _, x in mine), default=0) - own)
                if proposed and value > rule.threshold + 1e-9 and (best is None or value > best[0] + 1e-9):
                    best = value, span, label
        if best is None:
            return taken
        value, span, label = best
        taken.append((*span, label, value))
        for source in range(len(present)):
            mine = [n for n in sorted(free) if sentence[n][0] == source and offers[n].get(span, (-1, 0))[0] >= 0]
            mine = [n for n in mine if offers[n][span][1] > 0]
            if mine:
                free.remove(max(mine, key=lambda n: (offers[n][span][1], -n)))


def instance(seed, count=150):
    random = np.random.default_rng(seed)
    present = random.random((count, 3)) < 0.8
    present[:, 0] |= ~present.any(1)
    weight = random.choice([0.5, 1.0, 2.0], 3)
    sentences = [random_sentence(random, np.flatnonzero(row)) for row in present]
    columns = batch(sentences)
    spans = distinct_spans(columns[2].ptr, columns[2].start, columns[2].end)
    adjust = random.integers(-1, 2, len(spans.start)) / 8
    return sentences, Sources(present, weight), columns, spans, adjust


RULES = [
    JointRule(),
    JointRule(threshold=0, floor=0, power=1, other_label=0),
    JointRule(threshold=0.25, floor=0.2, power=2, other_label=0.25),
    JointRule(threshold=0.1, floor=0, power=1, other_label=1),
]


@pytest.mark.slow
@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("seed", range(4))
def test_the_answer_is_that_of_the_plain_rule(seed, rule):
    sentences, sources, columns, spans, adjust = instance(seed)
    answer = joint(sources, *columns, adjust, rule)
    assert len(answer) > 50
    for t, sentence in enumerate(sentences):
        rows = range(spans.ptr[t], spans.ptr[t + 1])
        by_span = {(int(spans.start[u]), int(spans.end[u])): adjust[u] for u in rows}
        wanted = sorted(naive(sentence, sources.present[t], sources.weight, by_span, rule))
        got = slice(answer.ptr[t], answer.ptr[t + 1])
        result = zip(answer.start[got], answer.end[got], answer.label[got], strict=True)
        assert [tuple(map(int, entry)) for entry in result] == [entry[:3] for entry in wanted]
        np.testing.assert_allclose(answer.value[got], [entry[3] for entry in wanted], atol=1e-7)


def test_contributions_and_adjustment_add_up_to_the_value():
    _, sources, columns, spans, adjust = instance(9)
    candidates = columns[2]
    answer = joint(sources, *columns, adjust)
    for k in range(len(answer)):
        votes = slice(answer.vote_ptr[k], answer.vote_ptr[k + 1])
        rows = answer.vote_row[votes]
        assert len(rows) and (np.diff(answer.vote_source[votes]) > 0).all()
        assert (candidates.start[rows] == answer.start[k]).all() and (candidates.end[rows] == answer.end[k]).all()
        added = adjust[spans.of[rows[0]]]
        assert answer.contribution[votes].sum() + added == pytest.approx(answer.value[k], abs=1e-7)
    assert (answer.margin >= 0).all()


@pytest.mark.slow
def test_no_entity_votes_twice_and_no_spans_overlap():
    sentences, sources, columns, _, adjust = instance(10)
    answer = joint(sources, *columns, adjust, RULES[1])
    entity = columns[2].entity[answer.vote_row]
    sentence = np.searchsorted(columns[2].ptr, answer.vote_row, side="right") - 1
    assert len(set(zip(sentence.tolist(), entity.tolist(), strict=True))) == len(entity) > 0
    for t in range(len(sentences)):
        got = slice(answer.ptr[t], answer.ptr[t + 1])
        assert (answer.end[got][:-1] <= answer.start[got][1:]).all()


def one(sentence, present, weight=None, **rule):
    sources = Sources([present], weight if weight is not None else np.ones(len(present)))
    answer = joint(sources, *batch([sentence]), rule=JointRule(**rule))
    return list(zip(answer.start.tolist(), answer.end.tolist(), answer.label.tolist(), strict=True)), answer


def test_sources_that_are_half_sure_settle_a_boundary_together():
    sentence = [(s, [(0, 1, 0, own), (0, 2, 0, 0.7)]) for s, own in enumerate((0.8, 0.75, 0.1))]
    assert one(sentence, [True] * 3)[0] == [(0, 2, 0)]
    assert one(sentence[:1], [True, False, False])[0] == [(0, 1, 0)]


def test_a_missing_source_is_no_vote_against_but_a_silent_one_is():
    sentence = [(0, [(0, 1, 0, 1.0)])]
    assert one(sentence, [True, False, False])[0] == [(0, 1, 0)]
    assert one(sentence, [True, True, True])[0] == []


def test_two_entities_of_one_source_take_two_spans():
    sentence = [(0, [(0, 1, 0, 0.9), (2, 3, 0, 0.8)]), (0, [(0, 1, 0, 0.9), (2, 3, 0, 0.8)])]
    assert one(sentence, [True])[0] == [(0, 1, 0), (2, 3, 0)]
    assert one(sentence[:1], [True])[0] == [(0, 1, 0)]


def test_other_labels_support_the_span():
    sentence = [(0, [(0, 1, 0, 0.8)]), (1, [(0, 1, 1, 0.7)])]
    spans, answer = one(sentence, [True, True], power=1)
    assert spans == [(0, 1, 0)]
    assert answer.value == pytest.approx([0.5 * 0.8 + 0.25 * 0.7])
    assert answer.margin == pytest.approx([0.5 * (0.8 + 0.35) - 0.5 * (0.7 + 0.4)])
    assert one(sentence, [True, True], power=1, other_label=0, threshold=0.41)[0] == []


def test_a_label_below_zero_supports_nothing():
    assert one([(0, [(0, 1, -1, 1.0)])], [True])[0] == []


def test_ties_go_left_then_to_the_shorter_then_to_the_lower_label():
    tie = [(0, [(1, 2, 1, 0.9), (1, 3, 1, 0.9), (2, 4, 1, 0.9)]), (1, [(1, 2, 0, 0.9), (1, 3, 0, 0.9)])]
    spans, answer = one(tie, [True, True])
    assert spans == [(1, 2, 0)]
    assert answer.margin.tolist() == [0]


def test_the_order_of_sentences_does_not_matter():
    sentences, sources, columns, _, _ = instance(11, 30)
    there = joint(sources, *columns)
    back = joint(Sources(sources.present[::-1], sources.weight), *batch(sentences[::-1]))
    per_sentence = [there.value[a:b].tolist() for a, b in zip(there.ptr[:-1], there.ptr[1:], strict=True)]
    assert [back.value[a:b].tolist() for a, b in zip(back.ptr[:-1], back.ptr[1:], strict=True)] == per_sentence[::-1]


def test_an_entity_of_a_missing_source_is_refused():
    with pytest.raises(MatchingError) as error:
        one([(1, [(0, 1, 0, 1.0)])], [True, False])
    assert (error.value.what, error.value.sentence, error.value.value) == ("source", 0, 1)


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
def test_a_score_that_is_no_number_is_refused(score):
    with pytest.raises(MatchingError) as error:
        one([(0, [(0, 1, 0, score)])], [True])
    assert error.value.what == "score"


@pytest.mark.parametrize("weight", [[-1.0], [float("nan")], [float("inf")]])
def test_a_weight_that_is_none_is_refused(weight):
    with pytest.raises(MatchingError) as error:
        Sources([[True]], weight)
    assert (error.value.what, error.value.source) == ("weight", 0)


@pytest.mark.parametrize("field", ["threshold", "floor", "power", "other_label"])
def test_a_rule_out_of_range_is_refused(field):
    with pytest.raises(MatchingError) as error:
        JointRule(**{field: -0.1})
    assert error.value.what == field


def test_adjustments_of_other_spans_are_refused():
    sources = Sources.equal([[True]])
    with pytest.raises(MatchingError) as error:
        joint(sources, *batch([[(0, [(0, 1, 0, 1.0)])]]), adjust=[0.0, 0.0])
    assert error.value.what == "adjust"


def test_nothing_in_nothing_out():
    assert len(joint(Sources.equal(np.ones((0, 2))), *batch([]))) == 0
    assert joint(Sources.equal(np.ones((2, 2))), *batch([[], []])).ptr.tolist() == [0, 0, 0]

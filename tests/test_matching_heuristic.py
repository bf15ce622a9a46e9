"""The heuristic projection against a naive one, and each rule on a small case."""

from dataclasses import replace

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import DEFAULT, REFERENCE, Heuristic, PairBatch, Reason, heuristic
from xprojdb.matching.heuristic import REFERENCE_CODE


def naive_runs(entity, links, rules):
    """(runs, reason) of one entity."""
    a, b = entity
    words = sorted({y for x, y in links if a <= x < b})
    heads = {y for x, y in links if x == a}
    if not words:
        return [], Reason.UNALIGNED
    if rules.comp_src and {x for x, _ in links if a <= x < b} != set(range(a, b)):
        return [], Reason.COMP_SRC
    if rules.comp_tgt and words != list(range(words[0], words[-1] + 1)):
        return [], Reason.COMP_TGT
    runs = naive_growth(entity, links, rules) if rules.word_by_word else []
    for y in words if not rules.word_by_word else ():
        gap = y - runs[-1][1] if runs else None
        if runs and (gap == 0 or rules.minmax or (gap <= rules.merge_distance and not (rules.only_i and y in heads))):
            runs[-1][1] = y + 1
        else:
            runs.append([y, y + 1])
    ratios = [(e - s) / (b - a) for s, e in runs]
    fit = [q > rules.min_ratio if rules.strict else q >= rules.min_ratio for q in ratios]
    runs = [run for run, q, good in zip(runs, ratios, fit, strict=True) if good and q <= rules.max_ratio]
    reason = Reason.LENGTH
    if rules.restr_tgt and b - a == 1 and any(e - s > 1 for s, e in runs):
        runs, reason = [run for run in runs if run[1] - run[0] == 1], Reason.RESTR_TGT
    runs = sorted(runs, key=lambda run: (run[0] - run[1], run[0]))[: rules.top_k]
    return sorted(runs), Reason.PROJECTED if runs else reason


def naive_growth(entity, links, rules):
    """Runs as sets of words: each link widens all runs that it touches, or begins one; then neighbours are joined."""
    runs = []
    for x in range(*entity):
        for y in [y for i, y in links if i == x]:
            touched = [run for run in runs if {y - 1, y, y + 1} & run]
            for run in touched:
                run.add(y)
            if not touched:
                runs.append({y})
    joined = []
    for begin, end in sorted(((min(run), max(run) + 1) for run in runs), key=lambda run: run[0]):
        if joined and rules.merge_distance and begin - joined[-1][1] <= rules.merge_distance:
            joined[-1][1] = end
        else:
            joined.append([begin, end])
    return joined


def naive_tags(words, proposals, labels):
    """The spans of each entity when IOB2 tags are written one over the other, as seqeval reads them."""
    tags, owner = ["O"] * words, [-1] * words
    for j, (runs, _) in enumerate(proposals):
        for s, e in runs:
            tags[s:e] = [f"B-{labels[j]}"] + [f"I-{labels[j]}"] * (e - s - 1)
            owner[s:e] = [j] * (e - s)
    spans, first = [[] for _ in proposals], 0
    while first < words:
        last = first + 1
        if tags[first] != "O":
            while last < words and tags[last] == f"I-{tags[first][2:]}":
                last += 1
            spans[owner[first]].append((first, last))
        first = last
    return spans


def naive(item, rules, labels):
    """(spans by entity, reasons, reason of the pair)."""
    _, words, entities, links = item
    proposals = [naive_runs(entity, links, rules) for entity in entities]
    pool = []
    for j, (runs, _) in enumerate(proposals):
        a, b = entities[j]
        for s, e in runs:
            score = sum(a <= x < b and s <= y < e for x, y in links) / (b - a + e - s)
            pool.append((-(score if rules.by_score else e - s), s, e, j))
    spans, used = [[] for _ in entities], set()
    if rules.overwrite:
        spans, pool = naive_tags(words, proposals, labels), []
    for _, s, e, j in sorted(pool):
        if used.isdisjoint(range(s, e)):
            used |= set(range(s, e))
            spans[j].append((s, e))
    reasons = [
        Reason.COLLISION if runs and not mine else why for (runs, why), mine in zip(proposals, spans, strict=True)
    ]
    counts = dict.fromkeys(labels, 0)
    for label, mine in zip(labels, spans, strict=True):
        counts[label] += len(mine) - 1
    if rules.comp_ins and any(counts.values()):
        return [[] for _ in entities], [r or Reason.COMP_INS for r in reasons], Reason.COMP_INS
    return [sorted(mine) for mine in spans], reasons, Reason.PROJECTED


RULES = {
    "default": DEFAULT,
    "reference": REFERENCE,
    "reference code": replace(REFERENCE_CODE, min_ratio=0.3),
    "word by word": replace(REFERENCE_CODE, merge_distance=0, min_ratio=0.0, overwrite=False),
    "only_i": replace(REFERENCE, only_i=True, merge_distance=2, min_ratio=0.0),
    "no merging": Heuristic(merge_distance=0, top_k=2, max_ratio=1.0),
    "min-max": Heuristic(minmax=True, max_ratio=2.0),
    "complete": Heuristic(comp_src=True, comp_tgt=True, restr_tgt=True),
    "training": replace(REFERENCE, comp_ins=True, restr_tgt=True, min_ratio=0.3),
}


@pytest.mark.slow
@pytest.mark.parametrize("rules", RULES.values(), ids=RULES)
def test_it_equals_a_naive_projection(rules):
    random = np.random.default_rng(12)
    items, labels = [], []
    for _ in range(1500):
        n, m = (int(w) for w in random.integers(0, 9, 2))
        starts = random.integers(0, n, random.integers(0, 4)) if n else []
        entities = [(int(s), int(random.integers(s + 1, min(n, s + 4) + 1))) for s in starts]
        items.append((n, m, entities, [(x, y) for x in range(n) for y in range(m) if random.random() < 0.25]))
        labels.append([int(label) for label in random.integers(0, 2, len(entities))])
    result = heuristic(PairBatch.pack(items), rules, np.array([label for row in labels for label in row]))
    e, seen = 0, set()
    for i, item in enumerate(items):
        spans, reasons, pair_reason = naive(item, rules, labels[i])
        assert result.pair_reason[i] == pair_reason
        for mine, reason in zip(spans, reasons, strict=True):
            rows = slice(result.ptr[e], result.ptr[e + 1])
            assert list(zip(result.start[rows].tolist(), result.end[rows].tolist(), strict=True)) == mine
            assert result.reason[e] == reason
            seen.add(reason)
            e += 1
    assert {Reason.PROJECTED, Reason.UNALIGNED, Reason.COLLISION} <= seen
    assert e == len(result.reason)


def project(entities, links, rules, words=9):
    result = heuristic(PairBatch.pack([(words, words, entities, links)]), rules)
    return list(zip(result.start.tolist(), result.end.tolist(), strict=True)), [Reason(r) for r in result.reason]


def test_the_default_keeps_a_compound_that_the_reference_drops():
    links = [(0, 3), (1, 3)]
    assert project([(0, 2)], links, REFERENCE) == ([], [Reason.LENGTH])
    assert project([(0, 2)], links, DEFAULT) == ([(3, 4)], [Reason.PROJECTED])


def test_later_entities_overwrite_earlier_ones_in_the_code_of_the_reference():
    both = [(0, 2), (0, 2)], [(0, 3), (1, 4)]
    labels = np.array([0, 1])
    pairs = PairBatch.pack([(2, 9, *both)])
    for rules, spans, ptr in ((REFERENCE, [(3, 5)], [0, 1, 1]), (REFERENCE_CODE, [(3, 5)], [0, 0, 1])):
        result = heuristic(pairs, rules, labels)
        assert list(zip(result.start.tolist(), result.end.tolist(), strict=True)) == spans
        assert result.ptr.tolist() == ptr


def test_runs_that_grew_into_each_other_can_end_early_in_the_code_of_the_reference():
    # 5 and 3 begin runs, 4 belongs to both, and 3 widens the first one to 3-5; the later one ends before it.
    entities, links = [(0, 4)], [(0, 5), (1, 3), (2, 4), (3, 3)]
    assert project(entities, links, replace(REFERENCE, min_ratio=0.1))[0] == [(3, 6)]
    assert project(entities, links, replace(REFERENCE_CODE, min_ratio=0.1))[0] == [(3, 5)]


def test_a_collision_goes_to_the_better_linked_entity_not_to_the_longer_run():
    entities, links = [(0, 3), (4, 6)], [(0, 2), (2, 4), (4, 4), (4, 5), (5, 4), (5, 5)]
    assert project(entities, links, DEFAULT) == ([(4, 6)], [Reason.COLLISION, Reason.PROJECTED])
    assert project(entities, links, REFERENCE) == ([(2, 5)], [Reason.PROJECTED, Reason.COLLISION])


@pytest.mark.parametrize(
    "wrong",
    [
        {"merge_distance": -1},
        {"min_ratio": np.nan},
        {"max_ratio": 0.1},
        {"top_k": 0},
        {"word_by_word": True, "minmax": True},
    ],
)
def test_parameters_that_make_no_sense_are_refused(wrong):
    with pytest.raises(MatchingError) as caught:
        Heuristic(**wrong)
    assert caught.value.what in wrong


def test_labels_of_another_length_are_refused():
    with pytest.raises(MatchingError) as caught:
        heuristic(PairBatch.pack([(1, 1, [(0, 1)], [])]), Heuristic(comp_ins=True), np.array([0, 0]))
    assert caught.value.what == "labels"


def test_an_empty_batch():
    result = heuristic(PairBatch.pack([]), REFERENCE)
    assert (result.ptr.tolist(), len(result.start), len(result.reason)) == ([0], 0, 0)

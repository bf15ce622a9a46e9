"""The label of names that became adjectives, alone and by arrays."""

import itertools

import numpy as np
import pytest

from xprojdb.errors import MatchingError
from xprojdb.matching import DROPPED, Candidates, DerivedLabel, derived_label, derived_labels

NAMES = ("PER", "LOC", "ORG", "MISC")
MISC = DerivedLabel("MISC")


def test_without_a_rule_no_label_changes():
    assert derived_label("LOC", True, ["europäisch"]) == "LOC"


@pytest.mark.parametrize(
    ("label", "capitalised", "target", "wanted"),
    [
        ("LOC", True, ["europäisch"], "MISC"),
        ("ORG", True, ["comunitario"], "MISC"),
        ("PER", True, ["kafkaesk"], "PER"),
        ("LOC", False, ["europäisch"], "LOC"),
        ("LOC", True, ["Europa"], "LOC"),
        ("LOC", True, ["paesi", "bassi"], "LOC"),
        ("LOC", True, ["1999"], "LOC"),
    ],
)
def test_one_small_word_for_a_capitalised_place_is_an_adjective(label, capitalised, target, wanted):
    assert derived_label(label, capitalised, target, MISC) == wanted


def test_a_scheme_without_the_label_drops_the_entity():
    assert derived_label("LOC", True, ["europäisch"], DerivedLabel(None)) is None


@pytest.mark.parametrize("rule", [None, MISC, DerivedLabel(None), DerivedLabel("PER", frozenset({"MISC"}), longest=2)])
def test_arrays_agree_with_the_plain_rule(rule):
    words = [["la", "Roma"], ["x", "y", "Z"]]
    spans = [[(0, 1), (0, 2), (1, 2)], [(0, 1), (0, 2), (1, 3), (2, 3)]]
    kinds = list(itertools.product(range(4), (False, True)))
    rows = [(e, s, t) for sentence in spans for e in range(len(kinds)) for s, t in sentence]
    entity, start, end = np.array(rows).T
    candidates = Candidates(
        np.cumsum([0, *(len(kinds) * len(span) for span in spans)]), entity, start, end, np.ones(len(rows), np.uint8)
    )
    label, capitalised = (np.array(2 * list(column)) for column in zip(*kinds, strict=True))
    lower = np.array([w.islower() for sentence in words for w in sentence])
    entity_ptr = np.array([0, len(kinds), 2 * len(kinds)])
    got = derived_labels(entity_ptr, candidates, label, capitalised, np.array([0, 2, 5]), lower, rule, NAMES)
    wanted = []
    for n, (e, s, t) in enumerate(rows):
        target = words[int(n >= candidates.ptr[1])][s:t]
        name = derived_label(NAMES[kinds[e][0]], kinds[e][1], target, rule)
        wanted.append(DROPPED if name is None else NAMES.index(name))
    assert got.tolist() == wanted


def test_a_label_that_the_scheme_lacks_is_refused():
    nothing = np.zeros(0, np.int32)
    candidates = Candidates(np.array([0]), nothing, nothing, nothing, nothing)
    with pytest.raises(MatchingError) as error:
        derived_labels(np.array([0]), candidates, nothing, nothing, np.array([0]), nothing, MISC, ("PER", "LOC"))
    assert error.value.value == "MISC"

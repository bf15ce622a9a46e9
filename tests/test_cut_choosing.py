"""Choosing by hash: duplicates, limits, mixtures and splits, against what they mean written out."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.exports.selection.choosing import assign_shares, first_of_each, mixture_limits, within_limits
from xprojdb.exports.selection.hashing import hash_letters, hash_words, rehash
from xprojdb.exports.selection.translation_groups import join_groups

SMALL = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 5)), max_size=30)


def _columns(rows: list[tuple[int, int, int]]) -> list[np.ndarray]:
    return [np.array(column, dtype=np.int64) for column in zip(*rows, strict=True)] or [np.empty(0, np.int64)] * 3


@given(SMALL, st.randoms(use_true_random=False))
def test_the_first_of_each_is_kept(rows, random) -> None:  # type: ignore[no-untyped-def]
    left, right, _ = _columns(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    seen, expected = set(), set()
    for place in order:
        key = rows[place][:2]
        if key not in seen:
            expected.add(place)
            seen.add(key)
    kept = first_of_each(np.array(order, dtype=np.int64), left, right)
    assert set(np.flatnonzero(kept).tolist()) == expected


@given(SMALL, st.lists(st.integers(0, 20), min_size=4, max_size=4), st.randoms(use_true_random=False))
def test_each_group_is_taken_up_to_its_limit(rows, limits, random) -> None:  # type: ignore[no-untyped-def]
    group, _, size = _columns(rows)
    order = list(range(len(rows)))
    random.shuffle(order)
    spent, full, expected = [0] * 4, [False] * 4, set()
    for place in order:
        own, cost = rows[place][0], rows[place][2]
        spent[own] += cost
        full[own] |= spent[own] > limits[own]
        if not full[own]:
            expected.add(place)
    places = np.array(order, dtype=np.int64)
    taken = within_limits(places, group, size, np.array(limits, dtype=np.float64))
    assert set(np.flatnonzero(taken).tolist()) == expected
    larger = within_limits(places, group, size, np.array(limits, dtype=np.float64) + 3)
    assert np.all(larger[taken])


def test_the_scarcest_kind_bounds_a_mixture() -> None:
    available = np.array([90.0, 10.0, 50.0])
    assert mixture_limits(available, [3, 1, 1], None).tolist() == pytest.approx([30, 10, 10])
    assert mixture_limits(available, [3, 1, 1], 20).tolist() == pytest.approx([12, 4, 4])
    assert mixture_limits(np.array([5.0, 0.0]), [1, 1], 20).tolist() == [0, 0]


def test_shares_are_those_that_were_asked_for() -> None:
    hashes = rehash(np.arange(50_000, dtype=np.uint64), "here")
    result = np.bincount(assign_shares(hashes, {"train": 0.8, "validation": 0.15, "test": 0.05}))
    assert result / 50_000 == pytest.approx([0.8, 0.15, 0.05], abs=0.01)
    assert assign_shares(hashes, {"all": 1.0}).max() == 0


def test_other_salts_give_independent_hashes() -> None:
    numbers = np.arange(20_000, dtype=np.uint64)
    low = [rehash(numbers, salt) < np.uint64(2**63) for salt in ("one", "two")]
    assert np.mean(low[0] & low[1]) == pytest.approx(0.25, abs=0.02)
    assert len(np.unique(rehash(numbers, "one"))) == 20_000


@given(st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), min_size=1, max_size=25))
def test_groups_are_the_connected_components(links) -> None:  # type: ignore[no-untyped-def]
    part = {key: {key} for link in links for key in link}
    for left, right in links:
        joined = part[left] | part[right]
        for key in joined:
            part[key] = joined
    left, right = (np.array(side, dtype=np.int64) for side in zip(*links, strict=True))
    groups = join_groups(left, right)
    asked = np.arange(0, 15)
    assert groups.roots_of(asked).tolist() == [min(part.get(key, {key})) for key in asked.tolist()]


def test_a_long_chain_is_one_group() -> None:
    keys = np.random.default_rng(3).permutation(5_000)
    groups = join_groups(keys[:-1], keys[1:])
    assert set(groups.roots.tolist()) == {0}


def test_words_and_letters_are_told_apart() -> None:
    assert hash_words(["New", "York"]) != hash_words(["NewYork"])
    assert hash_words(["a"]) != hash_words(["A"])
    assert hash_letters(["New", "York", "."]) == hash_letters(["NEW", "York."])
    assert hash_letters(["New York"]) != hash_letters(["New", "Yorks"])

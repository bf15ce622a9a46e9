"""Pharaoh text and link arrays say the same."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.errors import InputError
from xprojdb.models.pharaoh import Links, format_pharaoh, parse_pharaoh, parse_pharaohs

LINKS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000)), max_size=12)


@given(LINKS)
def test_what_is_written_is_read(pairs: list[tuple[int, int]]) -> None:
    array = np.array(pairs, np.int32).reshape(-1, 2)
    text = format_pharaoh(array)
    assert text == " ".join(f"{left}-{right}" for left, right in pairs)
    found = parse_pharaoh(text)
    assert found.dtype == np.int32
    np.testing.assert_array_equal(found, array)


@given(st.lists(LINKS, max_size=6))
def test_many_are_read_as_each_alone(batch: list[list[tuple[int, int]]]) -> None:
    texts = [" ".join(f"{left}-{right}" for left, right in pairs) for pairs in batch]
    pairs, bounds = parse_pharaohs(texts)
    assert len(bounds) == len(texts) + 1
    for at, expected in enumerate(batch):
        assert list(map(tuple, pairs[bounds[at] : bounds[at + 1]].tolist())) == expected


def test_links_with_scores_are_written_without_them() -> None:
    links = Links(np.array([[0, 0], [1, 2]], np.int32), np.array([0.5, 1], np.float32))
    assert format_pharaoh(links) == "0-0 1-2"


WRONG = ["0", "0-", "-0", "0-0 ", " 0-0", "0-0  1-1", "0-0 1", "0-1 0", "0 0", "0-0-0", "0-0\n1-1"]
NOT_NUMBERS = ["a", "0-0 1-x", "0–0", "1.0-2", "0:0", "0-99999999999"]


@pytest.mark.parametrize("text", [*WRONG, *NOT_NUMBERS])
def test_wrong_text_is_refused(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_pharaohs(["0-0 1-2", "", text, "3-3"])
    assert (caught.value.item, caught.value.text) == (2, text)


def test_texts_that_are_wrong_only_alone_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse_pharaohs(["0-0", "0", "0-1", "1-1"])
    assert caught.value.item == 1

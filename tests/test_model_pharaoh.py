"""Links that are written are the links that the matcher reads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xprojdb.matching.pharaoh.links import scored_links_from_pharaoh
from xprojdb.models.aligners.word_links import Links, format_links

SCORE = st.integers(0, 10_000).map(lambda score: score / 10_000)
LINKS = st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 5000), SCORE), max_size=12)


def _links(rows: list[tuple[int, int, float]]) -> Links:
    pairs = np.array([row[:2] for row in rows], np.int32).reshape(-1, 2)
    return Links(pairs, np.array([row[2] for row in rows], np.float32))


def test_links_are_written_with_four_digits_of_their_score() -> None:
    assert format_links(_links([(0, 0, 0.97), (1, 2, 0.123456), (3, 1, 1)])) == "0-0:0.97 1-2:0.1235 3-1:1"


# No deadline: the first call compiles the reader.
@settings(deadline=None)
@given(st.lists(LINKS, max_size=6))
def test_what_is_written_is_read(batch: list[list[tuple[int, int, float]]]) -> None:
    ptr, left, right, scores = scored_links_from_pharaoh([format_links(_links(rows)) for rows in batch])
    assert np.diff(ptr).tolist() == [len(rows) for rows in batch]
    flat = [row for rows in batch for row in rows]
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [row[:2] for row in flat]
    assert scores.tolist() == pytest.approx([row[2] for row in flat], rel=1e-3)

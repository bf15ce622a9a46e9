"""What steps read: each translation has the rows of its sentence, whichever sentences the translations share."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from xprojdb.steps.inputs import _joined

keys = st.lists(st.integers(0, 9), max_size=20)


@given(keys, keys)
def test_each_key_is_joined_to_each_of_its_rows(asked: list[int], rows: list[int]) -> None:
    rows.sort()
    whose, places = _joined(np.array(asked, np.int64), np.array(rows, np.int64))
    expected = [(n, place) for n, key in enumerate(asked) for place, row in enumerate(rows) if row == key]
    assert list(zip(whose.tolist(), places.tolist(), strict=True)) == expected

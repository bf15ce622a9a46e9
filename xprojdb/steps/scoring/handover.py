"""Scores that the project step of the same run needs next: handed over in memory, so that they are not read again.

What is handed over is what was stored; a later process, or a run that is short of room here, reads it from the table.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from xprojdb.matching.arrays import Floats, Longs

#: bytes that are kept at most: the scores of a million pairs of 25 words from links
MOST = 64 << 20


@dataclass(frozen=True, slots=True)
class _Portion:
    """One batch, packed: its items, and of each candidate the place of its item, ordinal, start, end and score."""

    items: Longs
    places: tuple[npt.NDArray[Any], ...]
    scores: Floats

    @property
    def size(self) -> int:
        return self.items.nbytes + self.scores.nbytes + sum(column.nbytes for column in self.places)

    def unpacked(self) -> Longs:
        """(4, C) item, ordinal, start and end."""
        where, *spans = self.places
        return np.stack([self.items[where], *spans]).astype(np.int64)


class HandOver:
    """The scores of batches, in the order in which they were made, until they are taken.

    :param most: bytes to keep at most; batches that find no room are not kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._portions: deque[_Portion] = deque()

    def offer(self, items: Sequence[int], places: Sequence[npt.NDArray[Any]], scores: Floats) -> None:
        """Keep a batch, if there is room.

        :param items: its keys, ascending, above those of the batch before.
        :param places: item, ordinal, start and end of each candidate, in this order ascending.
        :param scores: (C,).
        """
        keys = np.array(items, np.int64)
        packed = tuple(_packed(column) for column in (np.searchsorted(keys, places[0]), *places[1:]))
        portion = _Portion(keys, packed, scores)
        if self._portions and keys[0] <= self._portions[-1].items[-1]:
            self._portions.clear()  # another pass over the items has begun
        if portion.size + sum(kept.size for kept in self._portions) <= self._most:
            self._portions.append(portion)

    def take(self, items: Sequence[int]) -> tuple[Longs, Floats] | None:
        """The candidates of a batch as they were offered, or None when they are not all here.

        :param items: keys, ascending.
        :returns: (4, C) item, ordinal, start and end, and (C,) scores.
        """
        while self._portions and self._portions[0].items[-1] < items[0]:
            self._portions.popleft()
        found = [each for each in self._portions if each.items[0] <= items[-1]]
        keys = np.array(items, np.int64)
        if not found or not np.isin(keys, np.concatenate([each.items for each in found])).all():
            return None
        places = np.concatenate([each.unpacked() for each in found], 1)
        scores = np.concatenate([each.scores for each in found])
        if sum(len(each.items) for each in found) > len(keys):
            asked = np.isin(places[0], keys)
            places, scores = places[:, asked], scores[asked]
        return places, scores

    def clear(self) -> None:
        """Forget what nobody took."""
        self._portions.clear()


def _packed(column: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The same numbers, none negative, in the smallest type that holds them."""
    return column.astype(np.min_scalar_type(int(column.max(initial=0))))

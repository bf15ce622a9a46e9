"""Hand rows over to the project step of the same run, in memory, so that they need not be read back.

They equal the stored rows; a later process, or a run without room for them, reads the tables instead.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Floats, Longs
from xprojdb.steps.inputs import LabelledSpans

#: the most bytes of scores and of entities to keep: enough for a million pairs of 25 words with aligned candidates
MOST = 64 << 20
MOST_ENTITIES = 32 << 20

Columns = Sequence[npt.NDArray[Any]]


class _Packed(NamedTuple):
    """A column of numbers; integers are stored as offsets from the minimum, in the smallest type that holds them."""

    least: int | None
    above: npt.NDArray[Any]

    @classmethod
    def of(cls, column: npt.NDArray[Any]) -> _Packed:
        if column.dtype.kind == "f":
            return cls(None, column)
        least = int(column.min()) if len(column) else 0
        above = column - least
        return cls(least, above.astype(np.min_scalar_type(int(above.max(initial=0)))))

    @property
    def column(self) -> npt.NDArray[Any]:
        return self.above if self.least is None else self.above.astype(np.int64) + self.least


@dataclass(frozen=True, slots=True)
class _Portion:
    """One packed batch: its items, the first and last of them, and its columns, the first of which is the item."""

    first: int
    last: int
    items: _Packed
    columns: tuple[_Packed, ...]

    @property
    def size(self) -> int:
        return self.items.above.nbytes + sum(column.above.nbytes for column in self.columns)


class HandOver:
    """Rows of batches, in the order they were made, until they are taken.

    :param most: the most bytes to keep; batches beyond that are not kept.
    """

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._size = 0
        self._last = 0
        self._portions: deque[_Portion] = deque()

    @property
    def is_full(self) -> bool:
        """Whether there may be no room for another batch, to judge by the last one."""
        return self._size + self._last > self._most

    def offer(self, items: Sequence[int], columns: Columns) -> None:
        """Keep a batch, if there is room.

        :param items: its keys, ascending and above those of the previous batch.
        :param columns: integer or float columns of its rows; the first is the item of each row, ascending.
        """
        packed = tuple(map(_Packed.of, columns))
        portion = _Portion(items[0], items[-1], _Packed.of(np.array(items, np.int64)), packed)
        if self._portions and portion.first <= self._portions[-1].last:
            self.clear()  # a new pass over the items has started
        self._last = portion.size
        if portion.size + self._size <= self._most:
            self._portions.append(portion)
            self._size += portion.size

    def take(self, items: Sequence[int]) -> Columns | None:
        """Take the rows of a batch, or None unless all of them are here.

        :param items: keys, ascending.
        """
        while self._portions and self._portions[0].last < items[0]:
            self._size -= self._portions.popleft().size
        portions = [portion for portion in self._portions if portion.first <= items[-1]]
        keys = np.array(items, np.int64)
        offered = [portion.items.column for portion in portions]
        if not portions or not np.isin(keys, np.concatenate(offered)).all():
            return None
        parts = zip(*(portion.columns for portion in portions), strict=True)
        columns = [np.concatenate([part.column for part in column]) for column in parts]
        if sum(map(len, offered)) > len(keys):
            requested = np.isin(columns[0], keys)
            columns = [column[requested] for column in columns]
        return columns

    def clear(self) -> None:
        """Drop everything that was not taken."""
        self._portions.clear()
        self._size = 0


class HandedScores(HandOver):
    """The candidates of a score step."""

    def scores(self, items: Sequence[int]) -> tuple[Longs, Floats] | None:
        """The candidates of a batch: (4, C) item, ordinal, start and end, and (C,) scores.

        :param items: keys, ascending.
        """
        columns = self.take(items)
        return None if columns is None else (np.stack(columns[:4]), columns[4])


class HandedEntities(HandOver):
    """The entities that a score step read, after mapping."""

    def __init__(self, most: int = MOST_ENTITIES) -> None:
        super().__init__(most)
        self._codes: dict[str, int] = {}

    def offer_entities(self, items: Sequence[int], entities: LabelledSpans) -> None:
        """Keep the entities of a batch, if there is room.

        :param items: keys, ascending and above those of the previous batch.
        """
        codes = self._codes
        coded = (codes.setdefault(label, len(codes)) for label in entities.label)
        self.offer(items, [*entities[:5], np.fromiter(coded, np.int64, len(entities.label))])

    def entities(self, items: Sequence[int]) -> LabelledSpans | None:
        """Take the entities of a batch, or None unless all of them are here.

        :param items: keys, ascending.
        """
        columns = self.take(items)
        if columns is None:
            return None
        names = list(self._codes)
        item, across, ordinal, start, end, codes = columns
        return LabelledSpans(item, across, ordinal, start, end, [names[code] for code in codes.tolist()])

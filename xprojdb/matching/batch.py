"""A batch of sentence pairs: lengths, labelled spans on the source side, word links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import check_ptr, compiled, flat, offsets, stable_order

Positions = Sequence[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class PairBatch:
    """N sentence pairs with E entities and L word links, as ragged arrays, checked on construction.

    *Source* is the labelled side, *target* the unlabelled side. The entities of pair ``i`` are rows
    ``entity_ptr[i]:entity_ptr[i + 1]``, its links rows ``link_ptr[i]:link_ptr[i + 1]``. Word positions count from 0.

    :param source_words: (N,) words of the source sentence.
    :param target_words: (N,) words of the target sentence.
    :param entity_ptr: (N+1,) offsets of the entities.
    :param entity_start: (E,) first source word of each entity.
    :param entity_end: (E,) one past its last source word.
    :param link_ptr: (N+1,) offsets of the links.
    :param link_source: (L,) source word of each link.
    :param link_target: (L,) target word of each link.
    :param link_score: (L,) non-negative confidence of each link, or None.
    :raises MatchingError: as :meth:`check` does.
    """

    source_words: Ints
    target_words: Ints
    entity_ptr: Longs
    entity_start: Ints
    entity_end: Ints
    link_ptr: Longs
    link_source: Ints
    link_target: Ints
    link_score: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if value is not None:
                dtype = np.int64 if name.endswith("_ptr") else np.float32 if name == "link_score" else np.int32
                object.__setattr__(self, name, flat(name, value, dtype))
        self.check()

    def __len__(self) -> int:
        return len(self.source_words)

    @classmethod
    def pack(
        cls,
        items: Iterable[tuple[int, int, Positions, Positions]],
        link_scores: Iterable[Sequence[float]] | None = None,
    ) -> PairBatch:
        """Build a batch from Python values.

        :param items: for each pair: number of source and target words, entity spans (start, end), links (source,
            target).
        :param link_scores: for each pair, a score for each link.
        :raises MatchingError: as :meth:`check` does.
        """
        rows = list(items)
        _, source_words, target_words = _columns([[row[:2] for row in rows]])
        entities = _columns([row[2] for row in rows])
        links = _columns([row[3] for row in rows])
        scores = None if link_scores is None else np.array([s for row in link_scores for s in row], np.float32)
        return cls(source_words, target_words, *entities, *links, scores)

    def check(self) -> None:
        """Check that the arrays are consistent.

        :raises MatchingError: when an array has the wrong length, offsets decrease, an entity is empty, an entity or
            link lies outside its sentence, a link is repeated or its score is negative or not finite. Fields: ``what``
            (the array or item), ``pair``, ``value``.
        """
        self._check_lengths()
        score = np.empty(0, np.float32) if self.link_score is None else self.link_score
        arrays = [getattr(self, name) for name in self.__slots__[:-1]]
        fault, pair, row = _first_fault(*arrays, score)
        if fault:
            what, value = self._describe(fault, pair, row)
            raise MatchingError(
                f"pair {pair}: {what} {value} is impossible with {self.source_words[pair]} source words "
                f"and {self.target_words[pair]} target words",
                hint=_HINTS[fault],
                what=what,
                pair=int(pair),
                value=value,
            )

    def above(self, min_score: float) -> PairBatch:
        """Drop the links whose score is below ``min_score``; links without scores are all kept."""
        if self.link_score is None or min_score <= 0:
            return self
        # Scores are stored with four digits in single precision, and a stored 0.3 must not count as below 0.3.
        mask = self.link_score >= np.float32(min_score)
        pair = np.repeat(np.arange(len(self)), np.diff(self.link_ptr))
        link_ptr = offsets(np.bincount(pair[mask], minlength=len(self)))
        source, target = self.link_source[mask], self.link_target[mask]
        return replace(
            self, link_ptr=link_ptr, link_source=source, link_target=target, link_score=self.link_score[mask]
        )

    def sure(self) -> PairBatch:
        """The same batch; links without scores count as certain."""
        if self.link_score is not None:
            return self
        return replace(self, link_score=np.ones(len(self.link_source), np.float32))

    def _check_lengths(self) -> None:
        check_ptr("entity_ptr", self.entity_ptr, len(self), len(self.entity_start))
        check_ptr("link_ptr", self.link_ptr, len(self), len(self.link_source))
        lengths = {
            "target_words": len(self),
            "entity_end": len(self.entity_start),
            "link_target": len(self.link_source),
        }
        if self.link_score is not None:
            lengths["link_score"] = len(self.link_source)
        for name, length in lengths.items():
            if len(getattr(self, name)) != length:
                raise MatchingError(
                    f"{name} has {len(getattr(self, name))} values, but the arrays that belong to it have {length}",
                    hint="arrays that describe the same rows must have the same length",
                    what=name,
                    pair=None,
                    value=len(getattr(self, name)),
                )

    def _describe(self, fault: int, pair: int, row: int) -> tuple[str, Any]:
        if fault == _WORDS:
            return "words", (int(self.source_words[pair]), int(self.target_words[pair]))
        if fault == _ENTITY:
            return "entity", (int(self.entity_start[row]), int(self.entity_end[row]))
        if fault == _SCORE and self.link_score is not None:
            return "link_score", float(self.link_score[row])
        link = (int(self.link_source[row]), int(self.link_target[row]))
        return "repeated link" if fault == _REPEATED else "link", link


_WORDS, _ENTITY, _LINK, _SCORE, _REPEATED = 1, 2, 3, 4, 5
_HINTS = {
    _WORDS: "the number of words cannot be negative",
    _ENTITY: "an entity must be a non-empty half-open span of source words",
    _LINK: "a link connects a source word and a target word, counted from 0; are the two sides swapped?",
    _SCORE: "a link score must be a finite number, 0 or more",
    _REPEATED: "list every link once",
}


def _columns(rows: list[Positions] | list[list[tuple[int, int]]]) -> tuple[Longs, Ints, Ints]:
    flat_rows = np.array([pair for row in rows for pair in row], np.int32).reshape(-1, 2)
    return offsets([len(row) for row in rows]), flat_rows[:, 0], flat_rows[:, 1]


@compiled
def _first_fault(  # type: ignore[no-untyped-def]
    source_words, target_words, entity_ptr, entity_start, entity_end, link_ptr, source, target, score
):
    """(fault, pair, row) of the first inconsistency, or (0, 0, 0)."""
    for i in range(len(source_words)):
        n, m = source_words[i], target_words[i]
        if n < 0 or m < 0:
            return _WORDS, i, i
        for e in range(entity_ptr[i], entity_ptr[i + 1]):
            if not 0 <= entity_start[e] < entity_end[e] <= n:
                return _ENTITY, i, e
        fault, q = _link_fault(n, m, source, target, score, link_ptr[i], link_ptr[i + 1])
        if fault:
            return fault, i, q
    return 0, 0, 0


@compiled
def _link_fault(n, m, source, target, score, a, b):  # type: ignore[no-untyped-def]
    """(fault, row) of the first invalid link in a:b, or (0, 0)."""
    rising = True
    for q in range(a, b):
        if not (0 <= source[q] < n and 0 <= target[q] < m):
            return _LINK, q
        if len(score) and not 0 <= score[q] < np.inf:
            return _SCORE, q
        rising = rising and (q == a or (source[q - 1], target[q - 1]) < (source[q], target[q]))
    twice = -1 if rising else _repeated(source, target, a, b)
    return (_REPEATED, twice) if twice >= 0 else (0, 0)


@compiled
def _repeated(source, target, a, b):  # type: ignore[no-untyped-def]
    """A row in a:b that repeats another link there, or -1."""
    keys = source[a:b].astype(np.int64) << 32 | target[a:b]
    order = stable_order(keys)
    for r in range(1, b - a):
        if keys[order[r]] == keys[order[r - 1]]:
            return a + max(order[r], order[r - 1])
    return -1

"""Candidates: the target spans considered for each entity."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from xprojdb.arrays import Bits, Flags, Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import check_ptr, compiled, flat, offsets
from xprojdb.matching.batch import PairBatch

LONGEST_SENTENCE = 1 << 20
#: the most sets of candidates that :func:`union` can combine: the bits of an origin
MOST_SETS = 8


@dataclass(frozen=True, slots=True)
class Candidates:
    """C target spans for the entities of N pairs, in the order (pair, entity, start, end), without repetition.

    :param ptr: (N+1,) offsets: the candidates of pair ``i`` are rows ``ptr[i]:ptr[i + 1]``.
    :param entity: (C,) ordinal of the entity within its pair.
    :param start: (C,) first target word.
    :param end: (C,) one past the last target word.
    :param origin: (C,) bit ``b`` is set if argument ``b`` of :func:`union` had the candidate; 1 before any union.
    :raises MatchingError: when the arrays differ in length or the offsets do not fit.
    """

    ptr: Longs
    entity: Ints
    start: Ints
    end: Ints
    origin: Bits

    def __post_init__(self) -> None:
        types = {"ptr": np.int64, "origin": np.uint8}
        for name in self.__slots__:
            array = flat(f"candidates.{name}", getattr(self, name), types.get(name, np.int32))
            object.__setattr__(self, name, array)
            if name not in ("ptr", "entity") and len(array) != len(self.entity):
                raise MatchingError(
                    f"candidates.{name} has {len(array)} values for {len(self.entity)} candidates",
                    hint="entity, start, end and origin must have one value per candidate",
                    what=f"candidates.{name}",
                    value=len(array),
                )
        check_ptr("candidates.ptr", self.ptr, len(self.ptr) - 1, len(self.entity))

    def __len__(self) -> int:
        return len(self.entity)

    def by_entity(self, entity_ptr: Longs, target_words: Ints | None = None) -> Longs:
        """Locate each entity's candidates, checking the candidates on the way.

        :param entity_ptr: (N+1,) offsets of the entities of each pair.
        :param target_words: (N,) words of each target sentence; without it, ends are only limited to a million words.
        :returns: (E+1,) offsets: the candidates of entity ``e`` of the batch are rows ``own[e]:own[e + 1]``.
        :raises MatchingError: when a candidate is empty, out of order, repeated, outside its sentence or of an unknown
            entity; ``pair``, ``what`` and ``value`` name it.
        """
        if len(entity_ptr) != len(self.ptr):
            raise MatchingError(
                f"entities of {len(entity_ptr) - 1} pairs, candidates of {len(self.ptr) - 1}",
                hint="pass the entities and the candidates of the same batch",
                what="entity_ptr",
                pair=None,
                value=len(entity_ptr),
            )
        words = np.full(len(self.ptr) - 1, LONGEST_SENTENCE, np.int32) if target_words is None else target_words
        own, pair, row = _own(entity_ptr, words, self.ptr, self.entity, self.start, self.end)
        if row >= 0:
            value = (int(self.entity[row]), int(self.start[row]), int(self.end[row]))
            raise MatchingError(
                f"pair {pair}: candidate (entity, start, end) = {value} is invalid, out of order or repeated",
                hint="candidates must lie within the target sentence and ascend by entity, start and end",
                what="candidate",
                pair=int(pair),
                value=value,
            )
        ptr: Longs = own
        return ptr


def aligned_subranges(pairs: PairBatch, longest: int) -> Candidates:
    """Spans that start and end on a word linked to the entity.

    With the alignment score and at most one span per entity, no optimum is lost: trimming an unlinked word from a span
    raises its score and frees the word.

    :param longest: the most words a span may have.
    """
    columns = (pairs.entity_ptr, pairs.entity_start, pairs.entity_end, pairs.link_ptr, pairs.link_source)
    widest = int(pairs.target_words.max(initial=0))
    nothing = np.empty(0, np.int32)
    counts = np.zeros(len(pairs.entity_start) + 1, np.int64)
    _subranges(*columns, pairs.link_target, widest, longest, counts, False, nothing, nothing, nothing)
    own = np.cumsum(counts)
    entity, start, end = (np.empty(own[-1], np.int32) for _ in range(3))
    _subranges(*columns, pairs.link_target, widest, longest, own, True, entity, start, end)
    return Candidates(own[pairs.entity_ptr], entity, start, end, np.ones(len(entity), np.uint8))


def linked_edges(pairs: PairBatch, candidates: Candidates) -> Flags:
    """(C,) whether each candidate is among the :func:`aligned_subranges` of any length."""
    aligned = aligned_subranges(pairs, LONGEST_SENTENCE)
    linked: Flags = np.isin(_places(pairs, candidates), _places(pairs, aligned))
    return linked


def _places(pairs: PairBatch, candidates: Candidates) -> Longs:
    """Encode the entity, start and end of each candidate of a batch as one number."""
    entity = pairs.entity_ptr[np.repeat(np.arange(len(pairs)), np.diff(candidates.ptr))] + candidates.entity
    widest = int(pairs.target_words.max(initial=0)) + 1
    return (entity * widest + candidates.start) * widest + candidates.end


def ngrams(pairs: PairBatch, longest: int, forbidden: Flags | None = None) -> Candidates:
    """Every span of up to ``longest`` target words, for every entity.

    :param longest: the most words a span may have.
    :param forbidden: (sum of target words,) true for words that no span may contain, for one sentence after another.
    :raises MatchingError: when ``forbidden`` has another length.
    """
    word_ptr = offsets(pairs.target_words)
    free = np.zeros(word_ptr[-1], np.bool_) if forbidden is None else forbidden
    if len(free) != word_ptr[-1]:
        raise MatchingError(
            f"forbidden has {len(free)} values for {word_ptr[-1]} target words",
            hint="pass one value for every target word of the batch",
            what="forbidden",
            value=len(free),
        )
    return _within(pairs, word_ptr, _unbroken(word_ptr, np.asarray(free, np.bool_)), longest)


def from_spans(
    pairs: PairBatch, span_ptr: Longs, start: Ints, end: Ints, with_subspans: bool = False, longest: int = 1 << 20
) -> Candidates:
    """Proposed target spans, each for every entity of its pair.

    :param span_ptr: (N+1,) offsets of the spans of each pair.
    :param start: (S,) first target word of each span.
    :param end: (S,) one past its last target word.
    :param with_subspans: include every span inside a proposed one.
    :param longest: the most words a candidate may have; longer proposals are left out, but not their sub-spans.
    :raises MatchingError: when a span is empty or outside its target sentence.
    """
    span_ptr, start, end = (
        flat("span_ptr", span_ptr, np.int64),
        flat("start", start, np.int32),
        flat("end", end, np.int32),
    )
    check_ptr("span_ptr", span_ptr, len(pairs), len(start))
    pair = np.repeat(np.arange(len(pairs)), np.diff(span_ptr))
    _check_spans(pairs, pair, start, end)
    if with_subspans:
        word_ptr = offsets(pairs.target_words)
        return _within(pairs, word_ptr, _covered(word_ptr, span_ptr, start, end), longest)
    rows = np.unique(np.stack([pair, start, end], 1)[end - start <= longest], axis=0)
    ptr = np.searchsorted(rows[:, 0], np.arange(len(pairs) + 1))
    return _for_each_entity(pairs, ptr, rows[:, 1].astype(np.int32), rows[:, 2].astype(np.int32))


def union(*several: Candidates) -> Candidates:
    """The candidates of all arguments, without repetition; ``origin`` records which arguments had them.

    :param several: up to eight sets of candidates of the same batch.
    :raises MatchingError: when there are no arguments or more than eight, or they belong to different batches.
    """
    if not 1 <= len(several) <= MOST_SETS or len({len(candidates.ptr) for candidates in several}) > 1:
        raise MatchingError(
            f"cannot combine {len(several)} sets of candidates of {[len(one.ptr) - 1 for one in several]} pairs",
            hint="combine one to eight sets of candidates of the same batch",
            what="candidates",
            value=len(several),
        )
    first = several[0]
    united = Candidates(first.ptr, first.entity, first.start, first.end, np.ones(len(first), np.uint8))
    for bit, other in enumerate(several[1:], 1):
        columns = (united.ptr, united.entity, united.start, united.end, united.origin)
        united = Candidates(*_merge(*columns, other.ptr, other.entity, other.start, other.end, 1 << bit))
    return united


def _check_spans(pairs: PairBatch, pair: Longs, start: Ints, end: Ints) -> None:
    bad = np.flatnonzero((start < 0) | (start >= end) | (end > pairs.target_words[pair]))
    if len(bad):
        value = (int(start[bad[0]]), int(end[bad[0]]))
        raise MatchingError(
            f"pair {pair[bad[0]]}: span {value} is empty or outside its target sentence",
            hint="a span must be a non-empty half-open range of target words",
            what="span",
            pair=int(pair[bad[0]]),
            value=value,
        )


def _within(pairs: PairBatch, word_ptr: Longs, reach: Ints, longest: int) -> Candidates:
    """Every span that ends no later than the ``reach`` of its first word."""
    return _for_each_entity(pairs, *_spans_within(word_ptr, reach, longest))


def _for_each_entity(pairs: PairBatch, span_ptr: Longs, start: Ints, end: Ints) -> Candidates:
    ptr = offsets(np.diff(span_ptr) * np.diff(pairs.entity_ptr))
    entity, first, last = _crossed(pairs.entity_ptr, span_ptr, start, end, int(ptr[-1]))
    return Candidates(ptr, entity, first, last, np.ones(int(ptr[-1]), np.uint8))


@compiled
def _own(entity_ptr, words, ptr, entity, start, end):  # type: ignore[no-untyped-def]
    own = np.zeros(entity_ptr[-1] + 1, np.int64)
    for i in range(len(words)):
        last = (np.int64(-1), np.int64(0), np.int64(0))
        for c in range(ptr[i], ptr[i + 1]):
            here = (np.int64(entity[c]), np.int64(start[c]), np.int64(end[c]))
            inside = 0 <= start[c] < end[c] <= words[i] and 0 <= entity[c] < entity_ptr[i + 1] - entity_ptr[i]
            if not inside or here <= last:
                return own, i, c
            own[entity_ptr[i] + entity[c] + 1] += 1
            last = here
    return np.cumsum(own), 0, -1


@compiled
def _subranges(  # type: ignore[no-untyped-def]
    entity_ptr, entity_start, entity_end, link_ptr, source, target, widest, longest, own, fill, entity, start, end
):
    """Count the spans of entity e into own[e + 1], or write them from own[e] on."""
    mark, words = np.full(widest, -1, np.int64), np.empty(widest, np.int32)
    for i in range(len(entity_ptr) - 1):
        for e in range(entity_ptr[i], entity_ptr[i + 1]):
            inside = (entity_start[e], entity_end[e])
            n = linked_words(e, inside, source, target, link_ptr[i], link_ptr[i + 1], mark, words)
            c = own[e] if fill else 0
            for a in range(n):
                b = a
                while b < n and words[b] - words[a] < longest:
                    if fill:
                        entity[c], start[c], end[c] = e - entity_ptr[i], words[a], words[b] + 1
                    c += 1
                    b += 1
            if not fill:
                own[e + 1] = c


@compiled
def linked_words(e, inside, source, target, a, b, mark, words):  # type: ignore[no-untyped-def]
    """Write the target words linked to entity e into ``words``, ascending; returns their number."""
    low, high, n = len(mark), -1, 0
    for q in range(a, b):
        if inside[0] <= source[q] < inside[1]:
            mark[target[q]] = e
            low, high = min(low, target[q]), max(high, target[q])
    for y in range(low, high + 1):
        if mark[y] == e:
            words[n] = y
            n += 1
    return n


@compiled
def _unbroken(word_ptr, forbidden):  # type: ignore[no-untyped-def]
    """For each word, the first forbidden word at or after it, or the end of the sentence."""
    reach = np.empty(len(forbidden), np.int32)
    for i in range(len(word_ptr) - 1):
        until = word_ptr[i + 1] - word_ptr[i]
        for y in range(until - 1, -1, -1):
            if forbidden[word_ptr[i] + y]:
                until = y
            reach[word_ptr[i] + y] = until
    return reach


@compiled
def _covered(word_ptr, span_ptr, start, end):  # type: ignore[no-untyped-def]
    """For each word, the end of the furthest proposed span that covers it, which bounds the ends of sub-spans."""
    reach = np.zeros(word_ptr[-1], np.int32)
    for i in range(len(word_ptr) - 1):
        for s in range(span_ptr[i], span_ptr[i + 1]):
            first = word_ptr[i] + start[s]
            reach[first] = max(reach[first], end[s])
        for w in range(word_ptr[i] + 1, word_ptr[i + 1]):
            reach[w] = max(reach[w], reach[w - 1])
    return reach


@compiled
def _spans_within(word_ptr, reach, longest):  # type: ignore[no-untyped-def]
    ptr = np.zeros(len(word_ptr), np.int64)
    for i in range(len(word_ptr) - 1):
        ptr[i + 1] = ptr[i]
        for w in range(word_ptr[i], word_ptr[i + 1]):
            ptr[i + 1] += max(0, min(longest, reach[w] - (w - word_ptr[i])))
    start, end, s = np.empty(ptr[-1], np.int32), np.empty(ptr[-1], np.int32), 0
    for i in range(len(word_ptr) - 1):
        for w in range(word_ptr[i], word_ptr[i + 1]):
            y = w - word_ptr[i]
            for until in range(y + 1, min(y + longest, reach[w]) + 1):
                start[s], end[s] = y, until
                s += 1
    return ptr, start, end


@compiled
def _crossed(entity_ptr, span_ptr, span_start, span_end, total):  # type: ignore[no-untyped-def]
    entity, start, end = np.empty(total, np.int32), np.empty(total, np.int32), np.empty(total, np.int32)
    c = 0
    for i in range(len(entity_ptr) - 1):
        for j in range(entity_ptr[i + 1] - entity_ptr[i]):
            for s in range(span_ptr[i], span_ptr[i + 1]):
                entity[c], start[c], end[c] = j, span_start[s], span_end[s]
                c += 1
    return entity, start, end


@compiled
def _merge(ptr, entity, start, end, origin, ptr2, entity2, start2, end2, bit):  # type: ignore[no-untyped-def]
    """Merge two ordered sets; candidates of the second get ``bit``."""
    room = len(entity) + len(entity2)
    merged = np.zeros(len(ptr), np.int64)
    rows, bits, n = np.empty((3, room), np.int32), np.zeros(room, np.uint8), 0
    for i in range(len(ptr) - 1):
        a, b = ptr[i], ptr2[i]
        while a < ptr[i + 1] or b < ptr2[i + 1]:
            left, right = a < ptr[i + 1], b < ptr2[i + 1]
            if left and right:
                one, two = (entity[a], start[a], end[a]), (entity2[b], start2[b], end2[b])
                left, right = one <= two, two <= one
            if left:
                rows[0, n], rows[1, n], rows[2, n], bits[n] = entity[a], start[a], end[a], origin[a]
                a += 1
            if right:
                rows[0, n], rows[1, n], rows[2, n] = entity2[b], start2[b], end2[b]
                bits[n] |= bit
                b += 1
            n += 1
        merged[i + 1] = n
    return merged, rows[0, :n].copy(), rows[1, :n].copy(), rows[2, :n].copy(), bits[:n].copy()

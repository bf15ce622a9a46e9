"""Runs of linked target words, in compiled code: how an entity's links are split, joined and sifted into runs."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from xprojdb.matching.arrays import compiled, stable_order
from xprojdb.matching.candidates import linked_words


class Reason(IntEnum):
    """Why an entity, or all of a sentence pair, was not projected."""

    PROJECTED = 0
    UNALIGNED = 1
    """No word of the entity is linked."""
    COMP_SRC = 2
    """A word of the entity is not linked."""
    COMP_TGT = 3
    """The linked target words are not contiguous."""
    LENGTH = 4
    """Every run is too short or too long for the entity."""
    RESTR_TGT = 5
    """An entity of one word has no run of one word."""
    COLLISION = 6
    """Other runs took the words."""
    COMP_INS = 7
    """The pair has more or fewer labels than entities."""


_UNALIGNED, _COMP_SRC, _COMP_TGT, _LENGTH, _RESTR_TGT = (int(reason) for reason in list(Reason)[1:6])


class Shape(NamedTuple):
    """The rules for splitting into runs, in the form compiled code accepts."""

    merge_distance: int
    only_i: bool
    minmax: bool
    comp_src: bool
    comp_tgt: bool
    word_by_word: bool


class Limits(NamedTuple):
    """The rules for keeping runs."""

    min_ratio: float
    strict: bool
    max_ratio: float
    top_k: int
    restr_tgt: bool


@compiled
def propose(entity_ptr, entity_start, entity_end, link_ptr, source, target, widest, shape, limits):  # type: ignore[no-untyped-def]
    """The runs of every entity (ragged), the links of each run, and why an entity has none."""
    entities = len(entity_start)
    ptr, reason = np.zeros(entities + 1, np.int64), np.zeros(entities, np.uint8)
    start, end, links = np.empty(64, np.int32), np.empty(64, np.int32), np.empty(64, np.int32)
    mark, words = np.full(widest, -1, np.int64), np.empty(widest, np.int32)
    for i in range(len(entity_ptr) - 1):
        a, b = link_ptr[i], link_ptr[i + 1]
        for e in range(entity_ptr[i], entity_ptr[i + 1]):
            first, size = entity_start[e], entity_end[e] - entity_start[e]
            at = ptr[e]
            if len(start) < at + widest:
                start, end, links = _longer(start, widest), _longer(end, widest), _longer(links, widest)
            n = linked_words(e, (first, entity_end[e]), source, target, a, b, mark, words)
            reason[e] = _unfit(words[:n], first, size, source[a:b], shape)
            ptr[e + 1] = at
            if reason[e]:
                continue
            if shape.word_by_word:
                grown = _grow((first, entity_end[e]), source[a:b], target[a:b], start[at:], end[at:])
                runs = _join(grown, shape.merge_distance, start[at:], end[at:])
            else:
                begins = _heads(first, source[a:b], target[a:b], words[:n])
                runs = _cut(words[:n], begins, shape, start[at:], end[at:])
            runs, reason[e] = _sift(start[at : at + runs], end[at : at + runs], size, limits)
            ptr[e + 1] = at + runs
            _count_links(
                first, entity_end[e], source[a:b], target[a:b], start[at : at + runs], end[at : at + runs], links[at:]
            )
    return ptr, start[: ptr[-1]], end[: ptr[-1]], links[: ptr[-1]], reason


@compiled
def _longer(array, more):  # type: ignore[no-untyped-def]
    longer = np.empty(2 * len(array) + more, array.dtype)
    for n in range(len(array)):
        longer[n] = array[n]
    return longer


@compiled
def _unfit(words, first, size, source, shape):  # type: ignore[no-untyped-def]
    """The reason to reject the entity's links, or 0."""
    if len(words) == 0:
        return _UNALIGNED
    if shape.comp_src:
        for x in range(first, first + size):
            if not (source == x).any():
                return _COMP_SRC
    return _COMP_TGT if shape.comp_tgt and words[-1] - words[0] >= len(words) else 0


@compiled
def _heads(first, source, target, words):  # type: ignore[no-untyped-def]
    """For each linked word, whether it is linked to the entity's first word."""
    heads = np.zeros(len(words), np.bool_)
    for q in range(len(source)):
        if source[q] == first:
            heads[np.searchsorted(words, target[q])] = True
    return heads


@compiled
def _cut(words, heads, shape, start, end):  # type: ignore[no-untyped-def]
    """Write the joined runs of the linked words; returns their number."""
    runs = 0
    for n in range(len(words)):
        gap = words[n] - words[n - 1] - 1 if n else 0
        bridged = gap <= shape.merge_distance and not (shape.only_i and heads[n])
        joins = n > 0 and (gap == 0 or shape.minmax or bridged)
        if not joins:
            start[runs] = words[n]
            runs += 1
        end[runs - 1] = words[n] + 1
    return runs


@compiled
def _grow(entity, source, target, start, end):  # type: ignore[no-untyped-def]
    """Write the runs that grow by one linked word after another, as they began; returns their number."""
    runs = 0
    for x in range(entity[0], entity[1]):
        for q in range(len(source)):
            if source[q] != x:
                continue
            y, alone = target[q], True
            for n in range(runs):
                # Every run that the word is next to grows, so that runs can come to overlap.
                if start[n] - 1 <= y <= end[n]:
                    start[n], end[n], alone = min(start[n], y), max(end[n], y + 1), False
            if alone:
                start[runs], end[runs] = y, y + 1
                runs += 1
    return runs


@compiled
def _join(runs, distance, start, end):  # type: ignore[no-untyped-def]
    """Sort runs by their first words, and join those that are near; returns the number that is left."""
    order = stable_order(start[:runs].astype(np.int64))
    begins, ends = start[order], end[order]
    joined = 0
    for n in range(runs):
        if joined and distance and begins[n] - end[joined - 1] <= distance:
            end[joined - 1] = ends[n]
        else:
            start[joined], end[joined] = begins[n], ends[n]
            joined += 1
    return joined


@compiled
def _sift(start, end, size, limits):  # type: ignore[no-untyped-def]
    """Move suitable runs to the front, from left to right; returns their number, and the reason if there are none."""
    fits, runs, fault = np.zeros(len(start), np.bool_), 0, _LENGTH
    for n in range(len(start)):
        ratio = (end[n] - start[n]) / size
        long_enough = ratio > limits.min_ratio if limits.strict else ratio >= limits.min_ratio
        fits[n] = long_enough and ratio <= limits.max_ratio
        if fits[n] and limits.restr_tgt and size == 1 and end[n] - start[n] > 1:
            fits[n], fault = False, _RESTR_TGT
    for n in stable_order((start - end).astype(np.int64)):
        if fits[n]:
            runs += 1
            fits[n] = runs <= limits.top_k
    runs = 0
    for n in range(len(start)):
        if fits[n]:
            start[runs], end[runs] = start[n], end[n]
            runs += 1
    return runs, 0 if runs else fault


@compiled
def _count_links(first, last, source, target, start, end, links):  # type: ignore[no-untyped-def]
    for n in range(len(start)):
        links[n] = 0
        for q in range(len(source)):
            if first <= source[q] < last and start[n] <= target[q] < end[n]:
                links[n] += 1

"""Greedy matching: the highest score first."""

from __future__ import annotations

import numpy as np

from xprojdb.arrays import Longs
from xprojdb.matching.arrays import compiled
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.scores.links import check_fixed
from xprojdb.matching.solvers.matches import Matches, answer


def greedy(entity_ptr: Longs, candidates: Candidates, scores: Longs, most: int = 1) -> Matches:
    """Repeatedly take the best candidate, then drop all that overlap it, and its entity once that has enough.

    Stops when no positive score is left. Ties: leftmost, then shorter, then lower entity ordinal.

    :param entity_ptr: (N+1,) offsets of the entities of each pair.
    :param scores: (C,) fixed-point scores.
    :param most: the most candidates an entity may take.
    :returns: answers that are OPTIMAL if every entity got the best it could get on its own, otherwise FEASIBLE.
    :raises MatchingError: when candidates, scores and entities do not match.
    """
    own, scores = candidates.by_entity(entity_ptr), check_fixed(scores, candidates)
    taken, status, bound = _greedy(entity_ptr, own, candidates.start, candidates.end, scores, most)
    return answer(own, scores, np.flatnonzero(taken), status, bound)


@compiled
def _greedy(entity_ptr, own, start, end, score, most):  # type: ignore[no-untyped-def]
    pairs = len(entity_ptr) - 1
    taken, status, bound = np.zeros(len(score), np.bool_), np.zeros(pairs, np.uint8), np.zeros(pairs, np.int64)
    for i in range(pairs):
        entities = np.arange(entity_ptr[i], entity_ptr[i + 1])
        for e in entities:
            c = best_free(own[e], own[e + 1], start, end, score, entities[:0])
            bound[i] += 0 if c < 0 else score[c] * min(most, own[e + 1] - own[e])
        total = 0
        for c in take(entities, own, start, end, score, most):
            taken[c] = True
            total += score[c]
        status[i] = total < bound[i]
    return taken, status, bound


@compiled
def take(entities, own, start, end, score, most):  # type: ignore[no-untyped-def]
    """The candidates that greedy matching takes for these entities (ascending ordinals), in order."""
    room = 0
    for e in entities:
        room += min(most, own[e + 1] - own[e])
    taken, n = np.empty(room, np.int64), 0
    left, best = np.full(len(entities), most), np.empty(len(entities), np.int64)
    for j in range(len(entities)):
        best[j] = best_free(own[entities[j]], own[entities[j] + 1], start, end, score, taken[:0])
    while n < room:
        j = _foremost(best, start, end, score)
        if j < 0:
            break
        c = best[j]
        taken[n] = c
        n += 1
        left[j] -= 1
        for h in range(len(entities)):
            if left[h] == 0:
                best[h] = -1
            elif best[h] >= 0 and start[best[h]] < end[c] and start[c] < end[best[h]]:
                best[h] = best_free(own[entities[h]], own[entities[h] + 1], start, end, score, taken[:n])
    return taken[:n]


@compiled
def best_free(a, b, start, end, score, taken):  # type: ignore[no-untyped-def]
    """The first of the best candidates in rows a:b that overlap nothing taken; -1 if none has a positive score."""
    best, top = np.int64(-1), np.int64(0)
    for c in range(a, b):
        if score[c] > top and not _overlaps(c, start, end, taken):
            best, top = np.int64(c), score[c]
    return best


@compiled
def _overlaps(c, start, end, taken):  # type: ignore[no-untyped-def]
    for t in taken:  # noqa: SIM110 -- Numba compiles no generator expressions
        if start[t] < end[c] and start[c] < end[t]:
            return True
    return False


@compiled
def _foremost(best, start, end, score):  # type: ignore[no-untyped-def]
    """The entity whose best candidate comes first: highest score, leftmost, shortest, first entity."""
    top = -1
    for j in range(len(best)):
        c = best[j]
        if c < 0:
            continue
        t = best[top] if top >= 0 else c
        if top < 0 or (-score[c], start[c], end[c]) < (-score[t], start[t], end[t]):
            top = j
    return top

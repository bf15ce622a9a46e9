"""Exact matching: at most one span per entity, no overlaps, the greatest sum of scores.

Most pairs are easy: if the best candidates of the entities do not overlap, they are the optimum. Otherwise:

1. A candidate that contains a better one of the same entity (or an equal one with the same start) is dropped.
2. The rest splits into components: entities whose candidates overlap, directly or through others.
3. In a component, a candidate is dropped if it falls short of its entity's best by more than the component's slack
   (the sum of its entities' best scores minus the total of greedy matching).
4. A dynamic program runs over the words. Its state records which entities are used, but only for those with candidates
   on both sides of the word.

Among answers with equal totals, it returns the one whose spans, sorted by (start, end, entity ordinal), form the
lexicographically smallest list: leftmost, then shorter, then lower entity. No such list can be a prefix of another,
since every chosen score is positive. For a single entity this means: higher score, then leftmost, then shorter.
"""

from __future__ import annotations

import numpy as np

from xprojdb.arrays import Longs
from xprojdb.matching.arrays import compiled, stable_order
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.scores.links import check_fixed
from xprojdb.matching.solvers.dynamic_program import optimum, place
from xprojdb.matching.solvers.greedy import best_free, take
from xprojdb.matching.solvers.matches import Matches, SolverStatus, answer

DEFERRED = int(SolverStatus.DEFERRED)


def exact(entity_ptr: Longs, candidates: Candidates, scores: Longs, width: int = 12, work: int = 1 << 26) -> Matches:
    """Maximise the sum of scores, with at most one candidate per entity and no overlaps.

    :param entity_ptr: (N+1,) offsets of the entities of each pair.
    :param scores: (C,) fixed-point scores; candidates without a positive score are never chosen.
    :param width: how many entities the dynamic program may have to remember at one word, at most 20.
    :param work: how many additions one component may cost, about a nanosecond each; its table holds a sixteenth as
        many numbers.
    :returns: answers that are OPTIMAL, or DEFERRED if some entities (``deferred``) exceeded the limits.
    :raises MatchingError: when candidates, scores and entities do not match.
    """
    own, scores = candidates.by_entity(entity_ptr), check_fixed(scores, candidates)
    limits = (min(width, 20), work)
    choice, status, bound, deferred = _exact(entity_ptr, own, candidates.start, candidates.end, scores, *limits)
    return answer(own, scores, choice[choice >= 0], status, bound, deferred)


@compiled
def _exact(entity_ptr, own, start, end, score, width, work):  # type: ignore[no-untyped-def]
    pairs, entities = len(entity_ptr) - 1, len(own) - 1
    choice, deferred = np.full(entities, -1, np.int64), np.zeros(entities, np.bool_)
    status, bound = np.zeros(pairs, np.uint8), np.zeros(pairs, np.int64)
    below = np.zeros(end.max() + 1 if len(end) else 1, np.int64)
    table = np.empty(0, np.int64)
    nothing = np.empty(0, np.int64)
    for i in range(pairs):
        a, b = entity_ptr[i], entity_ptr[i + 1]
        for e in range(a, b):
            choice[e] = best_free(own[e], own[e + 1], start, end, score, nothing)
        if clash(choice[a:b], start, end):
            table = _contested(a, b, own, start, end, score, width, work, choice, deferred, below, table)
        for e in range(a, b):
            if choice[e] >= 0:
                bound[i] += score[choice[e]]
            if deferred[e]:
                status[i] = DEFERRED
        if status[i] == DEFERRED:
            bound[i] = _loose_bound(a, b, own, start, end, score, choice, deferred)
    return choice, status, bound, deferred


@compiled
def clash(chosen, start, end):  # type: ignore[no-untyped-def]
    """Whether two of the chosen candidates overlap (-1 stands for none)."""
    for j in range(1, len(chosen)):
        for h in range(j):
            c, d = chosen[j], chosen[h]
            if c >= 0 and d >= 0 and start[c] < end[d] and start[d] < end[c]:
                return True
    return False


@compiled
def _loose_bound(a, b, own, start, end, score, choice, deferred):  # type: ignore[no-untyped-def]
    """The scores of settled entities plus the best scores of deferred ones."""
    bound = 0
    for e in range(a, b):
        c = best_free(own[e], own[e + 1], start, end, score, choice[:0]) if deferred[e] else choice[e]
        bound += score[c] if c >= 0 else 0
    return bound


@compiled
def _contested(a, b, own, start, end, score, width, work, choice, deferred, below, table):  # type: ignore[no-untyped-def]
    """Settle the entities a:b, component by component. ``choice`` starts with each entity's best candidate."""
    survivors, who = undominated(a, b, own, start, end, score, below)
    part = _parts(b - a, survivors, who, start, end)
    for root in range(b - a):
        members = np.flatnonzero(part == root)
        if len(members) > 1 and clash(choice[a + members], start, end):
            within = part[who] == root
            mine, whose = survivors[within], who[within] + a
            table = _settle(a + members, mine, whose, own, start, end, score, width, work, choice, deferred, table)
    return table


@compiled
def undominated(a, b, own, start, end, score, below, slack=0):  # type: ignore[no-untyped-def]
    """The candidates of entities a:b that may be in the answer, by (start, end, entity), and the entity of each.

    below[y]: the best score among the entity's candidates seen so far (which start later) that end by word y.
    slack: by how much one that starts later must be better.
    """
    survivors, who, n = np.empty(own[b] - own[a], np.int64), np.empty(own[b] - own[a], np.int64), 0
    for e in range(a, b):
        below[:] = 0
        last = own[e + 1]
        while last > own[e]:
            first, same = last - 1, score.dtype.type(0)
            while first > own[e] and start[first - 1] == start[last - 1]:
                first -= 1
            for c in range(first, last):
                if score[c] > same and score[c] + slack >= below[end[c]]:
                    survivors[n], who[n], same = c, e - a, score[c]
                    n += 1
            for c in range(first, last):
                y = end[c]
                while y < len(below) and below[y] < score[c]:
                    below[y] = score[c]
                    y += 1
            last = first
    order = stable_order(start[survivors[:n]].astype(np.int64) << 31 | end[survivors[:n]])
    return survivors[order], who[order]


@compiled
def _parts(entities, survivors, who, start, end):  # type: ignore[no-untyped-def]
    """The component of each entity, identified by its first one; candidates overlap directly or through others."""
    part = np.arange(entities)
    until, leader = -1, -1
    for n in range(len(survivors)):
        if start[survivors[n]] >= until:
            leader = who[n]
        one, two = part[leader], part[who[n]]
        if one != two:
            part[part == max(one, two)] = min(one, two)
        until = max(until, end[survivors[n]])
    return part


@compiled
def _settle(members, survivors, who, own, start, end, score, width, work, choice, deferred, table):  # type: ignore[no-untyped-def]
    """Find the optimum of one component, or use the greedy answer and mark it as deferred."""
    taken = take(members, own, start, end, score, 1)
    slack = np.int64(0)
    for e in members:
        slack += score[choice[e]] if choice[e] >= 0 else 0
    for c in taken:
        slack -= score[c]
    near = np.empty(len(survivors), np.bool_)
    for n in range(len(survivors)):
        near[n] = score[choice[who[n]]] - score[survivors[n]] <= slack
    survivors, who = survivors[near], who[near]
    solved, table = optimum(members, survivors, who, start, end, score, width, work, choice, table)
    if not solved:
        deferred[members] = True
        choice[members] = -1
        for c in taken:
            choice[place(own, c + 1) - 1] = c
    return table

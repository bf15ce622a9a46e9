"""The answer of a solver: the chosen candidates, their margins, and whether the answer is proven optimal."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from xprojdb.arrays import Bits, Flags, Floats, Longs
from xprojdb.matching.arrays import compiled
from xprojdb.matching.scores.links import SCALE


class SolverStatus(IntEnum):
    """The quality of the answer for a sentence pair."""

    OPTIMAL = 0
    """No better answer exists."""
    FEASIBLE = 1
    """The answer satisfies all constraints; a better one may exist, but none above the bound."""
    INFEASIBLE = 2
    """No answer satisfies all constraints; nothing was chosen."""
    DEFERRED = 3
    """Too large for the dynamic program: deferred entities have the greedy answer, for a general solver to improve."""
    UNSOLVED = 4
    """Time ran out before any answer was found; nothing was chosen."""


@dataclass(frozen=True, slots=True)
class Matches:
    """The answer for N pairs with E entities and C candidates.

    :param chosen: (K,) candidates chosen, ascending.
    :param choice: (E,) the candidate of each entity, -1 for none; the leftmost if an entity has several.
    :param status: (N,) a :class:`SolverStatus` for each pair.
    :param bound: (N,) an upper bound on the total score, which an optimal answer reaches.
    :param margin: (E,) score of the choice minus that of the entity's best other candidate (0 if there is none);
        negative if that one had to make room for others, NaN without a choice.
    :param runner_up: (E,) that other candidate, -1 if there is none with a positive score.
    :param deferred: (E,) true if the dynamic program gave up (see :data:`SolverStatus.DEFERRED`).
    """

    chosen: Longs
    choice: Longs
    status: Bits
    bound: Floats
    margin: Floats
    runner_up: Longs
    deferred: Flags


def answer(
    own: Longs, scores: Longs, chosen: Longs, status: Bits, bound: Longs, deferred: Flags | None = None
) -> Matches:
    """Complete an answer with choices and margins.

    :param own: (E+1,) offsets of each entity's candidates.
    :param scores: (C,) fixed-point scores.
    :param chosen: (K,) candidates chosen, ascending.
    :param bound: (N,) fixed-point bounds.
    """
    choice, runner_up, margin = _margins(own, scores, chosen)
    gave_up = np.zeros(len(choice), np.bool_) if deferred is None else deferred
    return Matches(chosen, choice, status, bound / SCALE, margin / SCALE, runner_up, gave_up)


@compiled
def _margins(own, scores, chosen):  # type: ignore[no-untyped-def]
    entities = len(own) - 1
    choice, runner_up = np.full(entities, -1, np.int64), np.full(entities, -1, np.int64)
    margin, k = np.full(entities, np.nan), 0
    for e in range(entities):
        other = np.int64(0)
        for c in range(own[e], own[e + 1]):
            if k < len(chosen) and chosen[k] == c:
                choice[e] = c if choice[e] < 0 else choice[e]
                k += 1
            elif scores[c] > other:
                other, runner_up[e] = scores[c], c
        if choice[e] >= 0:
            margin[e] = scores[choice[e]] - other
    return choice, runner_up, margin

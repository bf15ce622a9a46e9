"""One entry point for all solvers."""

from __future__ import annotations

from typing import Literal

from xprojdb.arrays import Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.solvers.cp_sat import general
from xprojdb.matching.solvers.exact import exact
from xprojdb.matching.solvers.greedy import greedy
from xprojdb.matching.solvers.matches import Matches

Solver = Literal["exact", "greedy"]
Relation = Literal["<", "<=", "=", ">=", ">"]


def solve(
    entity_ptr: Longs,
    candidates: Candidates,
    scores: Longs,
    solver: Solver = "exact",
    count: tuple[Relation, int] = ("<=", 1),
    time_limit: float = 10.0,
) -> Matches:
    """Choose non-overlapping candidates with the greatest sum of scores.

    The exact solver is the dynamic program, followed by CP-SAT for the few components it defers; counts other than
    "at most one" go to CP-SAT directly.

    :param entity_ptr: (N+1,) offsets of the entities of each pair.
    :param scores: (C,) fixed-point scores (:func:`to_fixed`); candidates without a positive score are never chosen.
    :param count: how many candidates each entity may take.
    :param time_limit: deterministic seconds that CP-SAT may spend on one pair.
    :returns: the answer, with a status for each pair.
    :raises MatchingError: when arrays do not match, no number satisfies ``count``, the solver is unknown, or
        greedy matching is given a minimum.
    :raises MissingExtra: when CP-SAT is needed and OR-Tools is not installed.
    """
    least, most = _limits(*count)
    if solver == "greedy":
        if least or most is None:
            message = f"greedy matching cannot guarantee {count[0]} {count[1]} candidates per entity"
            raise MatchingError(message, hint='use the exact solver, or a count with "<="', what="count", value=count)
        return greedy(entity_ptr, candidates, scores, most)
    if solver != "exact":
        raise MatchingError(f"unknown solver {solver!r}", hint="choose exact or greedy", what="solver", value=solver)
    if (least, most) != (0, 1):
        return general(entity_ptr, candidates, scores, least, most, time_limit)
    matches = exact(entity_ptr, candidates, scores)
    if not matches.deferred.any():
        return matches
    return general(entity_ptr, candidates, scores, time_limit=time_limit, unfinished=matches)


def _limits(relation: Relation, number: int) -> tuple[int, int | None]:
    """The minimum and maximum number of candidates per entity; None for no maximum."""
    limits: dict[str, tuple[int, int | None]] = {
        "<": (0, number - 1),
        "<=": (0, number),
        "=": (number, number),
        ">=": (number, None),
        ">": (number + 1, None),
    }
    least, most = limits.get(relation, (-1, None))
    if least < 0 or (most is not None and most < 1):
        value = (relation, number)
        hint = 'use a relation (<, <=, =, >=, >) and a number that allow at least one candidate, such as ("<=", 1)'
        raise MatchingError(
            f"an entity cannot take {relation} {number} candidates", hint=hint, what="count", value=value
        )
    return least, most

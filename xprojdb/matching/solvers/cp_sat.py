"""The general solver, OR-Tools CP-SAT, for counts other than "at most one" and for what the dynamic program defers.

One worker, a fixed seed and a limit in CP-SAT's own deterministic seconds (close to real ones): the same input gives
the same answer everywhere. If there are several optima, it returns one of them, not the canonical one of :mod:`exact`:
finding that would take another proof for each chosen span.
"""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

from xprojdb.arrays import Flags, Longs
from xprojdb.extras import require
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.scores.links import SCALE, check_fixed
from xprojdb.matching.solvers.exact import undominated
from xprojdb.matching.solvers.matches import Matches, SolverStatus, answer


class _Solution(NamedTuple):
    status: SolverStatus
    chosen: Flags
    bound: int


def general(
    entity_ptr: Longs,
    candidates: Candidates,
    scores: Longs,
    least: int = 0,
    most: int | None = 1,
    time_limit: float = 10.0,
    unfinished: Matches | None = None,
) -> Matches:
    """Maximise the sum of scores, with ``least`` to ``most`` candidates per entity and no overlaps.

    :param entity_ptr: (N+1,) offsets of the entities of each pair.
    :param scores: (C,) fixed-point scores; candidates without a positive score are never chosen.
    :param most: None for no limit.
    :param time_limit: deterministic seconds to spend on one pair.
    :param unfinished: the answer of :func:`exact`: solve only its deferred entities and keep the rest.
    :returns: answers that are OPTIMAL, FEASIBLE with a bound, INFEASIBLE or UNSOLVED.
    :raises MatchingError: when candidates, scores and entities do not match.
    :raises MissingExtra: when OR-Tools is not installed.
    """
    own, scores = candidates.by_entity(entity_ptr), check_fixed(scores, candidates)
    taken, status = np.zeros(len(candidates), np.bool_), np.zeros(len(entity_ptr) - 1, np.uint8)
    bound, todo = np.zeros(len(status), np.int64), np.ones(len(own) - 1, np.bool_)
    if unfinished is not None:
        taken[unfinished.chosen] = True
        status, todo = unfinished.status.copy(), unfinished.deferred
        bound = np.rint(unfinished.bound * SCALE).astype(np.int64)
    settled = taken & ~np.repeat(todo, np.diff(own))
    for i in np.unique(np.searchsorted(entity_ptr, np.flatnonzero(todo), side="right") - 1):
        entities = entity_ptr[i] + np.flatnonzero(todo[entity_ptr[i] : entity_ptr[i + 1]])
        rows = _rows(entities, own, candidates, scores, (least, most) == (0, 1), taken)
        solution = _solve(entities, rows, own, candidates, scores, least, most, time_limit, taken[rows])
        mine = slice(candidates.ptr[i], candidates.ptr[i + 1])
        taken[rows], status[i] = solution.chosen, solution.status
        bound[i] = solution.bound + scores[mine][settled[mine]].sum()
    return answer(own, scores, np.flatnonzero(taken), status, bound)


def _rows(entities: Longs, own: Longs, candidates: Candidates, scores: Longs, at_most_one: bool, taken: Flags) -> Longs:
    """The candidates that deserve a variable; ``taken`` is an answer to improve."""
    if not at_most_one:
        return np.concatenate([own[e] + np.flatnonzero(scores[own[e] : own[e + 1]] > 0) for e in entities])
    below = np.zeros(int(candidates.end.max(initial=0)) + 1, np.int64)
    survivors, who = undominated(entities[0], entities[-1] + 1, own, candidates.start, candidates.end, scores, below)
    survivors, who = survivors[np.isin(who + entities[0], entities)], who[np.isin(who + entities[0], entities)]
    peak = np.zeros(entities[-1] - entities[0] + 1, np.int64)
    np.maximum.at(peak, who, scores[survivors])
    slack = peak.sum() - scores[survivors][taken[survivors]].sum()
    rows: Longs = np.sort(survivors[peak[who] - scores[survivors] <= slack])
    return rows


def _solve(
    entities: Longs,
    rows: Longs,
    own: Longs,
    candidates: Candidates,
    scores: Longs,
    least: int,
    most: int | None,
    time_limit: float,
    start_from: Flags,
) -> _Solution:
    """The best choice among the candidates ``rows``."""
    cp = require("ortools.sat.python.cp_model", "solver")
    model = cp.CpModel()
    use = [model.new_bool_var("") for _ in rows]
    start, end = candidates.start[rows], candidates.end[rows]
    for word in np.unique(start):
        model.add_at_most_one(use[c] for c in np.flatnonzero((start <= word) & (word < end)))
    loose = 0
    for e in entities:
        mine = slice(*np.searchsorted(rows, own[e : e + 2]))
        model.add_linear_constraint(
            cp.LinearExpr.sum(use[mine]), least, max(least, len(rows)) if most is None else most
        )
        loose += int(np.sort(scores[rows[mine]])[::-1][:most].sum())
    for variable, value in zip(use, start_from, strict=True):
        model.add_hint(variable, bool(value))
    model.maximize(cp.LinearExpr.weighted_sum(use, scores[rows].tolist()))
    solver = _solver(cp, time_limit)
    outcome = solver.solve(model)
    if outcome == cp.INFEASIBLE:
        return _Solution(SolverStatus.INFEASIBLE, np.zeros(len(rows), np.bool_), 0)
    solved = outcome in (cp.OPTIMAL, cp.FEASIBLE)
    chosen = np.array([solver.boolean_value(v) for v in use], np.bool_) if solved else start_from
    if outcome == cp.OPTIMAL:
        return _Solution(SolverStatus.OPTIMAL, chosen, int(scores[rows][chosen].sum()))
    bound = min(math.ceil(solver.best_objective_bound), loose) if solved else loose
    # Without a minimum, the starting point of the search is already an answer.
    return _Solution(SolverStatus.FEASIBLE if solved or not least else SolverStatus.UNSOLVED, chosen, bound)


def _solver(cp: ModuleType, time_limit: float) -> Any:
    solver = cp.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 0
    solver.parameters.max_deterministic_time = time_limit
    return solver

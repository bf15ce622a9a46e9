"""A grid search over weights, thresholds, powers and solvers, on stored scores and gold labels.

No model runs and nothing is stored: the scores of all candidates are read once, and every point of the grid is then a
sum and a match.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from statistics import mean
from typing import NamedTuple

import numpy as np

from xprojdb.arrays import Flags, Longs
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.evaluation.stored_scores import SentenceCounts, StoredScores, load_scores
from xprojdb.matching.solvers.solve import Solver
from xprojdb.planning.plan import Plan
from xprojdb.steps.project.match import ProjectMatch


@dataclass(frozen=True)
class Point:
    """One combination of settings.

    :param weights: weights by scorer, without those that are 0.
    :param powers: the powers that stored scores are raised to, by scorer, without those that are 1.
    """

    weights: Mapping[str, float]
    powers: Mapping[str, float]
    threshold: float
    solver: Solver


class Scored(NamedTuple):
    """A point, its F1 for each direction (``"en → de"``), and the mean."""

    point: Point
    f1: dict[str, float]
    mean: float


@dataclass(frozen=True)
class Fold:
    """The best point on the other folds, and its scores on this fold.

    :param chosen: that point, with its scores on the sentences it was chosen on.
    :param reported: the same point, with its scores on the sentences of this fold.
    """

    sentences: int
    chosen: Scored
    reported: Scored


@dataclass(frozen=True)
class Tuning:
    """The result of a grid search.

    :param sentences: the number of sentences with gold labels and scores, by direction.
    :param points: every point on all sentences, the best first; in a tie, in the order of the grid.
    :param folds: the results of the folds, if there are any.
    :param held_out: with folds, F1 by direction if every sentence is labelled with the point chosen on the other folds.
    """

    sentences: dict[str, int]
    points: list[Scored]
    folds: list[Fold]
    held_out: dict[str, float]

    @property
    def held_out_mean(self) -> float:
        """The mean of :attr:`held_out`."""
        return mean(self.held_out.values())


def grid_recipe(
    database: Database,
    plan: Plan,
    *,
    weights: Mapping[str, Sequence[float]] | None = None,
    thresholds: Sequence[float] = (),
    powers: Mapping[str, Sequence[float]] | None = None,
    solvers: Sequence[Solver] = (),
    folds: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
    gold_step: int | None = None,
) -> Tuning:
    """Solve the matches of a recipe with every combination of settings, and compare with gold labels.

    Settings that are left out stay as in the recipe. All translations of a sentence are in the same fold.

    :param weights: values to try, by scorer.
    :param powers: powers of the stored scores to try, by scorer.
    :param folds: choose on all folds but one and report on that one; 0 for no folds.
    :param seed: the random seed of the folds.
    :param progress: called after every point with the number of finished points and their total.
    :param gold_step: the step whose entities are gold; None for the imported ones.
    :raises UsageError: when the recipe has no scorers or lacks one of the named ones, a value is negative or not a
        number, or no sentence has gold labels and scores.
    """
    weighted, raised = dict(weights or {}), dict(powers or {})
    step = _any_step(plan)
    _check(step, weighted, raised, thresholds, folds)
    points = list(_points(step, weighted, raised, thresholds, solvers))
    loaded = _load(database, plan, gold_step)
    counts = [_count(loaded, point) for point in _watched(points, progress)]
    everything = [np.ones(len(score.gold), np.bool_) for score in loaded]
    scored = [
        _scored(loaded, point, point_counts, everything) for point, point_counts in zip(points, counts, strict=True)
    ]
    of = _folds(loaded, folds, seed) if folds else []
    fold_results = [_fold(loaded, points, counts, of, fold) for fold in range(folds)]
    sentences = {score.projection.direction: len(score.gold) for score in loaded}
    held_out = _held_out(loaded, counts, of, [best for best, _ in fold_results])
    return Tuning(
        sentences, sorted(scored, key=lambda score: -score.mean), [fold for _, fold in fold_results], held_out
    )


def _any_step(plan: Plan) -> ProjectMatch:
    for projection in plan.unrevised:
        if isinstance(projection.step, ProjectMatch):
            return projection.step
    raise UsageError(
        f"the recipe {plan.recipe.name} has no scores to tune",
        hint='tuning needs a recipe with method = "match" that has been run',
        recipe=plan.recipe.name,
    )


def _check(
    step: ProjectMatch,
    weights: Mapping[str, Sequence[float]],
    powers: Mapping[str, Sequence[float]],
    thresholds: Sequence[float],
    folds: int,
) -> None:
    for name in (*weights, *powers):
        if name not in step.weights:
            scorers = ", ".join(step.weights)
            raise UsageError(f"the recipe has no scorer {name!r}", hint=f"its scorers: {scorers}", scorer=name)
    named = {f"weight of {name}": values for name, values in weights.items()}
    named |= {f"power of {name}": values for name, values in powers.items()} | {"threshold": thresholds}
    for what, values in named.items():
        for value in values:
            if not 0 <= value < np.inf:
                raise UsageError(f"{what} cannot be {value}", hint="use numbers of 0 or more", what=what, value=value)
    if folds == 1 or folds < 0:
        raise UsageError(f"{folds} folds are impossible", hint="use 2 or more", what="folds", value=folds)


def _points(
    step: ProjectMatch,
    weights: Mapping[str, Sequence[float]],
    powers: Mapping[str, Sequence[float]],
    thresholds: Sequence[float],
    solvers: Sequence[Solver],
) -> Iterator[Point]:
    names = list(step.weights)
    weighed = product(*(weights.get(name) or (step.weights[name],) for name in names))
    raised = list(product(*(powers.get(name) or (1.0,) for name in names)))
    others = list(product(thresholds or (step.min_score,), solvers or (step.solver,)))
    for values in weighed:
        if not any(values):
            continue
        used = {name: value for name, value in zip(names, values, strict=True) if value}
        # The power of a scorer with weight 0 does not matter: other powers would give the same points again.
        distinct = {
            tuple(p if v else 1.0 for p, v in zip(exponents, values, strict=True)): None for exponents in raised
        }
        for exponents in distinct:
            power = {name: value for name, value in zip(names, exponents, strict=True) if value != 1}
            for threshold, solver in others:
                yield Point(used, power, threshold, solver)


def _watched(points: Sequence[Point], progress: Callable[[int, int], None] | None) -> Iterator[Point]:
    for done, point in enumerate(points, 1):
        yield point
        if progress is not None:
            progress(done, len(points))


def _load(database: Database, plan: Plan, gold_step: int | None) -> list[StoredScores]:
    projections = [projection for projection in plan.unrevised if isinstance(projection.step, ProjectMatch)]
    with database.read() as connection:
        loaded = [load_scores(connection, projection, gold_step) for projection in projections]
    with_gold = [scores for scores in loaded if scores is not None]
    if not with_gold:
        raise UsageError(
            "no sentence has both scores and gold labels",
            hint="import gold labels for the target language, and run the recipe",
            recipe=plan.recipe.name,
        )
    return with_gold


def _count(loaded: Sequence[StoredScores], point: Point) -> list[SentenceCounts]:
    counts = []
    for scores in loaded:
        fused, fixed = scores.fuse(point.weights, point.powers)
        counts.append(scores.solve(fused, fixed, point.threshold, point.solver))
    return counts


def _f1(correct: int, predicted: int, gold: int) -> float:
    return 2 * correct / (predicted + gold) if predicted + gold else 0.0


def _scored(
    loaded: Sequence[StoredScores], point: Point, counts: Sequence[SentenceCounts], chosen: Sequence[Flags]
) -> Scored:
    """The scores of a point on some of the sentences of each direction."""
    f1 = {
        scores.projection.direction: _f1(
            int(count.correct[mine].sum()), int(count.predicted[mine].sum()), int(scores.gold[mine].sum())
        )
        for scores, count, mine in zip(loaded, counts, chosen, strict=True)
    }
    return Scored(point, f1, mean(f1.values()))


def _folds(loaded: Sequence[StoredScores], folds: int, seed: int) -> list[Longs]:
    """The fold of each sentence of each direction; sentences connected by translations share a fold."""
    source, target = (np.concatenate([getattr(scores, side) for scores in loaded]) for side in ("source", "target"))
    keys, nodes = np.unique(np.concatenate([source, target]), return_inverse=True)
    left, right = nodes[: len(source)], nodes[len(source) :]
    group = _joined(len(keys), left, right)
    names, rank = np.unique(group, return_inverse=True)
    fold = np.random.default_rng(seed).permutation(len(names))[rank] % folds
    return np.split(fold[left], np.cumsum([len(scores.gold) for scores in loaded])[:-1])


def _joined(nodes: int, left: Longs, right: Longs) -> Longs:
    """The lowest node connected with each node, directly or through others."""
    group = np.arange(nodes)
    while True:
        least = np.minimum(group[left], group[right])
        before = group.copy()
        np.minimum.at(group, left, least)
        np.minimum.at(group, right, least)
        if (group == before).all():
            return group


def _fold(
    loaded: Sequence[StoredScores],
    points: Sequence[Point],
    counts: Sequence[Sequence[SentenceCounts]],
    of: Sequence[Longs],
    fold: int,
) -> tuple[int, Fold]:
    """The index of the best point on the other folds, and its result on this one."""
    others, own = [folds != fold for folds in of], [folds == fold for folds in of]
    scored = [_scored(loaded, point, count, others) for point, count in zip(points, counts, strict=True)]
    best = max(range(len(points)), key=lambda n: scored[n].mean)
    reported = _scored(loaded, points[best], counts[best], own)
    return best, Fold(sum(int(folds.sum()) for folds in own), scored[best], reported)


def _held_out(
    loaded: Sequence[StoredScores], counts: Sequence[Sequence[SentenceCounts]], of: Sequence[Longs], best: Sequence[int]
) -> dict[str, float]:
    f1 = {}
    for n, scores in enumerate(loaded if best else ()):
        correct = sum(int(counts[b][n].correct[of[n] == fold].sum()) for fold, b in enumerate(best))
        predicted = sum(int(counts[b][n].predicted[of[n] == fold].sum()) for fold, b in enumerate(best))
        f1[scores.projection.direction] = _f1(correct, predicted, int(scores.gold.sum()))
    return f1

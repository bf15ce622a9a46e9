"""The cells of a study: for each number of sources, which sources, and which targets they are measured on."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isclose

from xprojdb.config.tables.study import StudyTable

#: how much of its words a language shares with another, in that order
Similarity = Mapping[tuple[str, str], float]


#: shuffles until an order is taken that has come before
_ATTEMPTS = 100


@dataclass(frozen=True)
class Subset:
    """Sources that are trained on together.

    :param ordering, place: where they come from: an order of the pool, and from which place on; of a ranking, the
        target.
    """

    k: int
    ordering: int
    place: int
    sources: tuple[str, ...]
    targets: tuple[str, ...]


@dataclass(frozen=True)
class Cell:
    """One training of a study, and what it is measured on.

    :param shares: how much of each source, in the unit of the study.
    """

    task: str
    arm: str
    regime: str
    subset: Subset
    seed: int
    shares: Mapping[str, int]

    @property
    def sources(self) -> tuple[str, ...]:
        """The languages that it learns from."""
        return self.subset.sources


def cells_of(table: StudyTable, similarity: Similarity | None = None) -> list[Cell]:
    """All cells of a study, in a fixed order.

    :param similarity: of the languages, where the subsets are ranked or diverse.
    """
    subsets = [subset for subset in subsets_of(table, similarity or {}) if subset.targets]
    return [
        Cell(task, arm, regime, subset, seed, shares_of(regime, budget, subset.sources))
        for task in table.tasks
        for arm in arms_of(table, task)
        for regime, budget in table.budgets.items()
        for subset in subsets
        for seed in range(table.seeds)
    ]


def arms_of(table: StudyTable, task: str) -> list[str]:
    """The arms of a task: without a control, and the controls that it has."""
    own = {"raw", "shuffled"} if task == "ner" else {"raw", "shuffled", "centre", "hypothesis-only"}
    return ["raw", *(arm for arm in table.controls if arm in own)]


def subsets_of(table: StudyTable, similarity: Similarity) -> Iterator[Subset]:
    """The subsets of the pool, also those that no target is left for."""
    if table.subsets == "ranked":
        yield from _ranked(table, similarity)
        return
    orders = orders_of(table)
    # A diverse subset follows from its first language, whatever the order that this stands in.
    for ordering, order in enumerate(orders if table.subsets == "rotations" else orders[:1]):
        for k in table.k:
            for place in range(len(order)):
                around = order[place:] + order[:place]
                sources = around[:k] if table.subsets == "rotations" else _diverse(around, k, similarity)
                yield Subset(k, ordering, place, tuple(sources), _targets(table, sources))


def orders_of(table: StudyTable) -> list[list[str]]:
    """The orders of the pool: the same for the same seed on every machine, and none of them a turn of another.

    A small pool has not so many different ones: then some come twice.
    """
    results: list[list[str]] = []
    neighbours: set[frozenset[frozenset[str]]] = set()
    for ordering in range(table.orders):
        for attempt in range(_ATTEMPTS):
            order = sorted(table.pool)
            random.Random(f"{table.seed}:{ordering}" + f":{attempt}" * (attempt > 0)).shuffle(order)
            pairs = frozenset(map(frozenset, zip(order, order[1:] + order[:1], strict=True)))
            if pairs not in neighbours:
                break
        neighbours.add(pairs)
        results.append(order)
    return results


def _targets(table: StudyTable, sources: Sequence[str]) -> tuple[str, ...]:
    return tuple(lang for lang in table.targets if not any(table.keeps_from(source, lang) for source in sources))


def _ranked(table: StudyTable, similarity: Similarity) -> Iterator[Subset]:
    """For each target, the sources nearest to it."""
    for number, target in enumerate(table.targets):
        nearest = _nearest(table, similarity, target)
        for k in table.k:
            yield Subset(k, number, 0, tuple(nearest[:k]), (target,))


def _nearest(table: StudyTable, similarity: Similarity, target: str) -> list[str]:
    """The sources that a target may have, the nearest first; of equally near ones, the code decides."""
    others = [lang for lang in table.pool if not table.keeps_from(lang, target)]
    return sorted(others, key=lambda lang: (-similarity[target, lang], lang))


def undecided(table: StudyTable, similarity: Similarity) -> list[str]:
    """The targets of a ranked study for which only the code decides which sources are among the nearest k."""
    found = []
    for target in table.targets:
        near = [similarity[target, lang] for lang in _nearest(table, similarity, target)]
        if any(k < len(near) and isclose(near[k - 1], near[k], abs_tol=1e-9) for k in table.k):
            found.append(target)
    return found


def _diverse(around: Sequence[str], k: int, similarity: Similarity) -> list[str]:
    """From the first language on, always the one that is least like any of those that are chosen."""
    chosen = [around[0]]
    while len(chosen) < k:
        left = [lang for lang in around if lang not in chosen]
        chosen.append(min(left, key=lambda lang: (max(similarity[lang, other] for other in chosen), lang)))
    return chosen


def shares_of(regime: str, budget: int, sources: Sequence[str]) -> dict[str, int]:
    """How much of each source: a fixed budget is shared, the first getting what is left over."""
    if regime == "growing":
        return dict.fromkeys(sources, budget)
    share, left = divmod(budget, len(sources))
    return {lang: share + (number < left) for number, lang in enumerate(sources)}

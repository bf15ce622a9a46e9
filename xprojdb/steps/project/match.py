"""Project by matching: fuse the scores of candidates, choose the best spans, store the labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.arrays import Floats, Longs
from xprojdb.config.canonical import score_role, scorer_name
from xprojdb.db.tables import candidate, translation
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.scores.links import SCALE, to_fixed
from xprojdb.matching.solvers.matches import Matches, SolverStatus
from xprojdb.matching.solvers.solve import Relation, Solver, solve
from xprojdb.steps.inputs import LabelledSpans, read_entities, read_numbers, runs, within
from xprojdb.steps.labelling import LabellingParams
from xprojdb.steps.params import left_out
from xprojdb.steps.project.stage import Labels, ProjectStage, Reasons, RelabellingParams, in_order
from xprojdb.steps.score.handover import HandedEntities, HandedScores
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Stage, plain_outcomes

#: how many candidates an entity may take by default
AT_MOST_ONE: tuple[Relation, int] = ("<=", 1)
#: deterministic seconds that CP-SAT may spend on one pair by default
TIME_LIMIT = 10.0


@dataclass(frozen=True, kw_only=True)
class ProjectParams(RelabellingParams):
    """Parameters of the step.

    :param weights: the weights of the scorers, by stored name.
    :param solver: the solver that chooses the spans.
    :param min_score: only candidates with a higher fused score can be chosen.
    :param candidates_per_entity: a relation and a number.
    :param time_limit: deterministic seconds that CP-SAT may spend on one pair.
    """

    kind: ClassVar[str] = "project"
    weights: Mapping[str, float]
    solver: Solver
    min_score: float
    candidates_per_entity: tuple[Relation, int] = left_out(AT_MOST_ONE)
    time_limit: float = left_out(TIME_LIMIT)


class ProjectMatch(ProjectStage):
    """Combine the weighted scores and solve for the best spans without overlaps.

    Its scorers are the inputs named ``score:…``; a scorer that lacks a candidate contributes 0 to it. The margin
    of a label is its score minus that of the entity's best candidate that was not chosen, or minus 0 if there is none.
    """

    kind = ProjectParams.kind
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = ProjectParams.from_params(spec.params)
        self.weights = {scorer_name(stored): weight for stored, weight in params.weights.items()}
        self.min_score = params.min_score
        self.solver: Solver = params.solver
        self.count: tuple[Relation, int] = params.candidates_per_entity
        self.time_limit = params.time_limit
        self._handed: dict[str, HandedScores] = {}
        self._handed_entities: HandedEntities | None = None

    @property
    def title(self) -> str:
        weights = ", ".join(f"{weight:g} {name}" for name, weight in self.weights.items())
        count = "" if self.count == AT_MOST_ONE else f", {self.count[0]} {self.count[1]} an entity"
        return f"project, {self.solver} match ({weights}{count})"

    def join(self, earlier: Mapping[StepSpec, Stage]) -> None:
        for name in self.weights:
            scorer = earlier.get(self.spec.inputs[score_role(name)])
            if isinstance(scorer, ScoreStage):
                self.take_from(name, scorer)

    def take_from(self, name: str, scorer: ScoreStage) -> None:
        """Read a scorer's candidates and entities from its handover, if they are still there.

        :param name: the name of the scorer.
        """
        self._handed[name] = scorer.handed
        scorer.readers.append(self)
        if self._handed_entities is None and _entities_of(scorer.spec) == _entities_of(self.spec):
            scorer.handed_entities = scorer.handed_entities or HandedEntities()
            self._handed_entities = scorer.handed_entities

    def close(self) -> None:
        super().close()
        for handed in (*self._handed.values(), self._handed_entities):
            if handed is not None:
                handed.clear()

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**{score_role(name): translation.c.id for name in self.weights}, **super().needs()}

    def project(self, connection: Connection, items: Sequence[int]) -> Result:
        entities = self._entities(connection, items)
        if not entities.label:
            return Result([Outcome(item, "empty", "no-entities") for item in items])
        keys = np.unique(entities.item)
        entity_ptr = runs(entities.item, keys)
        candidates, fused = self.read_candidates(connection, items, keys, entities)
        fixed = np.where(fused > self.min_score, to_fixed(fused), 0)
        matched = solve(entity_ptr, candidates, fixed, self.solver, self.count, self.time_limit)
        chosen = chosen_labels(entities, entity_ptr, candidates, fixed, matched)
        reasons = Reasons()
        labels = self.relabelled(connection, entities, chosen, reasons)
        outcomes = _outcomes(items, keys, matched, entities.item[chosen.entity])
        if reasons:
            left = set(entities.item[labels.entity].tolist())
            outcomes = [reasons.completed(outcome, outcome.item in left) for outcome in outcomes]
        return Result(outcomes, [self.label_rows(entities, labels)])

    def _entities(self, connection: Connection, items: Sequence[int]) -> LabelledSpans:
        handed = None if self._handed_entities is None else self._handed_entities.entities(items)
        if handed is not None:
            return handed
        return read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)

    def read_candidates(
        self, connection: Connection, items: Sequence[int], keys: Longs, entities: LabelledSpans
    ) -> tuple[Candidates, Floats]:
        """The distinct candidates of a batch, and the weighted sums of their scores."""
        where, values = [], []
        for weight, (places, scores) in zip(self.weights.values(), self.read_scores(connection, items), strict=True):
            where.append(places)
            values.append(weight * scores)
        places, fused = _fuse(where, values)
        return placed(places, keys, entities), fused

    def read_scores(self, connection: Connection, items: Sequence[int]) -> Iterator[tuple[Longs, Floats]]:
        """For each scorer, in the order of the weights: (4, C) item, ordinal, start and end, ascending; (C,) scores."""
        for name in self.weights:
            taken = self._handed[name].scores(items) if name in self._handed else None
            yield taken or _read_scores(connection, self.input_ids[score_role(name)], items)


def _entities_of(spec: StepSpec) -> tuple[Any, ...]:
    """The parts of a step that determine which entities it reads."""
    params = LabellingParams.from_params(spec.params)
    return spec.inputs["entities"], params.labelled, params.labels


def placed(places: Longs, keys: Longs, entities: LabelledSpans) -> Candidates:
    """Convert candidates to the form the matcher reads.

    :param places: (4, C) item, ordinal, start and end, ascending and distinct.
    :param keys: the items that have entities.
    """
    item, ordinal, start, end = places
    index = np.searchsorted(_joint(entities.item, entities.ordinal), _joint(item, ordinal))
    first = runs(entities.item, keys)[np.searchsorted(keys, item)]
    entity, begin, until = (column.astype(np.int32) for column in (index - first, start, end))
    return Candidates(runs(item, keys), entity, begin, until, np.ones(len(item), np.uint8))


def spread(where: Sequence[Longs], values: Sequence[Floats]) -> tuple[Longs, Floats]:
    """Put the scores of several scorers side by side.

    :param where: for each scorer, (4, C) places of its candidates.
    :param values: for each scorer, (C,) scores.
    :returns: (4, D) places, ascending and distinct, and (K, D) scores of the K scorers, 0 where a scorer has none.
    """
    places, _ = _fuse(where, values) if len(where) > 1 else (where[0], values[0])
    parts = np.zeros((len(where), places.shape[1]))
    for part, own, scores in zip(parts, where, values, strict=True):
        both = np.concatenate([places, own], 1)
        order = np.lexsort(both[::-1])
        # The sort is stable: a place comes just before the equal candidate of the scorer.
        rank = np.cumsum(order < places.shape[1]) - 1
        mine = order >= places.shape[1]
        part[rank[mine]] = scores[order[mine] - places.shape[1]]
    return places, parts


def chosen_labels(
    entities: LabelledSpans, entity_ptr: Longs, candidates: Candidates, fixed: Longs, matched: Matches
) -> Labels:
    """Convert the chosen candidates to labels; an entity may have several."""
    row = matched.chosen
    pair = np.searchsorted(candidates.ptr, row, "right") - 1
    entity = entity_ptr[pair] + candidates.entity[row]
    score = fixed[row] / SCALE
    # The margin of a match is that of the entity's leftmost span.
    margin = matched.margin[entity] + (score - fixed[matched.choice[entity]] / SCALE)
    labels = [entities.label[e] for e in entity.tolist()]
    return in_order(entities, Labels(entity, candidates.start[row], candidates.end[row], score, margin, labels))


def _outcomes(items: Sequence[int], keys: Longs, matched: Matches, labelled: Longs) -> Sequence[Outcome]:
    """The outcome of each item.

    :param keys: the items that have entities.
    :param labelled: the items that have labels.
    """
    plain = plain_outcomes(items, keys, labelled)
    unusual = np.flatnonzero(matched.status != SolverStatus.OPTIMAL)
    if not len(unusual):
        return plain
    outcomes = list(plain)
    for n, place in zip(unusual.tolist(), np.searchsorted(items, keys[unusual]).tolist(), strict=True):
        outcomes[place] = _unusual(
            items[place], SolverStatus(matched.status[n]), matched.bound[n], items[place] in labelled
        )
    return outcomes


def _unusual(item: int, status: SolverStatus, bound: float, labelled: bool) -> Outcome:
    """The outcome of an item whose match was not proven optimal."""
    if status == SolverStatus.INFEASIBLE:
        return Outcome(item, "filtered", "infeasible")
    if status == SolverStatus.UNSOLVED:
        return Outcome(item, "filtered", "time-limit")
    if not labelled:
        return Outcome(item, "empty", "no-candidates")
    return Outcome(item, "ok", f"not-proven-optimal:bound={bound:.6g}")


def _read_scores(connection: Connection, step_id: int, items: Sequence[int]) -> tuple[Longs, Floats]:
    """Read (4, C) item, ordinal, start and end of each candidate, ascending, and (C,) scores."""
    query = (
        select(
            candidate.c.translation_id,
            candidate.c.entity_ordinal,
            candidate.c.start_word,
            candidate.c.end_word,
            candidate.c.score,
        )
        .where(candidate.c.step_id == step_id, within(connection, candidate.c.translation_id, items))
        .order_by(*candidate.primary_key.columns)
    )
    read = read_numbers(connection, query, 5)
    return read[:4].astype(np.int64), read[4]


def _fuse(where: Sequence[Longs], values: Sequence[Floats]) -> tuple[Longs, Floats]:
    """Sum the values that several scorers give the same candidate.

    :param where: for each scorer, (4, C) item, ordinal, start and end of each candidate, ascending.
    :param values: for each scorer, (C,) scores.
    :returns: (4, D) places, ascending and distinct, and their sums (D,).
    """
    if len(where) == 1:
        return where[0], values[0]
    place, score = np.concatenate(where, 1), np.concatenate(values)
    order = np.lexsort(place[::-1])
    place, score = place[:, order], score[order]
    new = np.ones(place.shape[1], np.bool_)
    new[1:] = (place[:, 1:] != place[:, :-1]).any(0)
    first = np.flatnonzero(new)
    return place[:, first], np.add.reduceat(score, first) if len(first) else score


def _joint(item: Longs, ordinal: Longs) -> Longs:
    """Combine translation and entity ordinal into one sortable number; a sentence has fewer than 2**20 entities."""
    return item << 20 | ordinal

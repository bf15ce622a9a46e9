"""Project: fuse the scores of candidates, choose among them, store the labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import repeat

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.db.tables import candidate, label, translation
from xprojdb.matching.arrays import Floats, Longs
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.match import Solver, match
from xprojdb.matching.matches import Matches, Status
from xprojdb.matching.scores import SCALE, to_fixed
from xprojdb.steps.inputs import LabelledSpans, read_entities, read_numbers, runs, within
from xprojdb.steps.score import mapping_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Row, Rows, Side, Stage

_COLUMNS = (
    "step_id", "sentence_id", "translation_id", "ordinal", "start_word", "end_word", "label", "score", "margin",
    "entity_ordinal",
)  # fmt: skip


class Project(Stage):
    """Weigh the scorers' values together and solve for the best spans without overlaps.

    Its scorers are its inputs named ``score:…``; a candidate that one of them does not have gets 0 from it.
    """

    kind = "project"
    version = 1
    block = 20_000

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.labelled: Side = spec.params["labelled"]
        self.mapping = mapping_of(spec)
        self.weights: dict[str, float] = dict(spec.params["weights"])
        self.threshold: float = spec.params["threshold"]
        self.solver: Solver = spec.params["solver"]

    @property
    def title(self) -> str:
        told = ", ".join(f"{weight:g} {name}" for name, weight in self.weights.items())
        return f"project, {self.solver} match ({told})"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {f"score:{name}": translation.c.id for name in self.weights}

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        if not entities.label:
            return Result([Outcome(item, "empty", "no-entities") for item in items])
        keys = np.unique(entities.item)
        entity_ptr = runs(entities.item, keys)
        candidates, fused = self._read_candidates(connection, items, keys, entities)
        fixed = np.where(fused > self.threshold, to_fixed(fused), 0)
        matched = match(entity_ptr, candidates, fixed, self.solver)
        return self._result(items, keys, entities, candidates, fixed, matched)

    def _read_candidates(
        self, connection: Connection, items: Sequence[int], keys: Longs, entities: LabelledSpans
    ) -> tuple[Candidates, Floats]:
        """All candidates of a batch, each once, and the weighted sum of their scores."""
        where, values = [], []
        for name, weight in self.weights.items():
            read = _read_scores(connection, self.input_ids[f"score:{name}"], items)
            where.append(read[:4].astype(np.int64))
            values.append(weight * read[4])
        (item, ordinal, start, end), fused = _fuse(where, values)
        index = np.searchsorted(_joint(entities.item, entities.ordinal), _joint(item, ordinal))
        first = runs(entities.item, keys)[np.searchsorted(keys, item)]
        entity, begin, until = (column.astype(np.int32) for column in (index - first, start, end))
        return Candidates(runs(item, keys), entity, begin, until, np.ones(len(item), np.uint8)), fused

    def _result(
        self,
        items: Sequence[int],
        keys: Longs,
        entities: LabelledSpans,
        candidates: Candidates,
        fixed: Longs,
        matched: Matches,
    ) -> Result:
        chosen = np.flatnonzero(matched.choice >= 0)
        status = dict(zip(keys.tolist(), matched.status.tolist(), strict=True))
        labelled = set(entities.item[chosen].tolist())
        outcomes = [_outcome(item, status.get(item), item in labelled) for item in items]
        rows = self._label_rows(entities, candidates, fixed, matched, chosen)
        return Result(outcomes, [Rows(label, _COLUMNS, rows)])

    def _label_rows(
        self, entities: LabelledSpans, candidates: Candidates, fixed: Longs, matched: Matches, chosen: Longs
    ) -> Iterator[Row]:
        """A row for each entity with a choice, in the order of the chosen spans in their sentence."""
        chosen = chosen[np.lexsort((candidates.start[matched.choice[chosen]], entities.item[chosen]))]
        row, item = matched.choice[chosen], entities.item[chosen]
        ordinal = np.arange(len(item)) - np.searchsorted(item, item)
        before = (entities.sentence[chosen], item, ordinal, candidates.start[row], candidates.end[row])
        labels = [entities.label[i] for i in chosen.tolist()]
        after = (fixed[row] / SCALE, matched.margin[chosen], entities.ordinal[chosen])
        numbers = [[column.tolist() for column in part] for part in (before, after)]
        return zip(repeat(self.step_id), *numbers[0], labels, *numbers[1], strict=False)


def _outcome(item: int, status: int | None, labelled: bool) -> Outcome:
    if status is None:
        return Outcome(item, "empty", "no-entities")
    if status == Status.INFEASIBLE:
        return Outcome(item, "filtered", "infeasible")
    if status == Status.UNSOLVED:
        return Outcome(item, "filtered", "time-limit")
    if not labelled:
        return Outcome(item, "empty", "no-candidates")
    return Outcome(item, "ok", None if status == Status.OPTIMAL else "not-proven-optimal")


def _read_scores(connection: Connection, step_id: int, items: Sequence[int]) -> Floats:
    """(5, C) item, ordinal, start, end and score of each candidate, ascending."""
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
    return read_numbers(connection, query, 5)


def _fuse(where: Sequence[Longs], values: Sequence[Floats]) -> tuple[Longs, Floats]:
    """Sum the values of equal candidates of several scorers.

    :param where: per scorer, (4, C) item, ordinal, start and end of each candidate, ascending.
    :param values: per scorer, (C,) scores.
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
    """One sortable number for (translation, entity ordinal): a sentence has fewer than 2**20 entities."""
    return item << 20 | ordinal

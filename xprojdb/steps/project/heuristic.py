"""Project by the heuristic: label the runs of words linked to an entity, without any scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Floats, Ints, Longs
from xprojdb.db.tables import translation
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.heuristic import (
    DEFAULT,
    REFERENCE,
    REFERENCE_CODE,
    Heuristic,
    HeuristicProjection,
    heuristic,
    runs_of_links,
)
from xprojdb.matching.linked_runs import Reason
from xprojdb.matching.scores.links import soft_alignment
from xprojdb.steps.inputs import LabelledSpans, read_entities, read_pairs
from xprojdb.steps.project.stage import Labels, ProjectStage, Reasons, RelabellingParams, in_order
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, entities_done

PRESETS: Mapping[str, Heuristic] = {
    "default": DEFAULT,
    "reference": REFERENCE,
    "reference-code": REFERENCE_CODE,
}
#: parameters that older steps lack; they are stored where they are set
_ADDED = frozenset({"overwrite", "word_by_word"})
#: parameters whose "no limit" JSON cannot represent, and the value that stands for it
_UNBOUNDED = {"max_ratio": np.inf, "top_k": REFERENCE.top_k}
#: reasons that come from filters: with only these and collisions, a translation is filtered rather than empty
_FILTERS = frozenset({"comp-src", "comp-tgt", "comp-ins", "restr-tgt"})


@dataclass(frozen=True, kw_only=True)
class HeuristicParams(RelabellingParams):
    """Parameters of the step.

    :param rules: a :class:`xprojdb.matching.heuristic.Heuristic` as JSON, with null for "no limit".
    :param min_link_score: only links with a higher score are used.
    """

    kind: ClassVar[str] = "heuristic"
    rules: Mapping[str, Any]
    min_link_score: float


class ProjectHeuristically(ProjectStage):
    """Label the runs of target words linked to an entity; see :mod:`xprojdb.matching.heuristic`.

    The score of a label is the soft score of its run, ``2 · mass(e, t) / (mass(e, all) + mass(all, t))`` over the links
    that were used. Its margin is the score minus that of the best other run of the entity's linked words, or minus 0
    if there is none. The outcome's reason says why entities have no label, as in ``"comp-src:0,2 length:1"``.
    """

    kind = HeuristicParams.kind
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = HeuristicParams.from_params(spec.params)
        self.rules = rules_from_json(params.rules)
        self.min_link_score = params.min_link_score

    @property
    def title(self) -> str:
        rules = {name: value for name, value in asdict(self.rules).items() if value != getattr(DEFAULT, name)}
        settings = ", ".join([f"{name} {value}" for name, value in rules.items()] or ["default"])
        return f"project, heuristic ({settings})"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {"alignment": translation.c.id, **entities_done(self.spec, self.labelled), **super().needs()}

    def project(self, connection: Connection, items: Sequence[int]) -> Result:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        if not entities.label:
            return Result([Outcome(item, "empty", "no-entities") for item in items])
        keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, self.labelled)
        pairs = pairs.above(self.min_link_score)
        projection = heuristic(pairs, self.rules, _codes(entities))
        reasons = _reasons(entities, projection)
        labels = self.relabelled(connection, entities, _labels(entities, pairs, projection, self.rules), reasons)
        labelled, with_entities = set(entities.item[labels.entity].tolist()), set(keys.tolist())
        outcomes = [_outcome(item, item in with_entities, item in labelled, reasons) for item in items]
        return Result(outcomes, [self.label_rows(entities, labels)])


def rules_to_json(rules: Heuristic) -> dict[str, Any]:
    """Convert rules to the parameters of a step, with null for "no limit"."""
    values = asdict(rules)
    stored = {name: value for name, value in values.items() if value or name not in _ADDED}
    return {name: None if value == _UNBOUNDED.get(name) else value for name, value in stored.items()}


def rules_from_json(values: Mapping[str, Any]) -> Heuristic:
    """The inverse of :func:`rules_to_json`."""
    return Heuristic(**_bounded(values))


def rules_of(preset: str, changes: Mapping[str, Any]) -> Heuristic:
    """Change some parameters of a preset; null means "no limit"."""
    return replace(PRESETS[preset], **_bounded(changes))


def _bounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _UNBOUNDED[name] if value is None else value for name, value in values.items()}


def _codes(entities: LabelledSpans) -> Ints:
    names = {name: code for code, name in enumerate(sorted(set(entities.label)))}
    return np.array([names[label] for label in entities.label], np.int32)


def _reasons(entities: LabelledSpans, projection: HeuristicProjection) -> Reasons:
    reasons = Reasons()
    for e in np.flatnonzero(projection.reason != Reason.PROJECTED).tolist():
        code = Reason(projection.reason[e]).name.lower().replace("_", "-")
        reasons.add(int(entities.item[e]), code, int(entities.ordinal[e]))
    return reasons


def _outcome(item: int, has_entities: bool, labelled: bool, reasons: Reasons) -> Outcome:
    if not has_entities:
        return Outcome(item, "empty", "no-entities")
    details = reasons.describe(item)
    if labelled:
        return Outcome(item, "ok", details)
    return Outcome(item, "filtered" if reasons.codes(item) & (_FILTERS | {"derived"}) else "empty", details)


def _labels(entities: LabelledSpans, pairs: PairBatch, projection: HeuristicProjection, rules: Heuristic) -> Labels:
    entity = np.repeat(np.arange(len(projection.reason)), np.diff(projection.ptr))
    score = _scores(pairs, projection.ptr, projection.start, projection.end)
    margin = score - _best_others(pairs, projection, rules)[entity]
    labels = [entities.label[e] for e in entity.tolist()]
    return in_order(entities, Labels(entity, projection.start, projection.end, score, margin, labels))


def _scores(pairs: PairBatch, ptr: Longs, start: Ints, end: Ints) -> Floats:
    """The soft score of each run; links without a score count as 1."""
    counts = np.diff(ptr)
    first = np.repeat(pairs.entity_ptr[:-1], np.diff(pairs.entity_ptr))
    entity = np.repeat(np.arange(len(counts)) - first, counts)
    spans = Candidates(ptr[pairs.entity_ptr], entity, start, end, np.ones(len(start), np.uint8))
    if pairs.link_score is None:
        pairs = replace(pairs, link_score=np.ones(len(pairs.link_source), np.float32))
    return soft_alignment(pairs, spans)


def _best_others(pairs: PairBatch, projection: HeuristicProjection, rules: Heuristic) -> Floats:
    """(E,) the best score among each entity's unlabelled runs of linked words, or 0."""
    ptr, start, end = runs_of_links(pairs, rules)
    score, best = _scores(pairs, ptr, start, end), np.zeros(len(ptr) - 1)
    entity = np.repeat(np.arange(len(best)), np.diff(ptr))
    # The labelled runs are among these, and no two runs of an entity start at the same word.
    labelled = _place(np.repeat(np.arange(len(best)), np.diff(projection.ptr)), projection.start)
    other = ~np.isin(_place(entity, start), labelled)
    np.maximum.at(best, entity[other], score[other])
    return best


def _place(entity: Longs, start: Ints) -> Longs:
    """Combine an entity's row and a word into one number."""
    return entity.astype(np.int64) << 31 | start

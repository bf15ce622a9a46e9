"""Project by the heuristic: the runs of words linked to an entity, read from the alignment without any scorer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.db.tables import translation
from xprojdb.matching.arrays import Floats, Ints, Longs
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.heuristic import (
    DEFAULT,
    REFERENCE,
    Heuristic,
    HeuristicProjection,
    Reason,
    heuristic,
    runs_of_links,
)
from xprojdb.matching.scores.links import soft_alignment
from xprojdb.steps.inputs import LabelledSpans, read_entities, read_pairs
from xprojdb.steps.project.stage import Labels, ProjectStage, Reasons, RelabellingParams, in_order
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, entities_done

PRESETS: Mapping[str, Heuristic] = {"default": DEFAULT, "reference": REFERENCE}
#: the parameters that JSON cannot hold when they exclude nothing, and the value they have then
_UNBOUNDED = {"max_ratio": np.inf, "top_k": REFERENCE.top_k}
#: reasons that are a filter's: with nothing but these and collisions, a translation is filtered, not empty
_FILTERS = frozenset({"comp-src", "comp-tgt", "comp-ins", "restr-tgt"})


@dataclass(frozen=True, kw_only=True)
class HeuristicParams(RelabellingParams):
    """Its parameters.

    :param rules: a :class:`xprojdb.matching.heuristic.Heuristic` as JSON, what excludes nothing as null.
    :param min_link_score: links whose score is not above it are not used.
    """

    kind: ClassVar[str] = "heuristic"
    rules: Mapping[str, Any]
    min_link_score: float


class ProjectHeuristically(ProjectStage):
    """Label the runs of target words that are linked to an entity: :mod:`xprojdb.matching.heuristic`.

    The score of a label is the soft score of its run, ``2 · mass(e, t) / (mass(e, all) + mass(all, t))`` over the links
    that were used; its margin, that less the best score of another run of the entity's linked words, 0 when there is
    none. What became of each entity without a label is in the outcome's reason, ``"comp-src:0,2 length:1"``.
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
        told = ", ".join([f"{name} {value}" for name, value in rules.items()] or ["default"])
        return f"project, heuristic ({told})"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {"alignment": translation.c.id, **entities_done(self.spec, self.labelled), **super().needs()}

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        if not entities.label:
            return Result([Outcome(item, "empty", "no-entities") for item in items])
        keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, self.labelled)
        pairs = pairs.above(self.min_link_score)
        found = heuristic(pairs, self.rules, _codes(entities))
        reasons = _reasons(entities, found)
        labels = self.relabelled(connection, entities, _labels(entities, pairs, found, self.rules), reasons)
        labelled, known = set(entities.item[labels.entity].tolist()), set(keys.tolist())
        outcomes = [_outcome(item, item in known, item in labelled, reasons) for item in items]
        return Result(outcomes, [self.label_rows(entities, labels)])


def rules_to_json(rules: Heuristic) -> dict[str, Any]:
    """The parameters of a step, those that exclude nothing as null."""
    values = asdict(rules)
    return {name: None if values[name] == _UNBOUNDED.get(name) else values[name] for name in values}


def rules_from_json(values: Mapping[str, Any]) -> Heuristic:
    """The inverse of :func:`rules_to_json`."""
    return Heuristic(**_bounded(values))


def rules_of(preset: str, changes: Mapping[str, Any]) -> Heuristic:
    """A preset with some of its parameters changed; null means unbounded."""
    return replace(PRESETS[preset], **_bounded(changes))


def _bounded(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _UNBOUNDED[name] if value is None else value for name, value in values.items()}


def _codes(entities: LabelledSpans) -> Ints:
    names = {name: code for code, name in enumerate(sorted(set(entities.label)))}
    return np.array([names[label] for label in entities.label], np.int32)


def _reasons(entities: LabelledSpans, found: HeuristicProjection) -> Reasons:
    reasons = Reasons()
    for e in np.flatnonzero(found.reason != Reason.PROJECTED).tolist():
        code = Reason(found.reason[e]).name.lower().replace("_", "-")
        reasons.add(int(entities.item[e]), code, int(entities.ordinal[e]))
    return reasons


def _outcome(item: int, known: bool, labelled: bool, reasons: Reasons) -> Outcome:
    if not known:
        return Outcome(item, "empty", "no-entities")
    told = reasons.told(item)
    if labelled:
        return Outcome(item, "ok", told)
    return Outcome(item, "filtered" if reasons.codes(item) & (_FILTERS | {"derived"}) else "empty", told)


def _labels(entities: LabelledSpans, pairs: PairBatch, found: HeuristicProjection, rules: Heuristic) -> Labels:
    entity = np.repeat(np.arange(len(found.reason)), np.diff(found.ptr))
    score = _scores(pairs, found.ptr, found.start, found.end)
    margin = score - _best_others(pairs, found, rules)[entity]
    labels = [entities.label[e] for e in entity.tolist()]
    return in_order(entities, Labels(entity, found.start, found.end, score, margin, labels))


def _scores(pairs: PairBatch, ptr: Longs, start: Ints, end: Ints) -> Floats:
    """The soft score of each run; links without scores weigh 1."""
    counts = np.diff(ptr)
    first = np.repeat(pairs.entity_ptr[:-1], np.diff(pairs.entity_ptr))
    entity = np.repeat(np.arange(len(counts)) - first, counts)
    spans = Candidates(ptr[pairs.entity_ptr], entity, start, end, np.ones(len(start), np.uint8))
    if pairs.link_score is None:
        pairs = replace(pairs, link_score=np.ones(len(pairs.link_source), np.float32))
    return soft_alignment(pairs, spans)


def _best_others(pairs: PairBatch, found: HeuristicProjection, rules: Heuristic) -> Floats:
    """(E,) the best score of each entity's runs of linked words that are no label, or 0."""
    ptr, start, end = runs_of_links(pairs, rules)
    score, best = _scores(pairs, ptr, start, end), np.zeros(len(ptr) - 1)
    entity = np.repeat(np.arange(len(best)), np.diff(ptr))
    # The labelled runs are some of these, and no two runs of an entity begin on the same word.
    labelled = _place(np.repeat(np.arange(len(best)), np.diff(found.ptr)), found.start)
    other = ~np.isin(_place(entity, start), labelled)
    np.maximum.at(best, entity[other], score[other])
    return best


def _place(entity: Longs, start: Ints) -> Longs:
    """One number for an entity's row and a word."""
    return entity.astype(np.int64) << 31 | start

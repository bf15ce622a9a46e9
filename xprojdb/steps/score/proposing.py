"""Scorers that find candidates and their scores at once, instead of scoring those of a candidate set."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from annotated_types import MinLen
from sqlalchemy import Connection

from xprojdb.arrays import Floats, Longs
from xprojdb.config.tables.score import Candidates, ScorerConfig
from xprojdb.matching.arrays import offsets
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates as Spans
from xprojdb.steps.inputs import LabelledSpans
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec


@dataclass(frozen=True, kw_only=True)
class ProposingConfig(ScorerConfig):
    """``[[scorer]]`` of a scorer that finds its candidates by itself."""

    proposes: ClassVar[bool] = True

    candidates: Candidates | Annotated[tuple[Candidates, ...], MinLen(1)] = "proposed"


class Proposal(NamedTuple):
    """A span of target words, and how good it is for an entity, from 0 to 1."""

    start: int
    end: int
    score: float


class ProposingScorer(ScoreStage):
    """A scorer with candidates of its own; other scorers take them as ``candidates = "scored"``."""

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self._proposed: Floats = np.empty(0)

    @property
    def title(self) -> str:
        return f"propose spans ({self.params.type})"

    @abstractmethod
    def propose(self, connection: Connection, batch: ScoringBatch) -> Sequence[Sequence[Proposal]]:
        """The spans of each of the E entities of a batch that has no candidates yet; any order, no span twice."""

    def without_candidates(
        self, connection: Connection, keys: Longs, pairs: PairBatch, entities: LabelledSpans
    ) -> ScoringBatch:
        """A batch before anything was proposed."""
        nothing = np.empty(0, np.int32)
        none = Spans(np.zeros(len(pairs) + 1, np.int64), nothing, nothing, nothing, np.empty(0, np.uint8))
        return ScoringBatch(connection, self.labelled, keys, pairs, entities, none)

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:  # noqa: ARG002
        return self._proposed

    def _batches(
        self, connection: Connection, keys: Longs, pairs: PairBatch, entities: LabelledSpans
    ) -> Iterator[ScoringBatch]:
        batch = self.without_candidates(connection, keys, pairs, entities)
        proposed = [sorted(own) for own in self.propose(connection, batch)]
        scores = {(row, start, end): score for row, own in enumerate(proposed) for start, end, score in own}
        candidates = _candidates(pairs.entity_ptr, proposed)
        batch = replace(batch, candidates=self.candidates.without_stop_words(connection, keys.tolist(), candidates))
        places = zip(batch.entity.tolist(), batch.candidates.start.tolist(), batch.candidates.end.tolist(), strict=True)
        self._proposed = np.array([scores[place] for place in places], np.float64)
        yield batch


def _candidates(entity_ptr: Longs, proposed: Sequence[Sequence[Proposal]]) -> Spans:
    counts = np.array([len(own) for own in proposed], np.int64)
    first = np.repeat(entity_ptr[:-1], np.diff(entity_ptr))
    entity = np.repeat(np.arange(len(proposed)) - first, counts).astype(np.int32)
    start, end = (np.array([span[place] for own in proposed for span in own], np.int32) for place in (0, 1))
    return Spans(offsets(counts)[entity_ptr], entity, start, end, np.ones(len(entity), np.uint8))

"""A language model as projector: it marks the entities of a sentence in the translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection

from xprojdb.config.errors import RecipeError
from xprojdb.errors import UsageError
from xprojdb.models.marking import Marker, MarkerParams, Marking
from xprojdb.steps.inputs import read_entities, read_pairs
from xprojdb.steps.score.asking import ServedScorer, check_served
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.proposing import Proposal, ProposingConfig, ProposingScorer
from xprojdb.steps.served import Served
from xprojdb.steps.spec import StepSpec

if TYPE_CHECKING:
    from xprojdb.models.servers.chat import Cost


@dataclass(frozen=True, kw_only=True)
class MarkedConfig(ProposingConfig, MarkerParams):
    """``[[scorer]]`` with ``type = "marked"``: a language model behind a server marks entities in the translation.

    It has its own candidates, the words that the model names.

    :param model: ``openai:MODEL``; there is no default.
    """

    model: str = ""

    def __post_init__(self) -> None:
        ProposingConfig.__post_init__(self)
        try:
            MarkerParams.__post_init__(self)
        except UsageError as error:
            raise RecipeError(error.message, hint=error.hint, key="prompt") from error
        check_served(self.model, self.variant)


class Marked(ServedScorer, ProposingScorer, Served):
    """The share of a model's answers that name a span for an entity; with one sample, 1."""

    name = "marked"
    Config = MarkedConfig

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        asked = MarkerParams(**{key.name: getattr(self.config, key.name) for key in fields(MarkerParams)})
        self._marker = Marker(self.served, self.params.source, self.params.target, asked)

    def propose(self, connection: Connection, batch: ScoringBatch) -> Sequence[Sequence[Proposal]]:  # noqa: ARG002
        marked = self._marker.mark(_markings(batch))
        return [[Proposal(*span, share) for span, share in spans.items()] for own in marked for spans in own]

    def would_send(self, connection: Connection, items: Sequence[int]) -> Cost:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        if not entities.label:
            return self._marker.cost([])
        keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, self.labelled)
        return self._marker.cost(_markings(self.without_candidates(connection, keys, pairs, entities)))


def _markings(batch: ScoringBatch) -> list[Marking]:
    spans = list(zip(batch.pairs.entity_start.tolist(), batch.pairs.entity_end.tolist(), strict=True))
    own = np.split(np.arange(len(spans)), batch.pairs.entity_ptr[1:-1])
    return [
        Marking(tuple(source), tuple(target), tuple(spans[row] for row in rows.tolist()))
        for source, target, rows in zip(batch.source_words, batch.target_words, own, strict=True)
    ]

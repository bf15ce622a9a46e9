"""CODEC: where a translation model puts brackets around an entity in a given translation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count, Share, Text
from xprojdb.models.translators.constrained import bracket_places
from xprojdb.steps.score.asking import Seq2SeqScorer
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.proposing import Proposal, ProposingConfig, ProposingScorer


@dataclass(frozen=True, kw_only=True)
class CodecConfig(ProposingConfig):
    """``[[scorer]]`` with ``type = "codec"``: constrained decoding of brackets (CODEC).

    It has its own candidates, of up to ``max_length`` words.

    :param model: a translation model that keeps brackets; there is no default.
    :param revision: the revision the model must have.
    :param openings: how many places of the opening bracket are tried with every place of the closing one.
    """

    model: str = ""
    revision: Text | None = None
    max_length: Count = 12
    min_score: Share = 0.1
    openings: Count = 5

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.model:
            hint = 'set a model, for example model = "ychenNLP/nllb-200-3.3B-easyproject"'
            raise RecipeError("the scorer 'codec' needs a model", hint=hint, key="model")


class Codec(Seq2SeqScorer, ProposingScorer):
    """The probability that brackets are around a span, among all spans that were tried."""

    name = "codec"
    Config = CodecConfig

    def propose(self, connection: Connection, batch: ScoringBatch) -> Sequence[Sequence[Proposal]]:  # noqa: ARG002
        proposed = []
        for row, pair in enumerate(batch.owners):
            places = bracket_places(
                self.seq2seq,
                (batch.source_words[pair], self.params.source),
                (int(batch.pairs.entity_start[row]), int(batch.pairs.entity_end[row])),
                (batch.target_words[pair], self.params.target),
                openings=self.config.openings,
                longest=self.params.max_length,
            )
            proposed.append([Proposal(*span, chance) for span, chance in places.items()])
        return proposed

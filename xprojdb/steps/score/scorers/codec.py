"""CODEC: where a translation model puts brackets around an entity in a given translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count, Share, Text
from xprojdb.models.store import canonical_id, resolve
from xprojdb.models.translators.constrained import bracket_places
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.params import own_keys
from xprojdb.steps.score.proposing import Proposal, ProposingConfig, ProposingScorer
from xprojdb.steps.spec import StepSpec

if TYPE_CHECKING:
    from xprojdb.models.translators.seq2seq import Seq2Seq


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


class Codec(ProposingScorer):
    """The probability that brackets are around a span, among all spans that were tried.

    :param load: loads the model.
    """

    name = "codec"
    Config = CodecConfig
    not_params = frozenset({"model", "revision"})
    block = 64

    def __init__(self, spec: StepSpec, load: Callable[[], Seq2Seq] | None = None) -> None:
        super().__init__(spec)
        assert spec.model is not None, "it has a model"
        self._settings = CodecConfig(model=spec.model, **own_keys(self.Config, spec.params, self.not_params))
        self._load = load or partial(_load, spec)
        self._model: Seq2Seq | None = None

    @classmethod
    def model(cls, config: CodecConfig) -> tuple[str | None, str | None]:
        return canonical_id(config.model), resolve(config.model, config.revision).revision

    @classmethod
    def languages(cls, direction: Direction) -> Mapping[str, str]:
        return {"source": direction.source, "target": direction.target}

    @property
    def title(self) -> str:
        return f"{super().title} by {self.spec.model}"

    def open(self) -> None:
        self._model = self._load()

    def close(self) -> None:
        super().close()
        self._model = None

    def propose(self, connection: Connection, batch: ScoringBatch) -> Sequence[Sequence[Proposal]]:  # noqa: ARG002
        assert self._model is not None, "open() comes first"
        proposed = []
        for row, pair in enumerate(batch.owners):
            places = bracket_places(
                self._model,
                (batch.source_words[pair], self.params.source),
                (int(batch.pairs.entity_start[row]), int(batch.pairs.entity_end[row])),
                (batch.target_words[pair], self.params.target),
                openings=self._settings.openings,
                longest=self.params.max_length,
            )
            proposed.append([Proposal(*span, chance) for span, chance in places.items()])
        return proposed


def _load(spec: StepSpec) -> Seq2Seq:
    from xprojdb.models.translators.seq2seq import Seq2Seq

    return Seq2Seq(spec.model or "", revision=spec.revision)

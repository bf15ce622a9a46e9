"""NMTScore: how probable a translation model finds entity and candidate given each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from xprojdb.arrays import Floats
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Share, Text
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.steps.score.asking import PhraseScorer, Seq2SeqScorer
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.phrase_scores import PhraseScores, translation_scores
from xprojdb.steps.spec import StepSpec
from xprojdb.text.words import join_words

if TYPE_CHECKING:
    from xprojdb.models.translators.seq2seq import Seq2Seq

LEAST = 0.1


@dataclass(frozen=True, kw_only=True)
class NmtScoreConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "nmt_score"``: how probable entity and candidate are as translations.

    :param model: the translation model; there is no default.
    :param revision: the revision the model must have.
    :param direct: do not normalise by the probability of a phrase given itself.
    :param cutoff: lower scores count as 0; by default 0.1.
    """

    model: str = ""
    revision: Text | None = None
    direct: bool = False
    cutoff: Share | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.model:
            hint = 'set a model, for example model = "facebook/nllb-200-distilled-600M"'
            raise RecipeError("the scorer 'nmt_score' needs a model", hint=hint, key="model")


class NmtScore(Seq2SeqScorer, PhraseScorer):
    """``½ P(t|e) / P(t|t) + ½ P(e|t) / P(e|e)`` of entity e and candidate t, by a translation model.

    With ``direct``, ``½ P(t|e) + ½ P(e|t)``. The model is loaded at the first pair of phrases that is missing from the
    table ``phrase_score``, which stores everything it computes.

    :param load: loads the model.
    """

    name = "nmt_score"
    Config = NmtScoreConfig

    def __init__(self, spec: StepSpec, load: Callable[[], Seq2Seq] | None = None) -> None:
        super().__init__(spec, load)
        self.source, self.target = self.params.source, self.params.target
        config: NmtScoreConfig = self.config
        self.direct, self.cutoff = config.direct, LEAST if config.cutoff is None else config.cutoff
        assert spec.model is not None, "a translation score has a model"
        assert spec.revision is not None, "and a revision"
        self.phrases = PhraseScores(spec.model, spec.revision, self._compute)

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        entities, candidates = self._texts(batch)
        back_and_forth = list(zip(entities, candidates, strict=True))
        forth = self._ask(connection, back_and_forth, self.source, self.target)
        back = self._ask(connection, [(t, e) for e, t in back_and_forth], self.target, self.source)
        alone: list[list[float]] = []
        if not self.direct:
            alone.append(self._ask(connection, [(t, t) for t in candidates], self.target, self.target))
            alone.append(self._ask(connection, [(e, e) for e in entities], self.source, self.source))
        scores = translation_scores(forth, back, *alone)
        scores[scores < self.cutoff] = 0.0
        return scores

    def _texts(self, batch: ScoringBatch) -> tuple[list[str], list[str]]:
        """The texts of each candidate's entity and of the candidate."""
        spans = batch.pairs.entity_start.tolist(), batch.pairs.entity_end.tolist(), batch.owners
        own = [
            join_words(batch.source_words[pair][start:end], self.source)[0]
            for start, end, pair in zip(*spans, strict=True)
        ]
        places = zip(batch.pair.tolist(), batch.candidates.start.tolist(), batch.candidates.end.tolist(), strict=True)
        candidates = [join_words(batch.target_words[pair][a:b], self.target)[0] for pair, a, b in places]
        return [own[entity] for entity in batch.entity.tolist()], candidates

    def _ask(self, connection: Connection, pairs: Sequence[tuple[str, str]], source: str, target: str) -> list[float]:
        scores = self.phrases.probabilities(connection, pairs, source, target)
        return [scores[pair] for pair in pairs]

    def _compute(self, texts: list[str], phrases: list[str], source: str, target: str) -> Floats:
        return self.seq2seq.probabilities(texts, phrases, source, target)

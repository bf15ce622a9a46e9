"""A judge: a language model that accepts or rejects the best candidates of other scorers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated

import numpy as np
from annotated_types import MinLen
from sqlalchemy import Connection, select

from xprojdb.arrays import Floats, Longs
from xprojdb.config.errors import RecipeError
from xprojdb.config.fields.types import Count
from xprojdb.config.tables.score import Candidates, ScorerConfig
from xprojdb.db.tables import candidate
from xprojdb.digest import digest_of
from xprojdb.errors import UsageError
from xprojdb.models.judge import Case, JudgeParams, marked
from xprojdb.models.judge import Judge as ServedJudge
from xprojdb.steps.inputs import read_columns, read_entities, read_pairs, within
from xprojdb.steps.score.asking import PhraseScorer, ServedScorer, check_served
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.phrase_scores import Phrases, PhraseScores
from xprojdb.steps.served import Served
from xprojdb.steps.spec import StepSpec

if TYPE_CHECKING:
    from xprojdb.models.servers.chat import Cost


@dataclass(frozen=True, kw_only=True)
class JudgeConfig(ScorerConfig, JudgeParams):
    """``[[scorer]]`` with ``type = "judge"``: a language model behind a server accepts or rejects candidates.

    :param model: ``openai:MODEL``; there is no default.
    :param best: how many candidates of each entity it is asked about: those with the highest sum of the scores of
        ``scorers``. All others get 0.
    """

    model: str = ""
    best: Count = 1
    candidates: Candidates | Annotated[tuple[Candidates, ...], MinLen(1)] = "scored"

    def __post_init__(self) -> None:
        ScorerConfig.__post_init__(self)
        try:
            JudgeParams.__post_init__(self)
        except UsageError as error:
            raise RecipeError(error.message, hint=error.hint, key="prompt") from error
        check_served(self.model, self.variant)
        if self.sets != ("scored",):
            raise RecipeError(
                "a judge takes candidates of other scorers", hint="leave out candidates", key="candidates"
            )


class Judge(ServedScorer, PhraseScorer, Served):
    """The probability that a model says *yes*, this span is the rendering of the entity; 0 for what it is not asked.

    Answers are stored in the table ``phrase_score``, so that no step asks the same question again.
    """

    name = "judge"
    Config = JudgeConfig

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.source, self.target = self.params.source, self.params.target
        asked = JudgeParams(**{own.name: getattr(self.config, own.name) for own in fields(JudgeParams)})
        self._judge = ServedJudge(self.served, self.source, self.target, asked)
        question = f"judge {digest_of([asked.prompt, asked.seed, asked.max_tokens])[:12]}"
        self.phrases = PhraseScores(spec.model or "", spec.revision or "", self._compute, question)

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        rows = self._best(connection, batch)
        pairs = self._pairs(batch, rows)
        scores = self.phrases.probabilities(connection, pairs, self.source, self.target)
        values = np.zeros(len(batch.candidates))
        values[rows] = [scores[pair] for pair in pairs]
        return values

    def would_send(self, connection: Connection, items: Sequence[int]) -> Cost:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        cases: list[Case] = []
        if entities.label:
            keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, self.labelled)
            for batch in self._batches(connection, keys, pairs, entities):
                asked = self._pairs(batch, self._best(connection, batch))
                cases += map(_case, self.phrases.missing(connection, asked, self.source, self.target))
        return self._judge.cost(cases)

    def _best(self, connection: Connection, batch: ScoringBatch) -> Longs:
        """The rows of the candidates with the highest sums of scores, for each entity; the first one of equal ones."""
        sums = self._sums(connection, batch.keys.tolist())
        spans = zip(batch.candidates.start.tolist(), batch.candidates.end.tolist(), strict=True)
        owners = zip(batch.keys[batch.pair].tolist(), batch.entities.ordinal[batch.entity].tolist(), strict=True)
        score = np.array([sums[(*owner, *span)] for owner, span in zip(owners, spans, strict=True)])
        order = np.lexsort((np.arange(len(score)), -score, batch.entity))
        entity = batch.entity[order]
        rank = np.arange(len(order)) - np.searchsorted(entity, entity)
        best: Longs = np.sort(order[rank < self.config.best])
        return best

    def _sums(self, connection: Connection, keys: Sequence[int]) -> dict[tuple[int, ...], float]:
        sums: dict[tuple[int, ...], float] = {}
        c = candidate.c
        steps = [step_id for role, step_id in self.input_ids.items() if role.startswith("scored:")]
        query = select(c.translation_id, c.entity_ordinal, c.start_word, c.end_word, c.score)
        for step_id in steps:
            own = query.where(c.step_id == step_id, within(connection, c.translation_id, keys))
            *spans, scores = read_columns(connection, own, 5)
            for span, score in zip(zip(*spans, strict=True), scores, strict=True):
                sums[span] = sums.get(span, 0.0) + score
        return sums

    def _pairs(self, batch: ScoringBatch, rows: Longs) -> list[Phrases]:
        """The questions about some candidates: the entity with its label, and the candidate, each in its sentence."""
        pairs = []
        for row in rows.tolist():
            pair, entity = int(batch.pair[row]), int(batch.entity[row])
            own = int(batch.entities.start[entity]), int(batch.entities.end[entity])
            span = int(batch.candidates.start[row]), int(batch.candidates.end[row])
            original = marked(batch.source_words[pair], *own)
            pairs.append((f"{batch.entities.label[entity]}\t{original}", marked(batch.target_words[pair], *span)))
        return pairs

    def _compute(self, texts: list[str], phrases: list[str], source: str, target: str) -> Floats:  # noqa: ARG002
        return np.array(self._judge.judge([*map(_case, zip(texts, phrases, strict=True))]))


def _case(pair: Phrases) -> Case:
    (label, _, original), translation = pair[0].partition("\t"), pair[1]
    return Case(label, original, translation)

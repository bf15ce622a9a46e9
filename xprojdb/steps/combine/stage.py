"""Combine: merge the labels that several sources have for a sentence into one set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, repeat

import numpy as np
from sqlalchemy import Connection, Select, select

from xprojdb.arrays import Floats, Longs
from xprojdb.db.tables import label, outcome, sentence, vote
from xprojdb.steps.combine.adjustments import FREQUENCIES, TERMS
from xprojdb.steps.combine.consensus import Agreed, agree, votes_of
from xprojdb.steps.combine.params import CombineParams, ConsensusRule, ReliabilityParams
from xprojdb.steps.combine.voters import Present, SeveralSources
from xprojdb.steps.fit.stage import read_artifact
from xprojdb.steps.inputs import read_numbers, within
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Outcome, Result, Row, Rows

#: the role of the step that learned the weights
WEIGHTS = "weights"
_LABEL = (
    "step_id", "sentence_id", "translation_id", "ordinal", "start_word", "end_word", "label", "score", "margin",
)  # fmt: skip
_VOTE = (
    "step_id", "sentence_id", "ordinal", "voter_step_id", "translation_id", "entity_ordinal", "start_word",
    "end_word", "label", "contribution",
)  # fmt: skip


class Combine(SeveralSources):
    """Merge the labels of several sources. Its items are the sentences of the target language.

    A sentence is processed once, when none of its translations waits for labels any more. A missing source is not a
    vote against anything. The parameter ``rule`` is that of :func:`xprojdb.steps.combine.consensus.agree`; ``weights``
    are those of the sources, unless the input ``weights`` learned them.
    """

    kind = "combine"
    version = 1
    block = 10_000

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = CombineParams.from_params(spec.params)
        self.rule = ConsensusRule.from_params(params.rule)
        self.weights = params.weights

    @property
    def title(self) -> str:
        learned = self.spec.inputs.get(WEIGHTS)
        weighting = f", {ReliabilityParams.from_params(learned.params).learn} weights" if learned else ""
        return f"combine {', '.join(self.sources)} → {self.target} ({self.rule.method}{weighting})"

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return self.covered([pair])

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        query = self.settled(pair)
        for role in sorted({WEIGHTS, FREQUENCIES, TERMS} & self.spec.inputs.keys()):
            learned = outcome.alias(f"learned_{role}")
            done = (learned.c.step_id == self.input_ids[role]) & (learned.c.item_id == pair.corpus_id)
            query = query.where(select(1).where(done, learned.c.status == "ok").exists())
        return query

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        present = self.read_present(connection, items)
        outcomes, labels, votes = [], [], []
        for corpus_id, keys in _by_corpus(connection, items):
            weight = self._weights(connection, corpus_id)
            mine = np.isin(present.sentence, keys)
            agreed = agree(
                self, connection, corpus_id, keys, Present(*(column[mine] for column in present)), weight, self.rule
            )
            outcomes += _outcomes(keys, agreed)
            labels.append(self._label_rows(keys, agreed))
            votes.append(self._vote_rows(keys, agreed))
        rows = [Rows(label, _LABEL, chain.from_iterable(labels)), Rows(vote, _VOTE, chain.from_iterable(votes))]
        return Result(outcomes, rows)

    def _weights(self, connection: Connection, corpus_id: int) -> Floats:
        """(S,) the weights of the sources; learned weights differ between corpora."""
        weights = self.weights
        if weights is None:
            weights = read_artifact(connection, self.input_ids[WEIGHTS], corpus_id)["weights"]
        return np.array([weights[name] for name in self.sources])

    def _label_rows(self, keys: Longs, agreed: Agreed) -> Iterator[Row]:
        consensus = agreed.consensus
        at = np.repeat(np.arange(len(keys)), np.diff(consensus.ptr))
        ordinal = np.arange(len(consensus)) - consensus.ptr[at]
        place = (ordinal, consensus.start, consensus.end)
        names = [agreed.names[code] for code in consensus.label.tolist()]
        return zip(
            repeat(self.step_id),
            keys[at].tolist(),
            repeat(0),
            *(column.tolist() for column in place),
            names,
            consensus.value.tolist(),
            consensus.margin.tolist(),
            strict=False,
        )

    def _vote_rows(self, keys: Longs, agreed: Agreed) -> Iterator[Row]:
        at, ordinal, voters, *places, code, contribution = votes_of(agreed)
        step_ids = np.array([self.input_ids[voter.role] for voter in self.voters])
        names = [agreed.names[index] for index in code.tolist()]
        columns = (column.tolist() for column in (keys[at], ordinal, step_ids[voters], *places))
        return zip(repeat(self.step_id), *columns, names, contribution.tolist(), strict=False)


def _by_corpus(connection: Connection, items: Sequence[int]) -> Iterator[tuple[int, Longs]]:
    """The sentences of each corpus."""
    query = select(sentence.c.id, sentence.c.corpus_id).where(within(connection, sentence.c.id, items))
    key, corpus = read_numbers(connection, query.order_by(sentence.c.id), 2).astype(np.int64)
    for corpus_id in np.unique(corpus).tolist():
        yield corpus_id, key[corpus == corpus_id]


def _outcomes(keys: Longs, agreed: Agreed) -> list[Outcome]:
    labelled = np.diff(agreed.consensus.ptr) > 0
    silent = {True: "no-consensus", False: "no-entities"}
    return [
        Outcome(key, "ok") if any_label else Outcome(key, "empty", silent[key in agreed.spoke])
        for key, any_label in zip(keys.tolist(), labelled.tolist(), strict=True)
    ]

"""Combine: merge the labels that several sources have for a sentence into one set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Select, select

from xprojdb.arrays import Floats, Longs
from xprojdb.db.tables import label, outcome, sentence, vote
from xprojdb.steps.combine.adjustments import FREQUENCIES, TERMS
from xprojdb.steps.combine.consensus import Agreed, agree, votes_of
from xprojdb.steps.combine.gold_set import GOLD_SET, PeoplesLabels, corrections, folds_of, read_peoples_labels
from xprojdb.steps.combine.params import CombineParams, ConsensusRule, ReliabilityParams
from xprojdb.steps.combine.reliability import without_fold
from xprojdb.steps.combine.voters import SeveralSources
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
    are those of the sources, unless the input ``weights`` learned them. The input ``gold`` holds labels of people: if
    ``corrected``, the sentences that they have finished take these instead of the consensus.
    """

    kind = "combine"
    version = 1
    block = 10_000

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = CombineParams.from_params(spec.params)
        self.rule = ConsensusRule.from_params(params.rule)
        self.weights = params.weights
        self.corrected = params.corrected

    @property
    def title(self) -> str:
        learned = self.spec.inputs.get(WEIGHTS)
        weighting = f", {ReliabilityParams.from_params(learned.params).learn} weights" if learned else ""
        corrected = f", corrected by {self.gold_name}" if self.corrected else ""
        return f"combine {', '.join(self.sources)} → {self.target} ({self.rule.method}{weighting}{corrected})"

    @property
    def gold_name(self) -> str | None:
        """The name of the set of labels by people, if it uses one."""
        gold = self.spec.inputs.get(GOLD_SET)
        return None if gold is None else str(gold.params["campaign"])

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
            for group in self._groups(connection, corpus_id, keys):
                there = present.on(group.keys)
                agreed = agree(self, connection, corpus_id, group.keys, there, group.weight, self.rule)
                if group.people is not None and self.corrected:
                    outcomes += _corrected_outcomes(group.people)
                    result, kept = self._corrected_rows(group.people, group.keys, agreed)
                    labels.append(iter(result))
                    votes.append(iter(kept))
                else:
                    outcomes += _outcomes(group.keys, agreed)
                    labels.append(self._label_rows(group.keys, agreed))
                    votes.append(self._vote_rows(group.keys, agreed))
        rows = [Rows(label, _LABEL, chain.from_iterable(labels)), Rows(vote, _VOTE, chain.from_iterable(votes))]
        return Result(outcomes, rows)

    def _groups(self, connection: Connection, corpus_id: int, keys: Longs) -> Iterator[_Group]:
        """Split sentences of a corpus by their weights: those that people left, and each fold of the others."""
        learned = {} if self.weights is not None else read_artifact(connection, self.input_ids[WEIGHTS], corpus_id)
        weight = self._in_order(self.weights or learned["weights"])
        if GOLD_SET not in self.spec.inputs:
            yield _Group(keys, weight)
            return
        people = read_peoples_labels(connection, self.input_ids[GOLD_SET], keys.tolist(), self.mapping)
        others = np.setdiff1d(keys, people.done)
        if len(others):
            yield _Group(others, weight)
        folds = folds_of(connection, people.done)
        for fold in np.unique(folds).tolist():
            mine = people.of(people.done[folds == fold])
            name = without_fold(fold)
            yield _Group(mine.done, self._in_order(learned[name]) if name in learned else weight, mine)

    def _in_order(self, weights: Mapping[str, float]) -> Floats:
        """(S,) the weights of the sources; learned weights differ between corpora."""
        return np.array([weights[name] for name in self.sources])

    def _corrected_rows(self, people: PeoplesLabels, keys: Longs, agreed: Agreed) -> tuple[list[Row], list[Row]]:
        """The labels of people, and the votes for them: those of the sources that agree, and that of the set.

        Since people are certain, the score is 1; the set contributes what the sources lack.
        """
        columns = self._vote_columns(agreed)
        labels: list[Row] = []
        votes: list[Row] = []
        for key, ordinal, (gold_ordinal, start, end, name), agreeing, score in corrections(people, keys, agreed):
            labels.append((self.step_id, key, 0, ordinal, start, end, name, 1.0, 1.0))
            own = (self.input_ids[GOLD_SET], 0, gold_ordinal, start, end, name, max(1.0 - score, 0.0))
            votes.append((self.step_id, key, ordinal, *own))
            votes += [(self.step_id, key, ordinal, *(column[row] for column in columns)) for row in agreeing]
        return labels, votes

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
        consensus = agreed.consensus
        span = np.repeat(np.arange(len(consensus)), np.diff(consensus.vote_ptr))
        at = np.searchsorted(consensus.ptr, span, "right") - 1
        ordinal = (span - consensus.ptr[at]).tolist()
        return zip(repeat(self.step_id), keys[at].tolist(), ordinal, *self._vote_columns(agreed), strict=False)

    def _vote_columns(self, agreed: Agreed) -> list[list[Any]]:
        """Of each vote: step of the voter, translation, entity, start, end, label and contribution."""
        voters, *lineage, start, end, code, contribution = votes_of(agreed)
        step_ids = np.array([self.input_ids[voter.role] for voter in self.voters])
        names = [agreed.names[index] for index in code.tolist()]
        columns = [column.tolist() for column in (step_ids[voters], *lineage, start, end)]
        return [*columns, names, contribution.tolist()]


class _Group(NamedTuple):
    """Sentences with the same weights.

    :param keys: (T,) their keys, ascending.
    :param weight: (S,) the weights of the sources.
    :param people: their labels by people; None if they have none.
    """

    keys: Longs
    weight: Floats
    people: PeoplesLabels | None = None


def _by_corpus(connection: Connection, items: Sequence[int]) -> Iterator[tuple[int, Longs]]:
    """The sentences of each corpus."""
    query = select(sentence.c.id, sentence.c.corpus_id).where(within(connection, sentence.c.id, items))
    key, corpus = read_numbers(connection, query.order_by(sentence.c.id), 2).astype(np.int64)
    for corpus_id in np.unique(corpus).tolist():
        yield corpus_id, key[corpus == corpus_id]


def _corrected_outcomes(people: PeoplesLabels) -> list[Outcome]:
    labelled = np.isin(people.done, people.key).tolist()
    return [
        Outcome(key, "ok") if any_label else Outcome(key, "empty", "corrected")
        for key, any_label in zip(people.done.tolist(), labelled, strict=True)
    ]


def _outcomes(keys: Longs, agreed: Agreed) -> list[Outcome]:
    labelled = np.diff(agreed.consensus.ptr) > 0
    silent = {True: "no-consensus", False: "no-entities"}
    return [
        Outcome(key, "ok") if any_label else Outcome(key, "empty", silent[key in agreed.spoke])
        for key, any_label in zip(keys.tolist(), labelled.tolist(), strict=True)
    ]

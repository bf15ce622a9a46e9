"""Reliability: the weight of each source of a target language, learned from a corpus, with or without gold labels."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, Select, select

from xprojdb.arrays import Floats, Longs
from xprojdb.db import bulk
from xprojdb.db.tables import artifact, corpus, sentence
from xprojdb.digest import canonical_json, digest_of
from xprojdb.matching.combination.reliability import agreement_counts, f1_of_counts, reliability, source_weights
from xprojdb.matching.combination.sources import Sources
from xprojdb.steps.combine.consensus import agree, coded
from xprojdb.steps.combine.gold_set import FOLDS, GOLD_SET, PeoplesLabels, as_consensus, folds_of, read_peoples_labels
from xprojdb.steps.combine.params import ConsensusRule, ReliabilityParams
from xprojdb.steps.combine.voters import Ballot, Present, SeveralSources
from xprojdb.steps.inputs import runs
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, ItemKind, Outcome, Result, Rows

_BLOCK = 10_000
#: how many spans the agreement of the sources counts for beside gold labels
_PRIOR_SPANS = 30
Fitted = tuple[Floats, dict[str, Floats]]


class ReliabilityFit(SeveralSources):
    """Learn the weights of the sources. Its items are corpora, and learned weights never change.

    The parameter ``learn`` is ``"agreement"``: the F1 of each source's own labels against the consensus of equally
    weighted sources under ``rule``; or ``"learned"``: the expected F1 by truth inference, see
    :func:`xprojdb.matching.combination.reliability.reliability`; or ``"gold"``: the F1 on the sentences of the input
    ``gold``, with agreement as prior, so that it decides where a corpus has few of them or none. Then there are also
    weights learned without each fold of these sentences, for these sentences themselves (:func:`without_fold`).
    """

    kind = "reliability"
    version = 1
    block = 1
    item_kind = ItemKind.CORPORA

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        params = ReliabilityParams.from_params(spec.params)
        self.learn = params.learn
        self.rule = ConsensusRule.from_params(params.rule) if params.rule else None

    @property
    def _fits(self) -> Mapping[str, Callable[[Connection, int], Fitted]]:
        return {"agreement": self._agreement, "learned": self._inferred, "gold": self._measured}

    @property
    def title(self) -> str:
        return f"learn the weights of {', '.join(self.sources)} for {self.target} ({self.learn})"

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return select(corpus.c.id).where(corpus.c.id == pair.corpus_id)

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        return self.items(pair).where(self.settled(pair).exists(), ~self.unsettled(pair).exists())

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        rows = []
        for corpus_id in items:
            weight, quality = self._fits[self.learn](connection, corpus_id)
            figures = {"weights": weight, **quality}
            content = {
                name: dict(zip(self.sources, map(_number, values), strict=True)) for name, values in figures.items()
            }
            rows.append((self.step_id, corpus_id, canonical_json(content), digest_of(content)))
        columns = ("step_id", "corpus_id", "content", "digest")
        return Result([Outcome(item, "ok") for item in items], [Rows(artifact, columns, rows)])

    def _agreement(self, connection: Connection, corpus_id: int) -> Fitted:
        assert self.rule is not None, "agreement is measured against a consensus"
        right, both = np.zeros(len(self.sources)), np.zeros(len(self.sources))
        equal = np.ones(len(self.sources))
        for keys, present in self._blocks(connection, corpus_id):
            agreed = agree(self, connection, corpus_id, keys, present, equal, self.rule)
            ballot = self.read_ballot(connection, keys.tolist(), present)
            place = {name: code for code, name in enumerate(agreed.names)}
            # A label that the consensus never uses gets a code of its own, and agrees with nothing.
            codes = np.array([place.get(name, len(place)) for name in ballot.label], np.int32)
            sources = Sources(present.flags(keys, len(self.sources)), equal)
            ptr = runs(ballot.sentence, keys)
            spans = (ballot.source, ballot.start, ballot.end, codes)
            counts = agreement_counts(sources, agreed.consensus, ptr, *spans)
            right, both = right + counts[0], both + counts[1]
        f1 = f1_of_counts(right, both)
        return source_weights(f1), {"agreement": f1}

    def _inferred(self, connection: Connection, corpus_id: int) -> Fitted:
        blocks = list(self._blocks(connection, corpus_id))
        ballots = [self.read_ballot(connection, keys.tolist(), present) for keys, present in blocks]
        names, codes = coded([name for ballot in ballots for name in ballot.label])
        keys = np.concatenate([keys for keys, _ in blocks])
        flags = np.concatenate([present.flags(keys, len(self.sources)) for keys, present in blocks])
        ptr = runs(_joined(ballots, "sentence"), keys)
        source, start, end = (_joined(ballots, name) for name in ("source", "start", "end"))
        fitted = reliability(Sources.equal(flags), ptr, source, start, end, codes, max(len(names), 1))
        return fitted.weight, {"precision": fitted.precision, "recall": fitted.recall}

    def _measured(self, connection: Connection, corpus_id: int) -> Fitted:
        prior = self._agreement(connection, corpus_id)[1]["agreement"]
        right, both = np.zeros((FOLDS, len(self.sources))), np.zeros((FOLDS, len(self.sources)))
        for keys, present in self._blocks(connection, corpus_id):
            people = read_peoples_labels(connection, self.input_ids[GOLD_SET], keys.tolist(), self.mapping)
            folds = folds_of(connection, people.done)
            for fold in np.unique(folds).tolist():
                counts = self._against(connection, people.of(people.done[folds == fold]), present)
                right[fold], both[fold] = right[fold] + counts[0], both[fold] + counts[1]
        f1 = _with_prior(right.sum(0), both.sum(0), prior)
        others = {
            without_fold(fold): source_weights(_with_prior(right.sum(0) - right[fold], both.sum(0) - both[fold], prior))
            for fold in range(FOLDS)
        }
        return source_weights(f1), {"gold": f1, "agreement": prior, **others}

    def _against(self, connection: Connection, people: PeoplesLabels, present: Present) -> tuple[Longs, Longs]:
        """The spans that each source shares with people, and the number of its spans plus theirs."""
        there = present.on(people.done)
        ballot = self.read_ballot(connection, people.done.tolist(), there)
        _, codes = coded([*people.label, *ballot.label])
        consensus = as_consensus(people, codes[: len(people.label)])
        sources = Sources.equal(there.flags(people.done, len(self.sources)))
        spans = (ballot.source, ballot.start, ballot.end, codes[len(people.label) :])
        return agreement_counts(sources, consensus, runs(ballot.sentence, people.done), *spans)

    def _blocks(self, connection: Connection, corpus_id: int) -> Iterator[tuple[Longs, Present]]:
        """Blocks of sentences that have at least one source, and the sources they have."""
        query = select(sentence.c.id).where(sentence.c.corpus_id == corpus_id, sentence.c.lang == self.target)
        query = query.order_by(sentence.c.id).limit(_BLOCK)
        rows = bulk.fetch(connection, query)
        while rows:
            keys = [key for (key,) in rows]
            present = self.read_present(connection, keys)
            yield np.unique(present.sentence), present
            rows = bulk.fetch(connection, query.where(sentence.c.id > keys[-1]))


def without_fold(fold: int) -> str:
    """The name of the weights that were learned without a fold of the gold sentences."""
    return f"weights without fold {fold}"


def _with_prior(right: Floats, both: Floats, prior: Floats) -> Floats:
    """(S,) F1 of counts; the prior F1 weighs as much as :data:`_PRIOR_SPANS` spans."""
    return f1_of_counts(right + prior * _PRIOR_SPANS / 2, both + _PRIOR_SPANS)


def _joined(ballots: Sequence[Ballot], name: str) -> Any:
    return np.concatenate([getattr(ballot, name) for ballot in ballots])


def _number(value: float) -> float | None:
    """A figure as JSON: null if there was nothing to count."""
    return None if np.isnan(value) else float(value)

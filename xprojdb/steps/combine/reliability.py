"""Reliability: the weight of each source of a target language, learned from a corpus without gold labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from xprojdb.steps.combine.params import ConsensusRule, ReliabilityParams
from xprojdb.steps.combine.voters import Ballot, Present, SeveralSources
from xprojdb.steps.inputs import runs
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, ItemKind, Outcome, Result, Rows

_BLOCK = 10_000
Fitted = tuple[Floats, dict[str, Floats]]


class ReliabilityFit(SeveralSources):
    """Learn the weights of the sources. Its items are corpora, and learned weights never change.

    The parameter ``learn`` is ``"agreement"``: the F1 of each source's own labels against the consensus of equally
    weighted sources under ``rule``; or ``"learned"``: the expected F1 by truth inference, see
    :func:`xprojdb.matching.combination.reliability.reliability`.
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
    def title(self) -> str:
        return f"learn the weights of {', '.join(self.sources)} for {self.target} ({self.learn})"

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return select(corpus.c.id).where(corpus.c.id == pair.corpus_id)

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        return self.items(pair).where(self.settled(pair).exists(), ~self.unsettled(pair).exists())

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        rows = []
        for corpus_id in items:
            weight, quality = (self._agreement if self.learn == "agreement" else self._inferred)(connection, corpus_id)
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


def _joined(ballots: Sequence[Ballot], name: str) -> Any:
    return np.concatenate([getattr(ballot, name) for ballot in ballots])


def _number(value: float) -> float | None:
    """A figure as JSON: null if there was nothing to count."""
    return None if np.isnan(value) else float(value)

"""Score: the candidates of every entity, each with one scorer's value."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.db.tables import candidate, translation
from xprojdb.labels import LabelMapping
from xprojdb.matching import candidates as spans
from xprojdb.matching import scores
from xprojdb.matching.arrays import Floats, Ints, Longs
from xprojdb.matching.candidates import Candidates
from xprojdb.matching.pairs import Pairs
from xprojdb.steps.inputs import read_entities, read_pairs
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Row, Rows, Side, Stage, sentence_key

SCORERS: dict[str, Callable[[Pairs, Candidates], Floats]] = {
    "alignment": scores.alignment,
    "soft": scores.soft_alignment,
}
GENERATORS: dict[str, Callable[[Pairs, int], Candidates]] = {
    "aligned": spans.aligned_subranges,
    "ngram": spans.ngrams,
}
Places = tuple[Longs, Longs, Ints, Ints, Floats]
#: candidates made in memory at a time
_AT_ONCE = 1 << 20
_COLUMNS = ("step_id", "translation_id", "entity_ordinal", "start_word", "end_word", "score")


class Score(Stage):
    """Generate candidates on the unlabelled side, score them, keep those above a floor."""

    kind = "score"
    version = 1
    block = 10_000

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.labelled: Side = spec.params["labelled"]
        self.mapping = mapping_of(spec)
        self.floor: float = spec.params["floor"]
        self._generate = GENERATORS[spec.params["candidates"]]
        self._longest: int = spec.params["longest"]
        self._score = SCORERS[spec.params["score"]]

    @property
    def title(self) -> str:
        return f"score {self.spec.params['candidates']} candidates ({self.spec.params['score']})"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {"alignment": translation.c.id, "entities": sentence_key(self.labelled)}

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        if not entities.label:
            return Result([Outcome(item, "empty", "no-entities") for item in items])
        keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, self.labelled)
        parts = [
            self._candidates(keys[first:last], entities.ordinal[pairs.entity_ptr[first] :], _cut(pairs, first, last))
            for first, last in _portions(pairs, self._longest)
        ]
        with_rows = {key for part in parts for key in np.unique(part[0]).tolist()}
        outcomes = scored_outcomes(items, set(keys.tolist()), with_rows)
        return Result(outcomes, [Rows(candidate, _COLUMNS, chain.from_iterable(map(self._rows, parts)))])

    def _candidates(self, keys: Longs, ordinals: Longs, pairs: Pairs) -> Places:
        """Item, ordinal, start, end and score of the candidates of some pairs.

        :param ordinals: of each entity in its sentence; the matcher counts the entities of a pair from 0.
        """
        found = self._generate(pairs, self._longest)
        values = self._score(pairs, found)
        kept = np.flatnonzero(values > self.floor)
        pair = np.searchsorted(found.ptr, kept, "right") - 1
        ordinal = ordinals[pairs.entity_ptr[pair] + found.entity[kept]]
        return keys[pair], ordinal, found.start[kept], found.end[kept], values[kept]

    def _rows(self, part: Places) -> Iterator[Row]:
        return zip(repeat(self.step_id), *(column.tolist() for column in part), strict=False)


def _portions(pairs: Pairs, longest: int) -> Iterator[tuple[int, int]]:
    """Runs of pairs that have a bounded number of candidates, however long the sentences are."""
    words = pairs.target_words.astype(np.int64)
    most = np.cumsum(np.diff(pairs.entity_ptr) * words * np.minimum(words, longest))
    first = 0
    while first < len(pairs):
        before = most[first - 1] if first else 0
        last = max(int(np.searchsorted(most, before + _AT_ONCE, "right")), first + 1)
        yield first, last
        first = last


def _cut(pairs: Pairs, first: int, last: int) -> Pairs:
    (e, f), (k, m) = pairs.entity_ptr[[first, last]], pairs.link_ptr[[first, last]]
    return Pairs(
        pairs.source_words[first:last],
        pairs.target_words[first:last],
        pairs.entity_ptr[first : last + 1] - e,
        pairs.entity_start[e:f],
        pairs.entity_end[e:f],
        pairs.link_ptr[first : last + 1] - k,
        pairs.link_source[k:m],
        pairs.link_target[k:m],
        None if pairs.link_score is None else pairs.link_score[k:m],
    )


def scored_outcomes(items: Sequence[int], with_entities: set[int], with_rows: set[int]) -> list[Outcome]:
    """The outcome of each item: rows, or why there are none."""
    return [
        Outcome(item, "ok")
        if item in with_rows
        else Outcome(item, "empty", "no-candidates" if item in with_entities else "no-entities")
        for item in items
    ]


def mapping_of(spec: StepSpec) -> LabelMapping | None:
    """The label mapping among a step's parameters."""
    given: dict[str, Any] | None = spec.params.get("labels")
    if given is None:
        return None
    table = tuple(sorted(given["table"].items()))
    return LabelMapping(given["name"], given["version"], table, given["others"])

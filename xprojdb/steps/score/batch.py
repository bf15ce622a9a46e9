"""The input of a scorer: sentence pairs with their entities and candidates, in bounded portions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from sqlalchemy import Connection

from xprojdb.arrays import Longs
from xprojdb.db.tables import translation
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates
from xprojdb.steps.inputs import LabelledSpans, read_keys, read_side_words
from xprojdb.steps.stage import Side, other, sentence_key

#: the most candidates to hold in memory at a time
AT_ONCE = 1 << 20


@dataclass(frozen=True)
class ScoringBatch:
    """N sentence pairs, E entities and C candidates.

    :param connection: for reading more about the pairs.
    :param labelled: the side that the entities are on, which is the source.
    :param keys: (N,) keys of the translations, ascending.
    :param pairs: lengths, entities and links; the source is the labelled side.
    :param entities: the E entities in the order of ``pairs``.
    :param candidates: C target spans; entity ordinals count from 0 within a pair.
    """

    connection: Connection
    labelled: Side
    keys: Longs
    pairs: PairBatch
    entities: LabelledSpans
    candidates: Candidates

    @cached_property
    def pair(self) -> Longs:
        """(C,) the index of each candidate's pair."""
        return np.repeat(np.arange(len(self.keys)), np.diff(self.candidates.ptr))

    @cached_property
    def entity(self) -> Longs:
        """(C,) the row of each candidate's entity in ``entities``."""
        rows: Longs = self.pairs.entity_ptr[self.pair] + self.candidates.entity
        return rows

    @cached_property
    def owners(self) -> list[int]:
        """The index of the pair of each of the E entities."""
        owners: list[int] = np.repeat(np.arange(len(self.keys)), np.diff(self.pairs.entity_ptr)).tolist()
        return owners

    @cached_property
    def source_words(self) -> list[list[str]]:
        """The words of the N sentences on the labelled side."""
        return read_side_words(self.connection, self.keys.tolist(), self.labelled)

    @cached_property
    def target_words(self) -> list[list[str]]:
        """The words of the N sentences on the unlabelled side."""
        return read_side_words(self.connection, self.keys.tolist(), other(self.labelled))

    @cached_property
    def target_sentences(self) -> list[int]:
        """The keys of the N sentences on the unlabelled side."""
        return read_keys(self.connection, self.keys.tolist(), sentence_key(other(self.labelled)))

    @cached_property
    def corpora(self) -> list[int]:
        """The corpus of each of the N pairs."""
        return read_keys(self.connection, self.keys.tolist(), translation.c.corpus_id)


def portions(pairs: PairBatch, longest: int) -> Iterator[tuple[int, int]]:
    """Split pairs into runs with a bounded number of candidates, however long the sentences are.

    :param longest: the most words a candidate may have.
    """
    words = pairs.target_words.astype(np.int64)
    most = np.cumsum(np.diff(pairs.entity_ptr) * words * np.minimum(words, longest))
    first = 0
    while first < len(pairs):
        before = most[first - 1] if first else 0
        last = max(int(np.searchsorted(most, before + AT_ONCE, "right")), first + 1)
        yield first, last
        first = last


def cut_pairs(pairs: PairBatch, first: int, last: int) -> PairBatch:
    """Slice the pairs ``first:last``."""
    (e, f), (k, m) = pairs.entity_ptr[[first, last]], pairs.link_ptr[[first, last]]
    return PairBatch(
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


def cut_entities(entities: LabelledSpans, first: int, last: int) -> LabelledSpans:
    """Slice the entities ``first:last``."""
    item, across, ordinal, start, end = (column[first:last] for column in entities[:5])
    return LabelledSpans(item, across, ordinal, start, end, entities.label[first:last])

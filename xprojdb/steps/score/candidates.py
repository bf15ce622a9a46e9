"""The candidates of a score step: from links, from all spans, from a tagger, from another scorer, or combined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.arrays import Flags, Longs
from xprojdb.config.canonical import scorer_name
from xprojdb.db.tables import candidate, translation
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import Candidates, aligned_subranges, from_spans, ngrams, union
from xprojdb.matching.scores.edit_similarity import Words, copied
from xprojdb.steps.inputs import LabelledSpans, longs, read_columns, read_entities, read_side_words, runs, within
from xprojdb.steps.score.params import ScoreParams
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Side, other, sentence_key

#: the least edit similarity of candidates that resemble the entity
ALIKE = 0.4


class Generator:
    """Generate the candidates of a score step.

    :param spec: the score step.
    """

    def __init__(self, spec: StepSpec) -> None:
        params = ScoreParams.from_params(spec.params)
        self.sets = params.sets
        self.origins = origin_names(spec)
        self.labelled: Side = params.labelled
        self._scorers = _scorers(spec)
        self.max_length = params.max_length
        self._stop_words = frozenset(params.stop_words)
        self._stops_all = params.stops_all
        self._subspans = params.subspans

    @property
    def title(self) -> str:
        """The names of the sets, for display."""
        return "+".join(self.sets)

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        """The inputs other than entities and links; see :meth:`xprojdb.steps.stage.Stage.needs`."""
        columns: dict[str, ColumnElement[int]] = {}
        if "tagged" in self.sets:
            columns["proposals"] = sentence_key(other(self.labelled))
        return columns | dict.fromkeys(self._scorers, translation.c.id)

    def generate(
        self,
        connection: Connection,
        inputs: Mapping[str, int],
        keys: Sequence[int],
        pairs: PairBatch,
        entities: LabelledSpans,
    ) -> Candidates:
        """Generate the candidates of some pairs; the bits of their origins follow the order of ``origins``.

        :param inputs: the ids of the score step's inputs.
        :param keys: (N,) keys of the translations, ascending.
        :param entities: the entities of ``pairs``, in the same order.
        """
        parts: list[Candidates] = []
        for name in self.sets:
            match name:
                case "aligned":
                    parts.append(aligned_subranges(pairs, self.max_length))
                case "similar":
                    parts.append(self._similar(connection, keys, pairs))
                case "ngram":
                    parts.append(ngrams(pairs, self.max_length, self._forbidden(connection, keys)))
                case "tagged":
                    parts.append(self._tagged(connection, inputs["proposals"], keys, pairs))
                case "scored":
                    parts += [_scored(connection, inputs[role], keys, pairs, entities) for role in self._scorers]
        return self.without_stop_words(connection, keys, union(*parts))

    def without_stop_words(self, connection: Connection, keys: Sequence[int], candidates: Candidates) -> Candidates:
        """Leave out candidates with stop words, if these are for every kind of candidates.

        :param keys: (N,) keys of the translations, ascending.
        """
        if not self._stops_all or not len(candidates):
            return candidates
        sentences = read_side_words(connection, keys, other(self.labelled))
        before = [np.cumsum([0, *(word in self._stop_words for word in words)]) for words in sentences]
        pair = np.repeat(np.arange(len(keys)), np.diff(candidates.ptr)).tolist()
        spans = zip(pair, candidates.start.tolist(), candidates.end.tolist(), strict=True)
        free = np.array([before[n][end] == before[n][start] for n, start, end in spans], np.bool_)
        ptr = np.concatenate([[0], np.cumsum(free)])[candidates.ptr]
        entity, start, end = (column[free] for column in (candidates.entity, candidates.start, candidates.end))
        return Candidates(ptr, entity, start, end, candidates.origin[free])

    def _forbidden(self, connection: Connection, keys: Sequence[int]) -> Flags | None:
        """A mask of the target words that no candidate may contain."""
        if not self._stop_words:
            return None
        sentences = read_side_words(connection, keys, other(self.labelled))
        return np.array([word in self._stop_words for words in sentences for word in words], np.bool_)

    def _similar(self, connection: Connection, keys: Sequence[int], pairs: PairBatch) -> Candidates:
        """Spans whose letters resemble the entity's."""
        sides = (self.labelled, other(self.labelled))
        source, target = (Words.fold(read_side_words(connection, keys, side)) for side in sides)
        return copied(pairs, source, target, ALIKE, self.max_length)[0]

    def _tagged(self, connection: Connection, step_id: int, keys: Sequence[int], pairs: PairBatch) -> Candidates:
        spans = read_entities(connection, step_id, keys, other(self.labelled), None)
        span_ptr = runs(spans.item, longs(keys))
        start, end = spans.start.astype(np.int32), spans.end.astype(np.int32)
        return from_spans(pairs, span_ptr, start, end, self._subspans, self.max_length)


def origin_names(spec: StepSpec) -> tuple[str, ...]:
    """The origins of a score step's candidates, in the order of their bits, lowest first.

    These are the names of candidate sets, with ``scored`` replaced by the scorers whose candidates it takes.
    """
    own = {"scored": [scorer_name(role.removeprefix("scored:")) for role in _scorers(spec)]}
    return tuple(origin for name in ScoreParams.from_params(spec.params).sets for origin in own.get(name, [name]))


def origins_of(spec: StepSpec, bits: int | None) -> tuple[str, ...]:
    """The sets that contained a candidate; empty if the step has only one set.

    :param bits: the stored ``origin`` of the candidate.
    """
    return tuple(name for place, name in enumerate(origin_names(spec)) if (bits or 0) >> place & 1)


def _scorers(spec: StepSpec) -> list[str]:
    return sorted(role for role in spec.inputs if role.startswith("scored:"))


def _scored(
    connection: Connection, step_id: int, keys: Sequence[int], pairs: PairBatch, entities: LabelledSpans
) -> Candidates:
    """Read the candidates that another scorer stored."""
    columns = (candidate.c.translation_id, candidate.c.entity_ordinal, candidate.c.start_word, candidate.c.end_word)
    query = (
        select(*columns)
        .where(candidate.c.step_id == step_id, within(connection, candidate.c.translation_id, keys))
        .order_by(*candidate.primary_key.columns)
    )
    item, ordinal, start, end = map(longs, read_columns(connection, query, 4))
    ptr = runs(item, longs(keys))
    first = pairs.entity_ptr[np.repeat(np.arange(len(pairs)), np.diff(ptr))]
    row = np.searchsorted(_joint(entities.item, entities.ordinal), _joint(item, ordinal))
    spans = ((row - first).astype(np.int32), start.astype(np.int32), end.astype(np.int32))
    return Candidates(ptr, *spans, np.ones(len(item), np.uint8))


def _joint(item: Longs, ordinal: Longs) -> Longs:
    """Combine translation and entity ordinal into one sortable number; a sentence has fewer than 2**20 entities."""
    return item << 20 | ordinal

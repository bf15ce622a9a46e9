"""Read training sets out of the tables: sentences with their spans, pairs with their labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Table, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, label, sentence, sentence_pair, training_item, training_pair
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.train.params import SampleParams
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span


class LabelledSentence(NamedTuple):
    """A sentence to learn from.

    :param scores: of its spans, where they were projected; else 1.
    """

    words: tuple[str, ...]
    spans: tuple[Span, ...]
    scores: tuple[float, ...]


class LabelledPair(NamedTuple):
    """Two sentences to learn from, in words."""

    premise: tuple[str, ...]
    hypothesis: tuple[str, ...]
    label: str


class _Item(NamedTuple):
    sentence_id: int
    label_step_id: int
    translation_id: int


def read_sample(connection: Connection, sample_id: int, spec: StepSpec) -> list[LabelledSentence]:
    """The sentences of a training set, in the order of their words: keys differ from database to database."""
    query = select(*(training_item.c[name] for name in _Item._fields)).where(training_item.c.sample_id == sample_id)
    items = [_Item(*row) for row in bulk.fetch(connection, query.order_by(training_item.c.sentence_id))]
    words = read_words(connection, [item.sentence_id for item in items])
    spans = read_spans(connection, items)
    dropped = SampleParams.from_params(spec.params).dropped or {}
    mapping = mapping_of(spec)
    return sorted(
        labelled(words[item.sentence_id], spans.get(item.sentence_id, ()), mapping, dropped) for item in items
    )


class ScoredSpan(NamedTuple):
    """A span with its score and margin, both 1 where it is gold."""

    span: Span
    score: float
    margin: float


def labelled(
    words: Sequence[str], spans: Sequence[ScoredSpan], mapping: LabelMapping | None, dropped: Mapping[str, float]
) -> LabelledSentence:
    """A sentence with those of its spans that are learned.

    :param dropped: the least ``score`` and ``margin``.
    """
    kept = [each for each in spans if each.score >= dropped.get("score", 0) and each.margin >= dropped.get("margin", 0)]
    scores = {each.span[:2]: each.score for each in kept}
    named = [each.span for each in kept]
    named = list(mapping.apply_to_gold(named)) if mapping is not None else named
    return LabelledSentence(tuple(words), tuple(named), tuple(scores[span[:2]] for span in named))


def read_words(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """The words of sentences."""
    query = select(sentence.c.id, sentence.c.words).where(bulk.among(connection, sentence.c.id, keys))
    return {key: tuple(json.loads(words)) for key, words in bulk.fetch(connection, query)}


def read_spans(connection: Connection, items: Sequence[Any]) -> dict[int, list[ScoredSpan]]:
    """The spans that the label steps of items put on their sentences, as stored."""
    by_step: dict[int, list[Any]] = {}
    for item in items:
        by_step.setdefault(item.label_step_id, []).append(item)
    found: dict[int, list[ScoredSpan]] = {}
    for step_id, own in by_step.items():
        labels = connection.execute(select(label.c.step_id).where(label.c.step_id == step_id).limit(1)).first()
        through = {item.sentence_id: item.translation_id for item in own}
        table = label if labels is not None else entity
        found |= _spans_of(connection, table, step_id, through)
    return found


def _spans_of(
    connection: Connection, table: Table, step_id: int, through: Mapping[int, int]
) -> dict[int, list[ScoredSpan]]:
    columns = [table.c[name] for name in ("sentence_id", "start_word", "end_word", "label")]
    columns += [label.c.translation_id, label.c.score, label.c.margin] if table is label else []
    query = select(*columns).where(table.c.step_id == step_id)
    query = query.where(bulk.among(connection, table.c.sentence_id, sorted(through)))
    found: dict[int, list[ScoredSpan]] = {}
    for key, start, end, name, *told in bulk.fetch(connection, query.order_by(table.c.sentence_id, table.c.ordinal)):
        link, score, margin = told or (0, 1.0, 1.0)
        if link == through[key] or table is not label:
            found.setdefault(key, []).append(ScoredSpan(Span(start, end, name), score, margin))
    return found


def read_pair_sample(connection: Connection, sample_id: int) -> list[LabelledPair]:
    """The pairs of a training set, in the order of their words."""
    query = _pairs().join(training_pair, training_pair.c.pair_id == sentence_pair.c.id)
    query = query.where(training_pair.c.sample_id == sample_id)
    return sorted(as_pair(*row) for row in bulk.fetch(connection, query))


def read_pairs(connection: Connection, keys: Sequence[int]) -> list[LabelledPair]:
    """Pairs by their keys, ascending."""
    query = _pairs().where(bulk.among(connection, sentence_pair.c.id, keys)).order_by(sentence_pair.c.id)
    return [as_pair(*row) for row in bulk.fetch(connection, query)]


def _pairs() -> Any:
    return select(sentence_pair.c.premise, sentence_pair.c.hypothesis, sentence_pair.c.label)


def as_pair(premise: str, hypothesis: str, told: str) -> LabelledPair:
    """A pair as it is stored."""
    return LabelledPair(tuple(json.loads(premise)), tuple(json.loads(hypothesis)), told)

"""Read training sets: sentences with their spans, and pairs with their labels."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sqlalchemy import Connection, Table, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, label, sentence, sentence_pair, training_item, training_pair
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.train.params import SampleParams
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span


class LabelledSentence(NamedTuple):
    """A sentence to learn from.

    :param scores: the scores of projected spans; 1 for gold spans.
    """

    words: tuple[str, ...]
    spans: tuple[Span, ...]
    scores: tuple[float, ...]


class LabelledPair(NamedTuple):
    """A sentence pair to learn from, as words."""

    premise: tuple[str, ...]
    hypothesis: tuple[str, ...]
    label: str


class _Item(NamedTuple):
    sentence_id: int
    label_step_id: int
    translation_id: int


def read_sample(connection: Connection, sample_id: int, spec: StepSpec) -> list[LabelledSentence]:
    """Read the sentences of a training set, in the order of their words: keys differ between databases."""
    query = select(*(training_item.c[name] for name in _Item._fields)).where(training_item.c.sample_id == sample_id)
    items = [_Item(*row) for row in bulk.fetch(connection, query.order_by(training_item.c.sentence_id))]
    words = read_words(connection, [item.sentence_id for item in items])
    spans = read_spans(connection, items)
    params, mapping = SampleParams.from_params(spec.params), mapping_of(spec)
    dropped, known = params.dropped or {}, params.probabilities or {}
    told = {find_step(connection, own): known.get(own.digest) for own in spec.inputs.values()}
    return sorted(
        labelled(
            words[item.sentence_id], spans.get(item.sentence_id, ()), mapping, dropped, told.get(item.label_step_id)
        )
        for item in items
    )


class ScoredSpan(NamedTuple):
    """A span with its score and margin, both 1 for gold spans."""

    span: Span
    score: float
    margin: float


def labelled(
    words: Sequence[str],
    spans: Sequence[ScoredSpan],
    mapping: LabelMapping | None,
    dropped: Mapping[str, float],
    probabilities: Mapping[str, Any] | None = None,
) -> LabelledSentence:
    """Combine a sentence with the spans to learn.

    :param dropped: the minimum ``score`` and ``margin``.
    :param probabilities: what tells how probable the spans are, in place of their scores; as in :class:`SampleParams`.
    """
    learned = [
        scored
        for scored in spans
        if scored.score >= dropped.get("score", 0) and scored.margin >= dropped.get("margin", 0)
    ]
    scores = {scored.span[:2]: _certainty(scored, probabilities) for scored in learned}
    named = [scored.span for scored in learned]
    named = list(mapping.apply_to_gold(named)) if mapping is not None else named
    return LabelledSentence(tuple(words), tuple(named), tuple(scores[span[:2]] for span in named))


def _certainty(scored: ScoredSpan, probabilities: Mapping[str, Any] | None) -> float:
    if probabilities is None:
        return scored.score
    points = probabilities["points"]
    values, chances = points.get(scored.span.label, points[""])
    value = scored.margin if probabilities["measure"] == "margin" else scored.score
    return float(np.interp(value, values, chances))


def read_words(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Read the words of sentences."""
    query = select(sentence.c.id, sentence.c.words).where(bulk.among(connection, sentence.c.id, keys))
    return {key: tuple(json.loads(words)) for key, words in bulk.fetch(connection, query)}


def read_spans(connection: Connection, items: Sequence[Any]) -> dict[int, list[ScoredSpan]]:
    """Read the stored spans that the label steps of items put on their sentences."""
    by_step: dict[int, list[Any]] = {}
    for item in items:
        by_step.setdefault(item.label_step_id, []).append(item)
    by_sentence: dict[int, list[ScoredSpan]] = {}
    for step_id, own in by_step.items():
        labels = connection.execute(select(label.c.step_id).where(label.c.step_id == step_id).limit(1)).first()
        through = {item.sentence_id: item.translation_id for item in own}
        table = label if labels is not None else entity
        by_sentence |= _spans_of(connection, table, step_id, through)
    return by_sentence


def _spans_of(
    connection: Connection, table: Table, step_id: int, through: Mapping[int, int]
) -> dict[int, list[ScoredSpan]]:
    columns = [table.c[name] for name in ("sentence_id", "start_word", "end_word", "label")]
    columns += [label.c.translation_id, label.c.score, label.c.margin] if table is label else []
    query = select(*columns).where(table.c.step_id == step_id)
    query = query.where(bulk.among(connection, table.c.sentence_id, sorted(through)))
    by_sentence: dict[int, list[ScoredSpan]] = {}
    for key, start, end, name, *scores in bulk.fetch(connection, query.order_by(table.c.sentence_id, table.c.ordinal)):
        link, score, margin = scores or (0, 1.0, 1.0)
        if link == through[key] or table is not label:
            by_sentence.setdefault(key, []).append(ScoredSpan(Span(start, end, name), score, margin))
    return by_sentence


def read_pair_sample(connection: Connection, sample_id: int) -> list[LabelledPair]:
    """Read the pairs of a training set, in the order of their words."""
    query = _pairs().join(training_pair, training_pair.c.pair_id == sentence_pair.c.id)
    query = query.where(training_pair.c.sample_id == sample_id)
    return sorted(as_pair(*row) for row in bulk.fetch(connection, query))


def read_pairs(connection: Connection, keys: Sequence[int]) -> list[LabelledPair]:
    """Read pairs in the order of their keys."""
    query = _pairs().where(bulk.among(connection, sentence_pair.c.id, keys)).order_by(sentence_pair.c.id)
    return [as_pair(*row) for row in bulk.fetch(connection, query)]


def _pairs() -> Any:
    return select(sentence_pair.c.premise, sentence_pair.c.hypothesis, sentence_pair.c.label)


def as_pair(premise: str, hypothesis: str, class_label: str) -> LabelledPair:
    """Convert a stored pair."""
    return LabelledPair(tuple(json.loads(premise)), tuple(json.loads(hypothesis)), class_label)

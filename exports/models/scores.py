"""How good a model is on gold sentences that it was not trained on: measured by studies, or tagged by recipes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, entity, model_score, outcome, sentence, step, step_input, training_item
from xprojdb.evaluation.bootstrap import bootstrap_interval
from xprojdb.evaluation.gold import read_gold
from xprojdb.evaluation.span_metrics import SpanCounts, count_spans
from xprojdb.exports.card.facts import CardScore
from xprojdb.steps.inputs import within
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.spec import GOLD, StepSpec, find_step, load_spec
from xprojdb.steps.train.measure import MeasureParams, unpack
from xprojdb.steps.train.tagger import MODEL
from xprojdb.text.spans import Span


def model_scores(connection: Connection, train_id: int, spec: StepSpec) -> list[CardScore]:
    """The scores of a model: F1 over entities with a bootstrap interval, for each language, corpus and split."""
    return [*_studied(connection, train_id), *_tagged(connection, train_id, spec)]


def _studied(connection: Connection, train_id: int) -> Iterator[CardScore]:
    query = select(model_score.c.step_id, model_score.c.lang, model_score.c.counts)
    for step_id, lang, packed in connection.execute(query.where(model_score.c.train_id == train_id)).all():
        params = MeasureParams.from_params(load_spec(connection, step_id).params)
        rows = unpack(packed)
        first = f", {len(rows):,} sentences" if params.limit else ""
        where = f"{', '.join(params.corpora)} ({params.split}{first})"
        yield _score(lang, where, SpanCounts(("all",), rows[:, None, :]))


def _tagged(connection: Connection, train_id: int, spec: StepSpec) -> Iterator[CardScore]:
    """The sentences that recipes have tagged with the model, except those that it was trained on, word for word."""
    learned = _learned(connection, spec)
    mapping = next((mapping_of(sample) for sample in spec.inputs.values()), None)
    query = select(step_input.c.step_id).join(step, step.c.id == step_input.c.step_id)
    query = query.where(step_input.c.input_id == train_id, step_input.c.role == MODEL, step.c.kind == "tag")
    for step_id in connection.execute(query.order_by(step_input.c.step_id)).scalars().all():
        if len(load_spec(connection, step_id).inputs) > 1:
            continue  # the mean of several models
        for (name, lang, split), keys in _measured(connection, step_id, learned).items():
            gold, predicted = read_gold(connection, keys), _found(connection, step_id, keys)
            mapped = {key: mapping.apply_to_gold(spans) if mapping else spans for key, spans in gold.items()}
            counts = count_spans((mapped.get(key, ()), predicted.get(key, ())) for key in keys)
            yield _score(lang, f"{name} ({split or 'no split'})", counts)


def _learned(connection: Connection, spec: StepSpec) -> set[str]:
    """The words, as stored, of the sentences that a model was trained on, or that its step was chosen on."""
    samples = [find_step(connection, sample) for sample in spec.inputs.values()]
    query = select(sentence.c.words).join(training_item, training_item.c.sentence_id == sentence.c.id)
    return set(connection.execute(query.where(training_item.c.sample_id.in_(samples))).scalars())


def _measured(connection: Connection, step_id: int, learned: set[str]) -> dict[tuple[str, str, str], list[int]]:
    gold = outcome.alias("gold_outcome")
    query = (
        select(corpus.c.name, sentence.c.lang, sentence.c.split, sentence.c.id, sentence.c.words)
        .join(corpus, corpus.c.id == sentence.c.corpus_id)
        .join(outcome, (outcome.c.item_id == sentence.c.id) & (outcome.c.step_id == step_id))
        .join(gold, (gold.c.item_id == sentence.c.id) & (gold.c.step_id == find_step(connection, GOLD)))
        .where(outcome.c.status != "failed")
        .order_by(sentence.c.id)
    )
    parts: dict[tuple[str, str, str], list[int]] = {}
    for name, lang, split, key, words in bulk.fetch(connection, query):
        if words not in learned:
            parts.setdefault((name, lang, split), []).append(key)
    return parts


def _found(connection: Connection, step_id: int, keys: Sequence[int]) -> dict[int, list[Span]]:
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    query: Any = select(*columns).where(entity.c.step_id == step_id, within(connection, entity.c.sentence_id, keys))
    spans: dict[int, list[Span]] = {}
    for key, *span in bulk.fetch(connection, query.order_by(entity.c.sentence_id, entity.c.ordinal)):
        spans.setdefault(key, []).append(Span(*span))
    return spans


def _score(lang: str, where: str, counts: SpanCounts) -> CardScore:
    if not counts.labels:
        counts = SpanCounts(("all",), np.zeros((len(counts), 1, 3), np.int32))
    return CardScore(lang, where, counts.micro(), bootstrap_interval(counts))

"""Cut the labels that a recipe projected out of the database, as rows to write."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Select, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, label, outcome, sentence, translation
from xprojdb.engine.plan import Plan
from xprojdb.errors import UsageError
from xprojdb.exports.huggingface import ExportRow
from xprojdb.extras import require
from xprojdb.labels import Span
from xprojdb.steps.projection import Projection
from xprojdb.steps.stage import other, sentence_key, translations

#: the split of sentences that were imported without one
DEFAULT_SPLIT = "train"

_CUSTOMARY = ("PER", "ORG", "LOC", "DATE", "MISC")
_BLOCK = 10_000


def provenance_columns() -> dict[str, Any]:
    """The columns beside words and tags, with their Arrow types: one score and margin for each entity, in order."""
    arrow = require("pyarrow", "export")
    numbers = arrow.list_(arrow.float64())
    return {"source": arrow.string(), "scores": numbers, "margins": numbers, "step": arrow.string()}


def choose(plan: Plan, targets: Sequence[str] = (), source: str | None = None) -> list[Projection]:
    """The projections to export: one for each target language.

    :param targets: language codes; empty: all.
    :param source: the language the labels come from, needed where a target has several.
    :raises UsageError: when a target is not one of the plan's, or has several sources and none was chosen.
    """
    possible = [each for each in plan.projections if source in (None, each.source)]
    known = sorted({each.target for each in possible})
    for code in targets:
        if code not in known:
            hint = f"it projects onto {', '.join(known) or 'nothing'}"
            raise UsageError(f"the recipe {plan.recipe.name} projects nothing onto {code}", hint=hint, lang=code)
    chosen = [each for each in possible if not targets or each.target in targets]
    for target, group in groupby(sorted(chosen, key=lambda each: each.target), lambda each: each.target):
        sources = sorted({each.source for each in group})
        if len(sources) > 1:
            raise UsageError(
                f"{target} has labels from {', '.join(sources)}",
                hint="choose the source language with --source",
                lang=target,
                sources=tuple(sources),
            )
    return chosen


def splits_of(connection: Connection, projection: Projection) -> list[str]:
    """The splits of a projection's finished sentences, in customary order."""
    target, query = _finished(projection)
    found = connection.execute(query.with_only_columns(func.coalesce(target.c.split, DEFAULT_SPLIT)).distinct())
    customary = ("train", "validation", "test")
    names = set(found.scalars())
    return [name for name in customary if name in names] + sorted(names.difference(customary))


def labels_of(connection: Connection, projections: Sequence[Projection]) -> list[str]:
    """The labels that were projected, in customary order: PER, ORG, LOC, DATE, MISC, then the others."""
    steps = {each.step.step_id for each in projections}
    found = set(connection.execute(select(label.c.label).where(label.c.step_id.in_(steps)).distinct()).scalars())
    return [name for name in _CUSTOMARY if name in found] + sorted(found.difference(_CUSTOMARY))


def read_rows(connection: Connection, projection: Projection, split: str) -> Iterator[ExportRow]:
    """The finished sentences of a split with their projected labels, in the order of import.

    A row's id is the name that ``xprojdb explain`` takes: ``CORPUS/LANG/ID``.
    """
    target, query = _finished(projection)
    source = sentence.alias("source")
    columns = (translation.c.id, target.c.id, corpus.c.name, target.c.external_id, target.c.words, source.c.external_id)
    query = (
        query.with_only_columns(*columns)
        .join(corpus, corpus.c.id == target.c.corpus_id)
        .join(source, source.c.id == sentence_key(projection.labelled))
        .where(func.coalesce(target.c.split, DEFAULT_SPLIT) == split)
        .order_by(translation.c.id)
        .limit(_BLOCK)
    )
    cursor = 0
    while rows := bulk.fetch(connection, query.where(translation.c.id > cursor)):
        labels = _labels(connection, projection, [row[1] for row in rows])
        for row in rows:
            yield _row(projection, row, labels.get(row[0], ()))
        cursor = rows[-1][0]


def _row(projection: Projection, row: bulk.Row, labels: Sequence[Any]) -> ExportRow:
    _, _, corpus_name, external_id, words, source_id = row
    provenance = {
        "source": f"{corpus_name}/{projection.source}/{source_id}",
        "scores": [each[4] for each in labels],
        "margins": [each[5] for each in labels],
        "step": projection.step.spec.digest,
    }
    spans = [Span(*each[1:4]) for each in labels]
    name = f"{corpus_name}/{projection.target}/{external_id}"
    return ExportRow(name, json.loads(words), spans, projection.target, provenance)


def _labels(connection: Connection, projection: Projection, keys: Sequence[int]) -> dict[int, list[Any]]:
    columns = (
        label.c.translation_id,
        label.c.start_word,
        label.c.end_word,
        label.c.label,
        label.c.score,
        label.c.margin,
    )
    query = (
        select(*columns)
        .where(label.c.step_id == projection.step.step_id, bulk.among(connection, label.c.sentence_id, keys))
        .order_by(label.c.sentence_id, label.c.translation_id, label.c.ordinal)
    )
    found: dict[int, list[Any]] = {}
    for row in bulk.fetch(connection, query):
        found.setdefault(row[0], []).append(row)
    return found


def _finished(projection: Projection) -> tuple[Any, Select[Any]]:
    """The sentences that the project step is done with, labelled or not, and the alias they go by."""
    target = sentence.alias("target")
    query = (
        translations(projection.pair)
        .join(target, target.c.id == sentence_key(other(projection.labelled)))
        .join(outcome, (outcome.c.step_id == projection.step.step_id) & (outcome.c.item_id == translation.c.id))
        .where(outcome.c.status.in_(("ok", "empty")))
    )
    return target, query

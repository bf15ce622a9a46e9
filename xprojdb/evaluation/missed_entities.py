"""Entities that one method found and another missed, as a query that can be extended."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, Connection, Select, Text, case, cast, exists, func, null, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, entity, label, sentence
from xprojdb.errors import UsageError
from xprojdb.evaluation.error_types import ErrorType, judge
from xprojdb.evaluation.gold import BLOCK, read_gold, read_projected
from xprojdb.evaluation.methods import Method, done_sentences, find_methods
from xprojdb.steps.spec import GOLD, find_step
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.spans import Span


@dataclass(frozen=True, slots=True)
class MissedEntities:
    """A gold span that one method found and the other did not.

    :param sentence: the sentence, in the form ``xprojdb explain`` accepts.
    :param sentence_id: its key in the table ``sentence``.
    :param span: the gold span, with its label after mapping.
    :param text: its words.
    :param error: the error of the other method: missed, wrong boundary, wrong label, or both.
    :param instead: the other method's span, unless it missed the entity.
    :param instead_text: the words of that span.
    """

    sentence: str
    sentence_id: int
    span: Span
    text: str
    error: str
    instead: Span | None
    instead_text: str | None


def read_missed(
    database: Database, found_by: str, missed_by: str, *, labels: Collection[str] = ()
) -> list[MissedEntities]:
    """Read the gold spans that one method found and another missed, in the order of their sentences.

    Only sentences that both have processed count, and only gold spans that both recipes map to the same label.

    :param found_by: a recipe, optionally with ``:SOURCE``.
    :param missed_by: the other recipe, likewise.
    :param labels: only these labels; all if empty.
    :raises UsageError: when there is no such recipe, or it means several methods.
    """
    finder, misser = _two(database, found_by, missed_by)
    with database.read() as connection:
        query = _query(connection, finder, misser, labels)
        return [
            missed_entity
            for rows in bulk.stream(connection, query, BLOCK)
            for missed_entity in _judged(connection, rows, misser)
        ]


def missed_sql(database: Database, found_by: str, missed_by: str, *, labels: Collection[str] = ()) -> str:
    """The query behind :func:`read_missed` as text for this database, with its values inlined.

    :raises UsageError: as :func:`read_missed` does.
    """
    finder, misser = _two(database, found_by, missed_by)
    with database.read() as connection:
        query = _query(connection, finder, misser, labels)
        # Named parameters, since the driver's own style would double per cent signs.
        dialect = type(connection.dialect)(paramstyle="named")  # type: ignore[call-arg]
        text = query.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
    return "\n".join(line.rstrip() for line in str(text).splitlines()) + ";"


def _two(database: Database, found_by: str, missed_by: str) -> tuple[Method, Method]:
    methods = find_methods(database, [found_by, missed_by])
    if len(methods) > 2:
        names = tuple(method.name for method in methods)
        raise UsageError(
            f"{found_by} and {missed_by} are more than two methods: {', '.join(names)}",
            hint="choose the source language: NAME:SOURCE",
            methods=names,
        )
    return methods[0], methods[1]


def _query(connection: Connection, finder: Method, misser: Method, labels: Collection[str]) -> Select[Any]:
    hits = done_sentences(connection, finder).cte("found_by")
    misses = done_sentences(connection, misser).cte("missed_by")
    expected, also = _mapped(finder.mapping), _mapped(misser.mapping)
    name = func.coalesce(
        corpus.c.name + "/" + sentence.c.lang + "/" + sentence.c.external_id, cast(sentence.c.id, Text)
    )
    query = (
        select(
            name.label("name"),
            entity.c.sentence_id,
            misses.c.translation_id,
            entity.c.start_word,
            entity.c.end_word,
            expected.label("label"),
            sentence.c.words,
        )
        .select_from(hits)
        .join(misses, misses.c.sentence_id == hits.c.sentence_id)
        .join(entity, (entity.c.sentence_id == hits.c.sentence_id) & (entity.c.step_id == find_step(connection, GOLD)))
        .join(sentence, sentence.c.id == entity.c.sentence_id)
        .join(corpus, corpus.c.id == sentence.c.corpus_id)
        .where(_labelled(hits, finder, expected), ~_labelled(misses, misser, also))
        .order_by(entity.c.sentence_id, entity.c.ordinal)
    )
    if finder.mapping != misser.mapping:
        query = query.where(expected == also)
    return query.where(expected.in_(sorted(labels))) if labels else query


def _mapped(mapping: LabelMapping | None) -> ColumnElement[Any]:
    """The label of a gold entity after mapping; null if it is dropped."""
    if mapping is None:
        return entity.c.label
    if not mapping.table:
        return entity.c.label if mapping.others == "keep" else null()
    default = entity.c.label if mapping.others == "keep" else null()
    table = {name: null() if becomes is None else becomes for name, becomes in mapping.table}
    return case(table, value=entity.c.label, else_=default)


def _labelled(done: CTE, method: Method, expected: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether a method gave the gold entity's words the expected label."""
    return exists().where(
        label.c.step_id.in_(method.step_ids),
        label.c.sentence_id == done.c.sentence_id,
        label.c.translation_id == done.c.translation_id,
        label.c.start_word == entity.c.start_word,
        label.c.end_word == entity.c.end_word,
        label.c.label == expected,
    )


def _judged(connection: Connection, rows: Sequence[tuple[Any, ...]], misser: Method) -> list[MissedEntities]:
    keys = sorted({row[1] for row in rows})
    gold = read_gold(connection, keys)
    predicted = read_projected(connection, misser.step_ids, keys)
    mapping = misser.mapping
    entities = []
    for name, key, through, *place, words in rows:
        span = Span(*place)
        expected = gold[key] if mapping is None else mapping.apply_to_gold(gold[key])
        judgements = judge(expected, predicted.get((key, through), ()))
        error, _, instead = next(judgement for judgement in judgements if judgement.gold == span)
        entities.append(_entity(name, key, span, error, instead, json.loads(words)))
    return entities


def _entity(
    name: str, key: int, span: Span, error: ErrorType, instead: Span | None, words: Sequence[str]
) -> MissedEntities:
    text = " ".join(words[span.start : span.end])
    instead_text = " ".join(words[instead.start : instead.end]) if instead else None
    return MissedEntities(name, key, span, text, error.value, instead, instead_text)

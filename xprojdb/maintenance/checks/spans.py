"""Spans and links outside their sentences, and spans that overlap."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Function, Select, Subquery, Table, func, or_, select

from xprojdb.db import bulk
from xprojdb.db.tables import alignment, candidate, entity, label, sentence, translation, vote
from xprojdb.errors import MatchingError
from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.checks.dangling import labelled_side
from xprojdb.maintenance.step_rows import StoredStep, item_column
from xprojdb.steps.inputs import parse_links
from xprojdb.steps.stage import other, sentence_key
from xprojdb.steps.translate.carry import Carry

_LINKS = 2_000


class SpanRange(Check):
    """Spans that end before they begin, or outside their sentence."""

    name = "spans out of range"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            for table in (entity, label, vote, candidate):
                if table.name in step.tables:
                    yield from _found(connection, _outside(connection, table, step), table, step, "out of range")


def _outside(connection: Connection, table: Table, each: StoredStep) -> Select[Any]:
    query = select(item_column(table, each)).distinct().where(table.c.step_id == each.id)
    if table is not candidate:
        return query.join(sentence, sentence.c.id == table.c.sentence_id).where(_wrong(table, sentence.c.n_words))
    query = query.join(translation, translation.c.id == candidate.c.translation_id)
    labelled = labelled_side(connection, each)
    sides = [other(labelled)] if labelled else ["original", "rendering"]
    found = []
    for name in sides:
        side = sentence.alias(name)
        query = query.join(side, side.c.id == sentence_key(name))  # type: ignore[arg-type]
        found.append(_wrong(table, side.c.n_words))
    return query.where(*found)


def _wrong(table: Table, words: ColumnElement[int]) -> ColumnElement[bool]:
    start, end = table.c.start_word, table.c.end_word
    return or_(start < 0, end <= start, end > words)


class Overlaps(Check):
    """Labels, or entities, of one sentence that overlap or are not in the order of the sentence."""

    name = "overlaps"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each, table in _labelling(steps):
            before = func.lag(table.c.end_word)
            query = _beside(table, each, before, lambda rows: rows.c.other > rows.c.start_word)
            yield from _found(connection, query, table, each, "overlapping")


class Gaps(Check):
    """Labels, or entities, of one sentence that are not numbered from 0 on: one of them is missing."""

    name = "gaps"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each, table in _labelling(steps):
            if table is entity and each.kind == Carry.kind:
                # An entity that is carried keeps its number, and not all of them are.
                continue
            query = _beside(table, each, func.row_number(), lambda rows: rows.c.other != rows.c.ordinal + 1)
            yield from _found(connection, query, table, each, "one is missing")


def _labelling(steps: Sequence[StoredStep]) -> Iterator[tuple[StoredStep, Table]]:
    for step in steps:
        for table in (entity, label):
            if table.name in step.tables:
                yield step, table


def _beside(
    table: Table, each: StoredStep, window: Function[Any], wrong: Callable[[Subquery], ColumnElement[bool]]
) -> Select[Any]:
    """The items of which a row is wrong beside the others, in the key's own order: no database sorts."""
    *group, ordinal = list(table.primary_key.columns)
    item = item_column(table, each).label("item")
    other = window.over(partition_by=group, order_by=ordinal).label("other")
    rows = select(item, table.c.start_word, ordinal, other).where(table.c.step_id == each.id).subquery()
    return select(rows.c.item).where(wrong(rows)).distinct()


def _found(connection: Connection, query: Select[Any], table: Table, each: StoredStep, what: str) -> Iterator[Finding]:
    for block in bulk.stream(connection, query):
        for (key,) in block:
            yield Finding(f"{table.name} of {each.short}, {each.items} {key}: {what}", each.id, key)


class LinkRange(Check):
    """Word links that are missing, cannot be read, or end outside a sentence."""

    name = "links out of range"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            if alignment.name in step.tables:
                for block in bulk.stream(connection, _aligned(step), _LINKS):
                    for key in _wrong_links(block):
                        yield Finding(f"alignment of {step.short}, translation {key}: out of range", step.id, key)


def _aligned(each: StoredStep) -> Select[Any]:
    original, rendering = sentence.alias("original"), sentence.alias("rendering")
    return (
        select(alignment.c.translation_id, alignment.c.links, original.c.n_words, rendering.c.n_words)
        .join(translation, translation.c.id == alignment.c.translation_id)
        .join(original, original.c.id == translation.c.original_id)
        .join(rendering, rendering.c.id == translation.c.rendering_id)
        .where(alignment.c.step_id == each.id)
        .order_by(alignment.c.translation_id)
    )


def _wrong_links(rows: Sequence[bulk.Row]) -> list[int]:
    """The keys of the rows whose links are not of their sentences."""
    try:
        ptr, left, right, _ = parse_links([links for _, links, _, _ in rows])
    except MatchingError:
        if len(rows) == 1:
            return [rows[0][0]]
        middle = len(rows) // 2
        return _wrong_links(rows[:middle]) + _wrong_links(rows[middle:])
    wrong = []
    for row, first, last in zip(rows, ptr[:-1].tolist(), ptr[1:].tolist(), strict=True):
        # A translation without links has no row.
        if last == first or left[first:last].max() >= row[2] or right[first:last].max() >= row[3]:
            wrong.append(row[0])
    return wrong

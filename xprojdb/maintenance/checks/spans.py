"""Spans and links outside their sentences, and overlapping spans."""

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
    """Spans that end before they start, or lie outside their sentence."""

    name = "spans out of range"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            for table in (entity, label, vote, candidate):
                if table.name in step.tables:
                    yield from _findings(connection, _outside(connection, table, step), table, step, "out of range")


def _outside(connection: Connection, table: Table, stored: StoredStep) -> Select[Any]:
    query = select(item_column(table, stored)).distinct().where(table.c.step_id == stored.id)
    if table is not candidate:
        return query.join(sentence, sentence.c.id == table.c.sentence_id).where(_wrong(table, sentence.c.n_words))
    query = query.join(translation, translation.c.id == candidate.c.translation_id)
    labelled = labelled_side(connection, stored)
    sides = [other(labelled)] if labelled else ["original", "rendering"]
    conditions = []
    for name in sides:
        side = sentence.alias(name)
        query = query.join(side, side.c.id == sentence_key(name))  # type: ignore[arg-type]
        conditions.append(_wrong(table, side.c.n_words))
    return query.where(*conditions)


def _wrong(table: Table, words: ColumnElement[int]) -> ColumnElement[bool]:
    start, end = table.c.start_word, table.c.end_word
    return or_(start < 0, end <= start, end > words)


class Overlaps(Check):
    """Labels or entities of one sentence that overlap or are not in word order."""

    name = "overlaps"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for stored, table in _labelling(steps):
            before = func.lag(table.c.end_word)
            query = _wrong_items(table, stored, before, lambda rows: rows.c.other > rows.c.start_word)
            yield from _findings(connection, query, table, stored, "overlapping")


class Gaps(Check):
    """Labels or entities of one sentence that are not numbered consecutively from 0: one of them is missing."""

    name = "gaps"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for stored, table in _labelling(steps):
            if table is entity and stored.kind == Carry.kind:
                # Entities that are carried keep their number, and not all of them are.
                continue
            query = _wrong_items(table, stored, func.row_number(), lambda rows: rows.c.other != rows.c.ordinal + 1)
            yield from _findings(connection, query, table, stored, "one is missing")


def _labelling(steps: Sequence[StoredStep]) -> Iterator[tuple[StoredStep, Table]]:
    for step in steps:
        for table in (entity, label):
            if table.name in step.tables:
                yield step, table


def _wrong_items(
    table: Table, stored: StoredStep, window: Function[Any], wrong: Callable[[Subquery], ColumnElement[bool]]
) -> Select[Any]:
    """The items with a row that is wrong given its neighbour, in key order, so that no database sorts."""
    *group, ordinal = list(table.primary_key.columns)
    item = item_column(table, stored).label("item")
    other = window.over(partition_by=group, order_by=ordinal).label("other")
    rows = select(item, table.c.start_word, ordinal, other).where(table.c.step_id == stored.id).subquery()
    return select(rows.c.item).where(wrong(rows)).distinct()


def _findings(
    connection: Connection, query: Select[Any], table: Table, stored: StoredStep, what: str
) -> Iterator[Finding]:
    for block in bulk.stream(connection, query):
        for (key,) in block:
            yield Finding(f"{table.name} of {stored.short}, {stored.items} {key}: {what}", stored.id, key)


class LinkRange(Check):
    """Word links that are missing, cannot be read, or lie outside a sentence."""

    name = "links out of range"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            if alignment.name in step.tables:
                for block in bulk.stream(connection, _aligned(step), _LINKS):
                    for key in _wrong_links(block):
                        yield Finding(f"alignment of {step.short}, translation {key}: out of range", step.id, key)


def _aligned(stored: StoredStep) -> Select[Any]:
    original, rendering = sentence.alias("original"), sentence.alias("rendering")
    return (
        select(alignment.c.translation_id, alignment.c.links, original.c.n_words, rendering.c.n_words)
        .join(translation, translation.c.id == alignment.c.translation_id)
        .join(original, original.c.id == translation.c.original_id)
        .join(rendering, rendering.c.id == translation.c.rendering_id)
        .where(alignment.c.step_id == stored.id)
        .order_by(alignment.c.translation_id)
    )


def _wrong_links(rows: Sequence[bulk.Row]) -> list[int]:
    """The keys of the rows whose links do not fit their sentences."""
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

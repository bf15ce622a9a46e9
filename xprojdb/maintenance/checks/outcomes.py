"""Outcomes and rows that contradict each other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, exists, or_, select

from xprojdb.db import bulk
from xprojdb.db.tables import model, outcome, sentence, translation, word_score
from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.step_rows import RESULT_TABLES, StoredStep, item_column
from xprojdb.steps.spec import GOLD


def _tables(each: StoredStep) -> list[Table]:
    """The tables with results of a step; probabilities of words are kept whatever was found."""
    return [table for table in RESULT_TABLES if table.name in each.tables and table is not word_score]


def _found(connection: Connection, query: Select[Any], each: StoredStep, what: str) -> Iterator[Finding]:
    for block in bulk.stream(connection, query):
        for (key,) in block:
            yield Finding(f"{each.short}, {each.items} {key}: {what}", each.id, key)


class OkWithoutRows(Check):
    """Items that are told to have results, and have none."""

    name = "outcomes without rows"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each in steps:
            query = select(outcome.c.item_id).where(outcome.c.step_id == each.id, outcome.c.status == "ok")
            for there in self._results(each):
                query = query.where(~there)
            yield from _found(connection, query, each, "ok, but without a row")

    @staticmethod
    def _results(each: StoredStep) -> Iterator[ColumnElement[bool]]:
        for table in _tables(each):
            yield exists().where(table.c.step_id == each.id, item_column(table, each) == outcome.c.item_id)
        if each.items == "step":
            yield exists().where(model.c.step_id == outcome.c.item_id)
        if each.items == "sentence" and each.kind != GOLD.kind:
            # Translators make sentences and translations.
            yield exists().where(sentence.c.parent_id == outcome.c.item_id, sentence.c.step_id == each.id)
            for side in (translation.c.original_id, translation.c.rendering_id):
                yield exists().where(side == outcome.c.item_id, translation.c.step_id == each.id)


class RowsWithoutOutcome(Check):
    """Results of items that are not told to be done."""

    name = "rows without an outcome"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each in steps:
            for table in RESULT_TABLES:
                if table.name in each.tables:
                    yield from _found(connection, self._query(each, table), each, f"{table.name}, but no outcome")

    @staticmethod
    def _query(each: StoredStep, table: Table) -> Select[Any]:
        item = item_column(table, each)
        told = exists().where(outcome.c.step_id == each.id, outcome.c.item_id == item)
        return select(item).where(table.c.step_id == each.id, ~told).distinct()


class RowsDespiteOutcome(Check):
    """Results of items that are told to have none, or to have failed."""

    name = "rows despite the outcome"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each in steps:
            there = [
                exists().where(table.c.step_id == each.id, item_column(table, each) == outcome.c.item_id)
                for table in _tables(each)
            ]
            if there:
                query = select(outcome.c.item_id).where(outcome.c.step_id == each.id, or_(*there))
                silent = query.where(outcome.c.status.in_(("empty", "failed")))
                yield from _found(connection, silent, each, "rows, though the outcome says that there are none")

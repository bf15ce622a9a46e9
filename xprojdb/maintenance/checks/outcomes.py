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

#: what an outcome may be; anything else counts neither as done nor as pending
_STATUSES = ("ok", "empty", "filtered", "failed")


def _tables(stored: StoredStep) -> list[Table]:
    """The result tables of a step; word probabilities are stored even if nothing was found."""
    return [table for table in RESULT_TABLES if table.name in stored.tables and table is not word_score]


def _findings(connection: Connection, query: Select[Any], stored: StoredStep, what: str) -> Iterator[Finding]:
    for block in bulk.stream(connection, query):
        for (key,) in block:
            yield Finding(f"{stored.short}, {stored.items} {key}: {what}", stored.id, key)


class OkWithoutRows(Check):
    """Items that are recorded as having results, and have none."""

    name = "outcomes without rows"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            query = select(outcome.c.item_id).where(outcome.c.step_id == step.id, outcome.c.status == "ok")
            for there in self._results(step):
                query = query.where(~there)
            yield from _findings(connection, query, step, "ok, but without a row")

    @staticmethod
    def _results(stored: StoredStep) -> Iterator[ColumnElement[bool]]:
        for table in _tables(stored):
            yield exists().where(table.c.step_id == stored.id, item_column(table, stored) == outcome.c.item_id)
        if stored.items == "step":
            yield exists().where(model.c.step_id == outcome.c.item_id)
        if stored.items == "sentence" and stored.kind != GOLD.kind:
            # Translation steps create sentences and translations.
            yield exists().where(sentence.c.parent_id == outcome.c.item_id, sentence.c.step_id == stored.id)
            for side in (translation.c.original_id, translation.c.rendering_id):
                yield exists().where(side == outcome.c.item_id, translation.c.step_id == stored.id)


class RowsWithoutOutcome(Check):
    """Results of items without an outcome."""

    name = "rows without an outcome"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            for table in RESULT_TABLES:
                if table.name in step.tables:
                    yield from _findings(connection, self._query(step, table), step, f"{table.name}, but no outcome")

    @staticmethod
    def _query(stored: StoredStep, table: Table) -> Select[Any]:
        item = item_column(table, stored)
        outcome_exists = exists().where(outcome.c.step_id == stored.id, outcome.c.item_id == item)
        return select(item).where(table.c.step_id == stored.id, ~outcome_exists).distinct()


class RowsDespiteOutcome(Check):
    """Results of items that are recorded as having none, or as failed; and outcomes that are none."""

    name = "rows despite the outcome"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for step in steps:
            query = select(outcome.c.item_id).where(outcome.c.step_id == step.id)
            yield from _findings(connection, query.where(outcome.c.status.not_in(_STATUSES)), step, "no such outcome")
            there = [
                exists().where(table.c.step_id == step.id, item_column(table, step) == outcome.c.item_id)
                for table in _tables(step)
            ]
            if there:
                silent = query.where(or_(*there), outcome.c.status.in_(("empty", "failed")))
                yield from _findings(connection, silent, step, "has rows although the outcome says there are none")

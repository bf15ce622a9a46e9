"""Estimate what a recipe needs for more sentences: rows, bytes, hours and connections."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, field

from sqlalchemy import Connection, Table, func, select

from xprojdb.db import Database, sqlite
from xprojdb.db.tables import LASTING, outcome, sentence, translation
from xprojdb.errors import UsageError
from xprojdb.maintenance.row_sizes import bytes_of
from xprojdb.maintenance.sizing.units import unit_of
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import find_step
from xprojdb.steps.stage import ItemKind, Stage

#: connections of a driver: one for its work, one for its heartbeat
_OF_A_DRIVER = 2


@dataclass(frozen=True, slots=True)
class TableSize:
    """The size of a table.

    :param size: approximate bytes, indices included.
    """

    name: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class StepNeed:
    """What a step needs.

    :param seconds: for 1 000 items, in one process.
    :param hours: for all items, in one process.
    :param measured: the number of items it was measured on in this database; 0: taken from the documentation's tables.
    """

    digest: str
    title: str
    items: int
    seconds: float
    hours: float
    rows: int
    size: int
    measured: int


@dataclass(frozen=True, slots=True)
class Need:
    """What a recipe needs for a number of sentences.

    :param imported: rows and bytes of the sentences and translations themselves.
    :param drivers: processes needed to finish within the available hours; None if no hours were given.
    :param connections: PostgreSQL connections that these open.
    """

    sentences: int
    imported: TableSize
    steps: list[StepNeed] = field(default_factory=list)
    drivers: int | None = None
    connections: int | None = None

    @property
    def rows(self) -> int:
        return self.imported.rows + sum(step.rows for step in self.steps)

    @property
    def size(self) -> int:
        return self.imported.size + sum(step.size for step in self.steps)

    @property
    def hours(self) -> float:
        return sum(step.hours for step in self.steps)


@dataclass(frozen=True, slots=True)
class SizeReport:
    """The size of a database, and what a recipe would need.

    :param size: bytes on disk.
    """

    url: str
    size: int
    tables: list[TableSize]
    need: Need | None = None


def measure_size(
    database: Database, plan: Plan | None = None, sentences: int | None = None, hours: float | None = None
) -> SizeReport:
    """Measure the tables of a database and, for a plan, what it would need.

    :param sentences: number of imported sentences; default: those in the database.
    :param hours: hours available for the work.
    :raises UsageError: if there are no sentences to measure.
    """
    with database.read() as connection:
        tables = [_table(connection, table) for table in LASTING]
        size = _on_disk(database, connection)
        # A file is larger than its rows: pages are not full, and there are indices.
        rows_size = sum(table.size for table in tables)
        factor = max(1.0, size / max(1, rows_size)) if size and _is_file(database) else 1.0
        need = None if plan is None else _need(connection, plan, sentences, hours, factor)
    return SizeReport(database.url, size, [table for table in tables if table.rows], need)


def _is_file(database: Database) -> bool:
    return database.engine.dialect.name == "sqlite"


def _table(connection: Connection, table: Table) -> TableSize:
    rows = int(connection.execute(select(func.count()).select_from(table)).scalar_one())
    return TableSize(table.name, rows, bytes_of(connection, table, rows, ()))


def _on_disk(database: Database, connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        return int(connection.exec_driver_sql("SELECT pg_database_size(current_database())").scalar_one())
    path = sqlite.file_of(database.engine.url)
    return path.stat().st_size if path is not None and path.exists() else 0


def _need(connection: Connection, plan: Plan, sentences: int | None, hours: float | None, factor: float) -> Need:
    imported = sentence.c.step_id.is_(None)
    there = int(connection.execute(select(func.count()).select_from(sentence).where(imported)).scalar_one())
    if not there:
        raise UsageError("there are no sentences to measure", hint="import a few thousand first", sentences=0)
    scale = (sentences or there) / there
    pairs = int(connection.execute(select(func.count()).select_from(translation)).scalar_one())
    size = bytes_of(connection, sentence, there, (imported,)) + bytes_of(connection, translation, pairs, ())
    own = TableSize("sentence", round(scale * (there + pairs)), round(scale * size * factor))
    steps = [_step(connection, plan, stage, scale, factor) for stage in plan.stages]
    total = sum(step.hours for step in steps)
    drivers = None if hours is None else max(1, math.ceil(total / hours))
    connections = None if drivers is None else drivers * _OF_A_DRIVER
    return Need(sentences or there, own, steps, drivers, connections)


def _step(connection: Connection, plan: Plan, stage: Stage, scale: float, factor: float) -> StepNeed:
    step_id = find_step(connection, stage.spec)
    langs = {pair.original_lang for pair in plan.pairs[stage.spec]}
    unit = unit_of(connection, stage, step_id, _imported(connection, langs))
    if stage.item_kind is ItemKind.CORPORA:
        # What is learned from a corpus takes as long as the corpus is large, and stays small.
        items, hours = len(plan.pairs[stage.spec]), unit.seconds * scale / 3600
    else:
        items = round(scale * _items(connection, plan, stage, step_id))
        hours = unit.seconds * items / 3600
    counted = max(1, items)
    return StepNeed(
        stage.spec.digest, stage.title, items, 1000 * unit.seconds, hours, round(unit.rows * counted),
        round(unit.size * counted * factor), unit.items,
    )  # fmt: skip


def _items(connection: Connection, plan: Plan, stage: Stage, step_id: int | None) -> int:
    """The number of items; where other steps have yet to make them, the number expected."""
    pairs = plan.pairs[stage.spec]
    count = sum(
        int(connection.execute(select(func.count()).select_from(stage.items(pair).subquery())).scalar_one())
        for pair in pairs
    )
    done = 0
    if step_id is not None:
        query = select(func.count()).where(outcome.c.step_id == step_id)
        done = int(connection.execute(query).scalar_one())
    if count or done:
        return max(count, done)
    return _imported(connection, {pair.original_lang for pair in pairs})


def _imported(connection: Connection, langs: Collection[str]) -> int:
    """The number of imported sentences of some languages."""
    query = select(func.count()).select_from(sentence).where(sentence.c.step_id.is_(None), sentence.c.lang.in_(langs))
    return int(connection.execute(query).scalar_one())

"""What a recipe would need for more sentences: rows, bytes, hours and connections."""

from __future__ import annotations

import math
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

#: connections of a driver: one that writes or reads, one that gives signs of life
_OF_A_DRIVER = 2


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table.

    :param size: bytes, about, with its indices.
    """

    name: str
    rows: int
    size: int


@dataclass(frozen=True, slots=True)
class StepNeed:
    """What a step needs.

    :param seconds: of one process for 1 000 items.
    :param hours: of one process for all items.
    :param measured: items that this database measured it on; 0: by the documentation's tables.
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
    :param drivers: processes that end within the hours that there are; None: it was not asked.
    :param connections: that these have on PostgreSQL.
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
    """How large a database is, and what a recipe would need.

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

    :param sentences: imported sentences in all; by default those that there are.
    :param hours: that there are for it.
    :raises UsageError: when no sentence is there to measure.
    """
    with database.read() as connection:
        tables = [_table(connection, table) for table in LASTING]
        size = _on_disk(database, connection)
        # What a file takes beyond its rows: pages that are not full, and indices.
        factor = max(1.0, size / max(1, sum(each.size for each in tables))) if size and _is_file(database) else 1.0
        need = None if plan is None else _need(connection, plan, sentences, hours, factor)
    return SizeReport(database.url, size, [each for each in tables if each.rows], need)


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
        raise UsageError("there is no sentence to measure", hint="import some thousand of them first", sentences=0)
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
    known = find_step(connection, stage.spec)
    unit = unit_of(connection, stage, known)
    if stage.item_kind is ItemKind.CORPORA:
        # What is learned from a corpus takes as long as the corpus is large, and stays small.
        items, hours = len(plan.pairs[stage.spec]), unit.seconds * scale / 3600
    else:
        items = round(scale * _items(connection, plan, stage, known))
        hours = unit.seconds * items / 3600
    counted = max(1, items)
    return StepNeed(
        stage.spec.digest, stage.title, items, 1000 * unit.seconds, hours, round(unit.rows * counted),
        round(unit.size * counted * factor), unit.items,
    )  # fmt: skip


def _items(connection: Connection, plan: Plan, stage: Stage, known: int | None) -> int:
    """The items that there are, or would be, where other steps make them."""
    pairs = plan.pairs[stage.spec]
    found = sum(
        int(connection.execute(select(func.count()).select_from(stage.items(pair).subquery())).scalar_one())
        for pair in pairs
    )
    done = 0
    if known is not None:
        query = select(func.count()).where(outcome.c.step_id == known)
        done = int(connection.execute(query).scalar_one())
    if found or done:
        return max(found, done)
    langs = {pair.original_lang for pair in pairs}
    query = select(func.count()).select_from(sentence).where(sentence.c.step_id.is_(None), sentence.c.lang.in_(langs))
    return int(connection.execute(query).scalar_one())

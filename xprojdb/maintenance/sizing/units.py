"""The cost of one item of a step: as measured by this database's runs, otherwise as in docs/measurements.md."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Table, func, select

from xprojdb.db.tables import alignment, candidate, entity, label, outcome, run, sentence, translation_score, vote
from xprojdb.maintenance.row_sizes import bytes_of
from xprojdb.maintenance.step_rows import STEP_TABLES
from xprojdb.steps.stage import ItemKind, Stage

#: seconds of one core for an item, and the rows it produces, on a shared x86-64 core without a GPU
_MEASURED: dict[str, tuple[float, dict[Table, float]]] = {
    "align": (1 / 38, {alignment: 1}),
    "quality": (1 / 38, {translation_score: 1}),
    "tag": (1 / 43, {entity: 1.6}),
    "translate": (1 / 4, {sentence: 1}),
    "carry": (1 / 4, {sentence: 1, entity: 1.6}),
    "score": (1 / 100_000, {candidate: 4.1}),
    "project": (1 / 100_000, {label: 1.5}),
    "revise": (1 / 3_000, {label: 1.6}),
    "combine": (1 / 20_000, {label: 1.5, vote: 4}),
}
#: seconds of one core that learning takes for each sentence of a corpus, and bytes of what is learned
_LEARNED: dict[str, tuple[float, float]] = {"target-tagger": (1 / 200, 350_000), "vote-evidence": (1 / 3_500, 500)}
#: of learning that only counts
_COUNTED = (1 / 10_000, 10_000)
#: bytes of a row with its share of indices, where there is none to measure
_BYTES = {
    alignment: 900,
    entity: 22,
    sentence: 420,
    candidate: 28,
    label: 40,
    vote: 36,
    translation_score: 44,
    outcome: 12,
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What one item costs.

    :param seconds: of one process.
    :param rows: that are stored, outcomes included.
    :param size: bytes of these.
    :param items: how many it was measured on; 0: it is from the tables of the documentation.
    """

    seconds: float
    rows: float
    size: float
    items: int = 0


def unit_of(connection: Connection, stage: Stage, step_id: int | None, sentences: int) -> Unit:
    """The cost of an item of a stage.

    :param step_id: its key, where the database has the step.
    :param sentences: those of a corpus, if a corpus is the item.
    """
    done = 0 if step_id is None else _count(connection, outcome, step_id)
    if step_id is None or not done:
        return _documented(stage, sentences)
    rows = {table: _count(connection, table, step_id) for table in STEP_TABLES if table.name != "lease"}
    if stage.makes_translations:
        rows[sentence] = _count(connection, sentence, step_id)
    size = sum(bytes_of(connection, table, count, (table.c.step_id == step_id,)) for table, count in rows.items())
    seconds = _seconds(connection, step_id)
    seconds_each = _documented(stage, sentences).seconds if seconds is None else seconds
    return Unit(seconds_each, sum(rows.values()) / done, size / done, done)


def _count(connection: Connection, table: Table, step_id: int) -> int:
    return int(connection.execute(select(func.count()).where(table.c.step_id == step_id)).scalar_one())


def _documented(stage: Stage, sentences: int) -> Unit:
    kind = stage.spec.kind
    if stage.item_kind is ItemKind.CORPORA:
        each, learned = _LEARNED.get(kind, _COUNTED)
        return Unit(each * sentences, 2, learned + _BYTES[outcome])
    seconds, rows = _MEASURED.get(kind, (0.0, {}))
    rows = {**rows, outcome: 1}
    return Unit(seconds, sum(rows.values()), sum(count * _BYTES[table] for table, count in rows.items()))


def _seconds(connection: Connection, step_id: int) -> float | None:
    """The time of an item by what runs have recorded; None when none has."""
    done, seconds = 0, 0.0
    counts: Sequence[str | None] = (
        connection.execute(select(run.c.counts).where(run.c.counts.is_not(None))).scalars().all()
    )
    for text in counts:
        for step in json.loads(text or "{}").get("steps", ()):
            if step["step_id"] == step_id:
                done, seconds = done + step["done"], seconds + step["seconds"]
    return seconds / done if done else None

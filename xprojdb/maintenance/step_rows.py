"""What the steps of a database have stored, and by which key it refers to a sentence, a translation or a corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Column, ColumnElement, Connection, Table, exists, select
from sqlalchemy.exc import NoResultFound

from xprojdb.db.tables import (
    alignment,
    artifact,
    candidate,
    entity,
    label,
    metadata,
    model_score,
    sentence,
    step,
    translation_score,
    vote,
    word_score,
)
from xprojdb.errors import DatabaseError
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import GOLD, load_spec
from xprojdb.steps.stage import ItemKind
from xprojdb.steps.translate.carry import Carry

Items = Literal["sentence", "translation", "corpus", "step"]

#: the tables whose key starts with the step
STEP_TABLES: tuple[Table, ...] = tuple(
    table
    for table in metadata.tables.values()
    if table.name != "step_input" and next(iter(table.primary_key.columns)).name == "step_id"
)
#: those that hold results, as opposed to what became of an item
RESULT_TABLES = tuple(table for table in STEP_TABLES if table.name not in ("outcome", "failure", "lease"))

_ITEMS: Mapping[ItemKind, Items] = {
    ItemKind.PAIRS: "translation",
    ItemKind.SENTENCES: "sentence",
    ItemKind.CORPORA: "corpus",
    ItemKind.STEPS: "step",
}
_ITEM_COLUMNS: Mapping[Table, Column[int]] = {
    entity: entity.c.sentence_id,
    word_score: word_score.c.sentence_id,
    vote: vote.c.sentence_id,
    alignment: alignment.c.translation_id,
    candidate: candidate.c.translation_id,
    translation_score: translation_score.c.translation_id,
    artifact: artifact.c.corpus_id,
    model_score: model_score.c.train_id,
}


#: what the outcomes of steps are about, by kind and digest: computed once, needed in every transaction of a deletion
_ITEMS_BY_STEP: dict[tuple[str, str], Items] = {}


@dataclass(frozen=True, slots=True)
class StoredStep:
    """A step and what it has stored.

    :param items: what its outcomes are about.
    :param tables: names of the tables in which it has rows.
    """

    id: int
    kind: str
    digest: str
    items: Items
    tables: frozenset[str]

    @property
    def short(self) -> str:
        """Kind and the first eight digits of the digest, for people."""
        return f"{self.kind} {self.digest[:8]}"


def stored_steps(connection: Connection) -> list[StoredStep]:
    """All steps of a database, earlier ones first."""
    tables: dict[int, set[str]] = {}
    for table in STEP_TABLES:
        there = exists().where(table.c.step_id == step.c.id)
        for key in connection.execute(select(step.c.id).where(there)).scalars():
            tables.setdefault(key, set()).add(table.name)
    rows = connection.execute(select(step.c.id, step.c.kind, step.c.digest).order_by(step.c.id)).all()
    return [_stored(connection, *row, frozenset(tables.get(row.id, ()))) for row in rows]


def _stored(connection: Connection, step_id: int, kind: str, digest: str, tables: frozenset[str]) -> StoredStep:
    if (kind, digest) not in _ITEMS_BY_STEP:
        items = _items_by_stage(connection, step_id, kind)
        if items is None:
            return StoredStep(step_id, kind, digest, _items_by_rows(connection, step_id, tables), tables)
        _ITEMS_BY_STEP[kind, digest] = items
    return StoredStep(step_id, kind, digest, _ITEMS_BY_STEP[kind, digest], tables)


def _items_by_stage(connection: Connection, step_id: int, kind: str) -> Items | None:
    """What the stage says; None for a step of another code version, or a damaged one."""
    if kind == GOLD.kind:
        return "sentence"
    try:
        return _ITEMS[stage_of(load_spec(connection, step_id)).item_kind]
    except (DatabaseError, NoResultFound, KeyError, ValueError):
        return None


def _items_by_rows(connection: Connection, step_id: int, tables: frozenset[str]) -> Items:
    if "artifact" in tables:
        return "corpus"
    through = select(label.c.step_id).where(label.c.step_id == step_id, label.c.translation_id > 0).limit(1)
    if tables & {"alignment", "candidate", "translation_score"} or connection.execute(through).first() is not None:
        return "translation"
    return "sentence"


def item_column(table: Table, step_: StoredStep) -> ColumnElement[int]:
    """The column of a result table that holds the item of a step."""
    if table is label:
        return label.c.translation_id if step_.items == "translation" else label.c.sentence_id
    if table is entity and step_.kind == Carry.kind:
        # The step reads a sentence and attaches entities to the sentence it makes.
        written = sentence.alias("written")
        item = select(written.c.parent_id).where(written.c.id == entity.c.sentence_id)
        return item.correlate(entity).scalar_subquery()
    return _ITEM_COLUMNS[table]


def ids_with(steps: Sequence[StoredStep], table: Table, items: Items | None = None) -> list[int]:
    """The steps that have rows in a table.

    :param items: only steps with this kind of item.
    """
    return [step.id for step in steps if table.name in step.tables and items in (None, step.items)]

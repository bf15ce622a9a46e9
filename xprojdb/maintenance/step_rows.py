"""What the steps of a database have stored, and by which key it hangs on a sentence, a translation or a corpus."""

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
    vote,
    word_score,
)
from xprojdb.errors import DatabaseError
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import GOLD, load_spec
from xprojdb.steps.stage import ItemKind
from xprojdb.steps.translate.carry import Carry

Items = Literal["sentence", "translation", "corpus", "step"]

#: the tables whose key begins with the step
STEP_TABLES: tuple[Table, ...] = tuple(
    table
    for table in metadata.tables.values()
    if table.name != "step_input" and next(iter(table.primary_key.columns)).name == "step_id"
)
#: those of them that hold results, and not what became of an item
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
    artifact: artifact.c.corpus_id,
    model_score: model_score.c.train_id,
}


#: what the outcomes of steps are about, by kind and digest: told once, asked in every transaction of a deletion
_KNOWN: dict[tuple[str, str], Items] = {}


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
    if (kind, digest) not in _KNOWN:
        found = _items_by_stage(connection, step_id, kind)
        if found is None:
            return StoredStep(step_id, kind, digest, _items_by_rows(connection, step_id, tables), tables)
        _KNOWN[kind, digest] = found
    return StoredStep(step_id, kind, digest, _KNOWN[kind, digest], tables)


def _items_by_stage(connection: Connection, step_id: int, kind: str) -> Items | None:
    """What the stage says; None for a step of another version of the code, or a damaged one."""
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
    if tables & {"alignment", "candidate"} or connection.execute(through).first() is not None:
        return "translation"
    return "sentence"


def item_column(table: Table, made_by: StoredStep) -> ColumnElement[int]:
    """The column of a result table that names the item of a step."""
    if table is label:
        return label.c.translation_id if made_by.items == "translation" else label.c.sentence_id
    if table is entity and made_by.kind == Carry.kind:
        # It reads a sentence and puts entities on what it makes of that.
        written = sentence.alias("written")
        item = select(written.c.parent_id).where(written.c.id == entity.c.sentence_id)
        return item.correlate(entity).scalar_subquery()
    return _ITEM_COLUMNS[table]


def ids_with(steps: Sequence[StoredStep], table: Table, items: Items | None = None) -> list[int]:
    """The steps that have rows in a table.

    :param items: only those whose items are of this kind.
    """
    return [each.id for each in steps if table.name in each.tables and items in (None, each.items)]

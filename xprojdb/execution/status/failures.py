"""The failed items: what they are, and why they failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import corpus, failure, outcome, sentence, step, translation
from xprojdb.errors import DatabaseError
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import load_spec
from xprojdb.steps.stage import ItemKind


@dataclass(frozen=True, slots=True)
class FailedItem:
    """An item whose outcome is a failure.

    :param digest: the step's digest.
    :param title: the step's title, as a run shows it.
    :param item: its key.
    :param names: its sentences, original first, in the form ``xprojdb explain`` accepts; or the corpus.
    :param reason: a reason code, such as the class of the error.
    """

    digest: str
    title: str
    item: int
    names: list[str]
    reason: str
    message: str
    traceback: str
    run_id: int


def read_failed(database: Database) -> list[FailedItem]:
    """Read all current failures, latest first; failures of earlier attempts at an item are left out."""
    with database.read() as connection:
        rows = connection.execute(_standing()).all()
        steps = {step_id: _step(connection, step_id) for step_id in {row.step_id for row in rows}}
        named: dict[tuple[int, int], list[str]] = {}
        for step_id, (_, _, kind) in steps.items():
            items = sorted(row.item_id for row in rows if row.step_id == step_id)
            named |= {(step_id, item): names for item, names in _names(connection, kind, items).items()}
    return [
        FailedItem(
            *steps[row.step_id][:2],
            row.item_id,
            named.get((row.step_id, row.item_id), []),
            row.reason or "",
            row.message,
            row.traceback,
            row.run_id,
        )
        for row in rows
    ]


def _standing() -> Select[Any]:
    stands = and_(*(outcome.c[name] == failure.c[name] for name in ("step_id", "item_id", "run_id")))
    return (
        select(failure, outcome.c.reason)
        .join(outcome, stands & (outcome.c.status == "failed"))
        .order_by(failure.c.run_id.desc(), failure.c.step_id, failure.c.item_id)
    )


def _step(connection: Connection, step_id: int) -> tuple[str, str, ItemKind | None]:
    """The digest and title of a step, and the kind of its items if known."""
    spec = load_spec(connection, step_id)
    try:
        stage = stage_of(spec)
    except DatabaseError:
        # A step of another version of xprojdb, whose failures are shown all the same.
        return spec.digest, spec.kind, None
    return spec.digest, stage.title, stage.item_kind


def _names(connection: Connection, kind: ItemKind | None, items: Sequence[int]) -> Mapping[int, list[str]]:
    if kind == ItemKind.CORPORA:
        named = select(corpus.c.id, corpus.c.name).where(bulk.among(connection, corpus.c.id, items))
        return {key: [name] for key, name in bulk.fetch(connection, named)}
    if kind == ItemKind.SENTENCES:
        return {key: [name] for key, name in _sentences(connection, items).items()}
    if kind == ItemKind.STEPS:
        digests = select(step.c.id, step.c.digest).where(bulk.among(connection, step.c.id, items))
        return {key: [f"model {digest[:8]}"] for key, digest in bulk.fetch(connection, digests)}
    if kind is None:
        return {}
    columns = (translation.c.id, translation.c.original_id, translation.c.rendering_id)
    query = select(*columns).where(bulk.among(connection, translation.c.id, items))
    pairs = {key: sides for key, *sides in bulk.fetch(connection, query)}
    names = _sentences(connection, sorted({key for sides in pairs.values() for key in sides}))
    return {key: [names[side] for side in sides] for key, sides in pairs.items()}


def _sentences(connection: Connection, keys: Sequence[int]) -> Mapping[int, str]:
    query = select(sentence.c.id, corpus.c.name, sentence.c.lang, sentence.c.external_id)
    query = query.join(corpus, corpus.c.id == sentence.c.corpus_id).where(bulk.among(connection, sentence.c.id, keys))
    return {
        key: str(key) if external is None else f"{name}/{lang}/{external}"
        for key, name, lang, external in bulk.fetch(connection, query)
    }

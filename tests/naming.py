"""All rows of a database with names in place of keys: equal for two that say the same, whatever their keys are."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.maintenance.step_rows import stored_steps

_TABLES = (
    "sentence", "translation", "entity", "alignment", "candidate", "label", "vote", "artifact", "word_score", "outcome",
    "phrase_score", "translation_score", "source_file",
)  # fmt: skip
#: of runs, which differ by nature
_LEFT_OUT = {"id", "run_id"}


def told(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all tables of results, each key told by a name."""
    with database.read() as connection:
        names = _names(connection)
        items = {step.id: step.items for step in stored_steps(connection)}
        return {name: sorted(_told(connection, name, names, items), key=repr) for name in _TABLES}


def _told(connection: Any, table: str, names: dict[str, dict[int, Any]], items: dict[int, Any]) -> Any:
    for row in connection.execute(select(t.metadata.tables[table])).mappings():
        kinds = {column: _kind(column, items.get(row.get("step_id"), "")) for column in row if column not in _LEFT_OUT}
        yield tuple(names[kind][row[column]] if kind else row[column] for column, kind in kinds.items())


def _kind(column: str, items: str) -> str:
    if column == "item_id":
        return items
    return {
        "corpus_id": "corpus", "step_id": "step", "voter_step_id": "step", "sentence_id": "sentence",
        "parent_id": "sentence", "original_id": "sentence", "rendering_id": "sentence",
        "translation_id": "translation", "source_file_id": "source_file",
    }.get(column, "")  # fmt: skip


def _names(connection: Any) -> dict[str, dict[int, Any]]:
    corpora = {row.id: row.name for row in connection.execute(select(t.corpus))}
    steps: dict[Any, Any] = {row.id: row.digest[:8] for row in connection.execute(select(t.step))} | {None: None}
    files: dict[Any, Any] = {
        row.id: (corpora[row.corpus_id], row.lang, row.part) for row in connection.execute(select(t.source_file))
    } | {None: None}
    sentences: dict[Any, Any] = {None: None}
    for row in connection.execute(select(t.sentence).order_by(t.sentence.c.id)):
        own = row.external_id or (sentences[row.parent_id], steps[row.step_id])
        sentences[row.id] = (corpora[row.corpus_id], row.lang, own)
    pairs: dict[Any, Any] = {0: None}
    for row in connection.execute(select(t.translation)):
        pairs[row.id] = (sentences[row.original_id], sentences[row.rendering_id], steps[row.step_id])
    return {"corpus": corpora, "step": steps, "source_file": files, "sentence": sentences, "translation": pairs}

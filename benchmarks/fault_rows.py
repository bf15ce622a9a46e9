"""What a database and an export hold, apart from what two equal runs may differ in."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from xprojdb.db import bulk, open_database
from xprojdb.db.tables import LASTING, entity, sentence, source_file, step, translation

#: what holds rows of each table; and the files of an export by their names
Contents = dict[str, set[tuple[Any, ...]]]
#: table → key → rank
Ranks = Mapping[str, Mapping[int, int] | None]
#: steps whose items are translations
_OF_TRANSLATIONS = ("align", "score", "project")
#: column → the table whose keys it holds, where its name does not say so
_REFERENCES = {"input_id": "step", "original_id": "sentence", "rendering_id": "sentence", "parent_id": "sentence"}
#: records of runs, and of exports, of which one that is killed at its very end is written down twice
_OWN = ("run_id", "after_run", "destination")


def contents(address: str, exported: Path) -> Contents:
    """All rows of all tables but ``run``, and the digests of exported files.

    Keys that the database counts are replaced by their rank: PostgreSQL does not give out again what a transaction took
    that was rolled back.
    """
    with open_database(address) as database, database.read() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        ranks = {table.name: _ranks(connection, table) for table in LASTING if "id" in table.columns}
        by_name: Contents = {table.name: _rows(connection, table, ranks) for table in LASTING if table.name != "run"}
    files = (path for path in exported.rglob("*") if path.is_file() and not path.name.startswith("."))
    by_name["files"] = {(path.name, hashlib.sha256(path.read_bytes()).hexdigest()) for path in files}
    return by_name


def named(address: str) -> Contents:
    """The rows of sentences and what was imported with them, with names in place of keys: their order is open."""
    original, rendering = sentence.alias(), sentence.alias()
    of_entity = [sentence.c.lang, sentence.c.external_id, entity.c.ordinal, entity.c.start_word, entity.c.end_word]
    queries = {
        "source_file": select(source_file.c.lang, source_file.c.part, source_file.c.sha256, source_file.c.sentences),
        "sentence": select(sentence.c.lang, sentence.c.external_id, sentence.c.words),
        "entity": select(*of_entity, entity.c.label).join(sentence, sentence.c.id == entity.c.sentence_id),
        "translation": select(original.c.lang, original.c.external_id, rendering.c.lang, rendering.c.external_id)
        .join(translation, translation.c.original_id == original.c.id)
        .join(rendering, translation.c.rendering_id == rendering.c.id),
    }
    with open_database(address) as database, database.read() as connection:
        return {name: set(bulk.fetch(connection, query)) for name, query in queries.items()}


def differing(found: Contents, expected: Contents) -> set[str]:
    """The names of the tables that differ, and ``files`` when the files do."""
    return {name for name in expected if found[name] != expected[name]}


def _ranks(connection: Connection, table: Table) -> Mapping[int, int] | None:
    """Key → rank; None when they are equal."""
    keys = bulk.fetch(connection, select(table.c.id).order_by(table.c.id))
    by_name = {key: rank for rank, (key,) in enumerate(keys, 1)}
    return by_name if any(key != rank for key, rank in by_name.items()) else None


def _rows(connection: Connection, table: Table, ranks: Ranks) -> set[tuple[Any, ...]]:
    """The rows of a table, which differ in their keys; only an export's key is left out, so that one counts once."""
    columns = [column for column in table.columns if column.name not in _OWN]
    if table.name == "export":
        columns.remove(table.c.id)
    rows = bulk.fetch(connection, select(*columns))
    if table.name == "outcome":
        rows = _with_ranked_items(connection, rows, ranks)
    counted = [ranks.get(_counted(table.name, column.name)) for column in columns]
    if not any(counted):
        return set(rows)
    return {
        tuple(value if known is None else known.get(value, value) for value, known in zip(row, counted, strict=True))
        for row in rows
    }


def _counted(table: str, column: str) -> str:
    """The table whose keys a column holds."""
    if column == "id":
        return table
    return _REFERENCES.get(column, column.removesuffix("_id"))


def _with_ranked_items(connection: Connection, rows: list[bulk.Row], ranks: Ranks) -> list[bulk.Row]:
    """Outcomes whose items are translations, or sentences that were imported, with the rank of each."""
    kinds: dict[int, str] = dict(bulk.fetch(connection, select(step.c.id, step.c.kind)))
    items = {key: "translation" if kind in _OF_TRANSLATIONS else "sentence" for key, kind in kinds.items()}
    known = {key: ranks[table] or {} for key, table in items.items()}
    return [(row[0], known[row[0]].get(row[1], row[1]), *row[2:]) for row in rows]

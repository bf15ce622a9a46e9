"""Metadata for Datasette: what tables and columns hold, and queries to begin with."""

from __future__ import annotations

import json
from typing import Any

from xprojdb.db.tables import metadata

QUERIES = {
    "uncertain": (
        "Labels whose runner-up was nearly as good",
        "SELECT sentence, text, label, score, margin FROM v_final WHERE recipe = :recipe AND margin < 0.01"
        " ORDER BY margin",
    ),
    "sentence": (
        "Labels of one sentence",
        "SELECT text, label, score, margin FROM v_final WHERE recipe = :recipe AND corpus = :corpus AND lang = :lang"
        " AND external_id = :id",
    ),
    "outcomes": (
        "Items by step and outcome",
        "SELECT step_kind, status, count(*) AS items FROM v_outcome GROUP BY 1, 2",
    ),
}


def datasette_metadata(name: str) -> str:
    """A file for ``datasette --metadata``, as JSON, which is YAML as well.

    :param name: of the database, as Datasette calls it: its file name without the suffix.
    """
    tables = {table.name: _table(table) for table in metadata.sorted_tables if table.comment}
    queries = {key: {"title": title, "sql": sql} for key, (title, sql) in QUERIES.items()}
    databases = {"databases": {name: {"tables": tables, "queries": queries}}}
    return json.dumps(databases, indent=2, ensure_ascii=False) + "\n"


def _table(table: Any) -> dict[str, Any]:
    columns = {column.name: column.comment for column in table.columns if column.comment}
    return {"description": table.comment, "columns": columns}

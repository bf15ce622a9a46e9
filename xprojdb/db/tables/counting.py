"""Counts that are kept because counting takes long; all of it can be counted again."""

from __future__ import annotations

from sqlalchemy import Column, Table, Text

from xprojdb.db.tables.base import Key, id_column, metadata, natural_table

# The number of transactions that changed rows, and the number of deletions: cached counts are valid while the first
# stays the same; everything a batch depends on exists while the second does.
data_version = Table(
    "data_version", metadata, id_column(), Column("number", Key, nullable=False), info={"derived": True}
)

# Cached counts by name, with the data version at which they were taken.
count_cache = natural_table(
    "count_cache",
    Column("name", Text, nullable=False),
    Column("at_version", Key, nullable=False),
    Column("value", Text, nullable=False),
    key=("name",),
)
count_cache.info["derived"] = True

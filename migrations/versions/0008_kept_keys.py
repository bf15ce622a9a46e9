"""Keys that are never given again, whatever was deleted, and when a step was stored.

On SQLite the tables are written anew with AUTOINCREMENT, which remembers the highest key; on PostgreSQL the sequences
do, of which the table of sentences had none. Either way the next key is above those of the rows that are there, and
above those that rows still name whose sentence, translation, step, run or corpus is gone.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TABLES = ("corpus", "source_file", "sentence", "translation", "step", "run", "recipe", "evaluation", "export")
PLAIN = "id INTEGER NOT NULL"
KEPT = "id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL"

STEP_TABLES = ("entity", "alignment", "candidate", "label", "outcome", "failure", "artifact", "vote", "word_score")
#: what names rows of a table, apart from foreign keys
NAMED = {
    "corpus": (("artifact", "corpus_id"),),
    "sentence": tuple((table, "sentence_id") for table in ("entity", "word_score", "label", "vote")),
    "translation": tuple((table, "translation_id") for table in ("alignment", "candidate", "label", "vote")),
    "step": (*((table, "step_id") for table in STEP_TABLES), ("vote", "voter_step_id")),
    "run": (("outcome", "run_id"), ("failure", "run_id")),
}
#: the steps whose items are no translations, by kind
FITS = ("frequencies", "link-counts", "mean", "terms", "renderings", "forms", "reliability")
OF_SENTENCES = ("import", "tag", "translate", "carry", "combine")
ITEMS = {
    "corpus": f"step.kind IN {FITS}",
    "sentence": f"step.kind IN {OF_SENTENCES} OR step.kind IS NULL",
    "translation": f"step.kind NOT IN {FITS + OF_SENTENCES} OR step.kind IS NULL",
}


def upgrade() -> None:
    op.add_column("step", sa.Column("after_run", KEY, nullable=True))
    if op.get_bind().dialect.name == "sqlite":
        _write_anew(_with_kept_keys)
    else:
        op.execute("CREATE SEQUENCE sentence_id_seq OWNED BY sentence.id")
    for table in TABLES:
        _raise(table, _highest(table))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _write_anew(_with_plain_keys)
    else:
        op.execute("DROP SEQUENCE sentence_id_seq")
    op.drop_column("step", "after_run")


def _write_anew(redefined: Callable[[str, str], str]) -> None:
    """Write the tables again, with another definition of their keys; no foreign key is checked meanwhile."""
    execute = op.get_bind().exec_driver_sql
    # Views and foreign keys go on naming the table that takes the place of the old one.
    execute("PRAGMA legacy_alter_table = ON")
    for table in TABLES:
        columns = _value(f"SELECT sql FROM sqlite_master WHERE type = 'table' AND name = '{table}'").partition("(")[2]
        own = f"type = 'index' AND tbl_name = '{table}' AND sql IS NOT NULL"
        indices = list(execute(f"SELECT sql FROM sqlite_master WHERE {own}").scalars())
        execute(f"CREATE TABLE new_{table} ({redefined(table, columns)}")
        execute(f"INSERT INTO new_{table} SELECT * FROM {table} ORDER BY id")
        execute(f"DROP TABLE {table}")
        execute(f"ALTER TABLE new_{table} RENAME TO {table}")
        for index in indices:
            execute(index)
    execute("PRAGMA legacy_alter_table = OFF")


def _with_kept_keys(table: str, columns: str) -> str:
    found, keys = re.subn(rf"CONSTRAINT pk_{table} PRIMARY KEY \(id\),?\s*", "", columns)
    found, ids = re.subn(rf"^\s*{PLAIN}\b", KEPT, found)
    if (keys, ids) != (1, 1):
        raise RuntimeError(f"the key of the table {table} was changed by hand")
    return re.sub(r",\s*\)$", ")", found)


def _with_plain_keys(table: str, columns: str) -> str:
    key = f"CONSTRAINT pk_{table} PRIMARY KEY (id)"
    return f"{columns.replace(KEPT, PLAIN, 1).rstrip().removesuffix(')')}, {key})"


def _highest(table: str) -> int:
    """The highest key of today's rows, and of those that are named and gone."""
    queries = [f"SELECT max(id) FROM {table}"]
    queries += [f"SELECT max({column}) FROM {named}" for named, column in NAMED.get(table, ())]
    if table in ITEMS:
        for name in ("outcome", "failure"):
            joined = f"{name} LEFT JOIN step ON step.id = {name}.step_id"
            queries.append(f"SELECT max({name}.item_id) FROM {joined} WHERE {ITEMS[table]}")
    return max(int(_value(query) or 0) for query in queries)


def _raise(table: str, key: int) -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(f"DELETE FROM sqlite_sequence WHERE name = '{table}'")
        op.execute(f"INSERT INTO sqlite_sequence (name, seq) VALUES ('{table}', {key})")
    elif key:
        op.execute(f"SELECT setval('{table}_id_seq', greatest({key}, (SELECT last_value FROM {table}_id_seq)))")


def _value(query: str) -> Any:
    return op.get_bind().exec_driver_sql(query).scalar()

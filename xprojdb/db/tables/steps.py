"""Steps, and the runs and recipes that plan them; what became of each item, and what a step learned."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Integer, Table, Text

from xprojdb.db.tables.base import Key, id_column, metadata, natural_table

# after_run: the latest run when the step was stored; anything written by it or earlier runs belongs to another step.
step = Table(
    "step",
    metadata,
    id_column(),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("params", Text, nullable=False),
    Column("model", Text),
    Column("revision", Text),
    Column("digest", Text, nullable=False, unique=True),
    Column("after_run", Key),
    sqlite_autoincrement=True,
)

step_input = natural_table(
    "step_input",
    Column("step_id", ForeignKey("step.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("input_id", ForeignKey("step.id"), nullable=False),
    key=("step_id", "role"),
)

run = Table(
    "run",
    metadata,
    id_column(),
    Column("command", Text, nullable=False),
    Column("recipe_name", Text),
    Column("recipe_digest", Text),
    Column("recipe", Text),
    Column("versions", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("status", Text, nullable=False),
    Column("counts", Text),
    Column("heartbeat_at", Text),
    Column("process", Text),
    CheckConstraint("status IN ('running', 'done', 'stopped', 'failed')", name="status"),
    sqlite_autoincrement=True,
)

# The current text and plan of each recipe; runs record earlier ones.
recipe = Table(
    "recipe",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("plan", Text, nullable=False),
    sqlite_autoincrement=True,
)

outcome = natural_table(
    "outcome",
    Column("step_id", Key, nullable=False),
    Column("item_id", Key, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("run_id", Key, nullable=False),
    key=("step_id", "item_id"),
)

failure = natural_table(
    "failure",
    Column("step_id", Key, nullable=False),
    Column("item_id", Key, nullable=False),
    Column("run_id", Key, nullable=False),
    Column("message", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    key=("step_id", "item_id", "run_id"),
)

# Pending items of a step that a process has taken; free again when the lease expires.
lease = natural_table(
    "lease",
    Column("step_id", Key, nullable=False),
    Column("first_item", Key, nullable=False),
    Column("last_item", Key, nullable=False),
    Column("owner", Text, nullable=False),
    Column("expires_at", Float(53), nullable=False),
    key=("step_id", "first_item"),
)

# What a step learned from all sentences of a corpus, such as word counts; used unchanged for later sentences.
artifact = natural_table(
    "artifact",
    Column("step_id", Key, nullable=False),
    Column("corpus_id", Key, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    key=("step_id", "corpus_id"),
)

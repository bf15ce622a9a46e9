"""Where candidates come from, claims of workers, signs of life of runs, benchmarks of corpora, commits of exports."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ADDED = (
    ("candidate", "origin", sa.Integer()),
    ("corpus", "benchmark", sa.Text()),
    ("run", "seen_at", sa.Text()),
    ("run", "process", sa.Text()),
    ("export", "revision", sa.Text()),
)


def upgrade() -> None:
    for table, column, kind in ADDED:
        op.add_column(table, sa.Column(column, kind, nullable=True))
    op.create_table(
        "claim",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("first_item", KEY, nullable=False),
        sa.Column("last_item", KEY, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "first_item", name="pk_claim"),
        sqlite_with_rowid=False,
    )
    _rewrite_plans(_digests())


def downgrade() -> None:
    _rewrite_plans({digest: key for key, digest in _digests().items()})
    op.drop_table("claim")
    for table, column, _ in reversed(ADDED):
        op.drop_column(table, column)


def _digests() -> dict[Any, Any]:
    steps = sa.table("step", sa.column("id"), sa.column("digest"))
    return {row.id: row.digest for row in op.get_bind().execute(sa.select(steps.c.id, steps.c.digest))}


def _rewrite_plans(names: Mapping[Any, Any]) -> None:
    """Plans named the step that made their translations by its key; now they do by its digest."""
    plans = sa.table("recipe", sa.column("id", KEY), sa.column("plan", sa.Text))
    connection = op.get_bind()
    for key, plan in connection.execute(sa.select(plans.c.id, plans.c.plan)).all():
        told = json.loads(plan)
        for planned in told:
            planned["pairs"] = [[*scope, names.get(link, link), splits] for *scope, link, splits in planned["pairs"]]
        text = json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        connection.execute(sa.update(plans).where(plans.c.id == key).values(plan=text))

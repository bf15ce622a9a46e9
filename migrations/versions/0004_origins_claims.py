"""Where candidates come from, claims of workers, signs of life of runs, benchmarks of corpora, commits of exports."""

from __future__ import annotations

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


def downgrade() -> None:
    op.drop_table("claim")
    for table, column, _ in reversed(ADDED):
        op.drop_column(table, column)

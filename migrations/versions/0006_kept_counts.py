"""Counts of rows that are kept until the database is written again."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "write_count",
        sa.Column("id", KEY, nullable=False),
        sa.Column("number", KEY, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_write_count"),
    )
    op.create_table(
        "kept_count",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("at_write", KEY, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_kept_count"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("kept_count")
    op.drop_table("write_count")

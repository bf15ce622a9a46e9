"""Campaigns of review and what people decided in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ACTIONS = "'accept', 'correct', 'reject', 'add', 'skip', 'sentence-done', 'undo', 'bulk'"


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    _campaign(key)
    _campaign_item(key)
    _review(key)


def _campaign(key: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "campaign",
        sa.Column("id", key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Text(), nullable=False),
        sa.Column("recipe", sa.Text(), nullable=True),
        sa.Column("step_id", key, nullable=True),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("ordering", sa.Text(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("guideline", sa.Text(), nullable=True),
        sa.Column("redundancy", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_campaign_step_id"),
        sa.PrimaryKeyConstraint("id", name="pk_campaign"),
        sa.UniqueConstraint("name", name="uq_campaign_name"),
        sqlite_autoincrement=True,
    )


def _campaign_item(key: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "campaign_item",
        sa.Column("campaign_id", key, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("sentence_id", key, nullable=False),
        sa.Column("translation_id", key, nullable=False),
        sa.Column("probability", sa.Float(53), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_campaign_item_campaign_id"),
        sa.ForeignKeyConstraint(["sentence_id"], ["sentence.id"], name="fk_campaign_item_sentence_id"),
        sa.PrimaryKeyConstraint("campaign_id", "rank", name="pk_campaign_item"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_campaign_item_sentence_id", "campaign_item", ["sentence_id"])


def _review(key: sa.types.TypeEngine[int]) -> None:
    op.create_table(
        "review",
        sa.Column("id", key, nullable=False),
        sa.Column("campaign_id", key, nullable=False),
        sa.Column("sentence_id", key, nullable=False),
        sa.Column("reviewer", sa.Text(), nullable=False),
        sa.Column("at", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("old_start", "old_end")),
        sa.Column("old_label", sa.Text(), nullable=True),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("start_word", "end_word")),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("seconds", sa.Float(53), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("seen_step_id", key, nullable=True),
        sa.Column("undone_id", key, nullable=True),
        sa.CheckConstraint(f"action IN ({ACTIONS})", name="ck_review_action"),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name="fk_review_campaign_id"),
        sa.ForeignKeyConstraint(["sentence_id"], ["sentence.id"], name="fk_review_sentence_id"),
        sa.ForeignKeyConstraint(["seen_step_id"], ["step.id"], name="fk_review_seen_step_id"),
        sa.ForeignKeyConstraint(["undone_id"], ["review.id"], name="fk_review_undone_id"),
        sa.PrimaryKeyConstraint("id", name="pk_review"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_review_sentence_id", "review", ["sentence_id"])
    op.create_index("ix_review_campaign", "review", ["campaign_id", "reviewer", "sentence_id"])


def downgrade() -> None:
    for name in ("review", "campaign_item", "campaign"):
        op.drop_table(name)

"""What steps learn from a corpus, votes of several sources, word and phrase scores of models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "artifact",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("corpus_id", KEY, nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "corpus_id", name="pk_artifact"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "vote",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("sentence_id", KEY, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("voter_step_id", KEY, nullable=False),
        sa.Column("translation_id", KEY, nullable=False),
        sa.Column("entity_ordinal", sa.Integer(), nullable=False),
        sa.Column("start_word", sa.Integer(), nullable=False),
        sa.Column("end_word", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("contribution", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint(
            "step_id", "sentence_id", "ordinal", "voter_step_id", "translation_id", "entity_ordinal", name="pk_vote"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "word_score",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("sentence_id", KEY, nullable=False),
        sa.Column("packed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "sentence_id", name="pk_word_score"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "phrase_score",
        sa.Column("model", sa.Text(), nullable=False),
        sa.Column("revision", sa.Text(), nullable=False),
        sa.Column("direction", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("phrase", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint("model", "revision", "direction", "given", "phrase", name="pk_phrase_score"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for name in ("phrase_score", "word_score", "vote", "artifact"):
        op.drop_table(name)

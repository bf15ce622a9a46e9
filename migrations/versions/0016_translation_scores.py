"""Scores of translations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

COMMENTS = {
    "step_id": "The step that made it.",
    "translation_id": "The translation.",
    "similarity": "BERTScore of the vectors of their words; none without an encoder.",
    "length": "The shorter length relative to the longer one, in characters.",
    "numbers": "The share of the source's numbers that the target has.",
    "names": "The share of the source's names that the target has in nearly the same letters.",
}


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "translation_score",
        *(sa.Column(name, key, nullable=False, comment=COMMENTS[name]) for name in ("step_id", "translation_id")),
        sa.Column("similarity", sa.Float(53), comment=COMMENTS["similarity"]),
        *(
            sa.Column(name, sa.Float(53), nullable=False, comment=COMMENTS[name])
            for name in ("length", "numbers", "names")
        ),
        sa.PrimaryKeyConstraint("step_id", "translation_id", name="pk_translation_score"),
        comment="How good a translation is, by scores from 0 to 1.",
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("translation_score")
    # What has lost its rows is not done any more.
    for name in ("failure", "outcome"):
        op.execute(f"DELETE FROM {name} WHERE step_id IN (SELECT id FROM step WHERE kind = 'quality')")
    op.execute("UPDATE data_version SET number = number + 1")

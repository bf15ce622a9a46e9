"""The column ``licence`` of ``corpus`` is spelled as everywhere else: ``license``."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _rename("licence", "license")


def downgrade() -> None:
    _rename("license", "licence")


def _rename(old: str, new: str) -> None:
    op.execute(f"ALTER TABLE corpus RENAME COLUMN {old} TO {new}")
    # SQLite has no comments.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"COMMENT ON COLUMN corpus.{new} IS 'Identifier or name of the {new}.'")

"""The view of candidates shows their origins."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

V_CANDIDATE = """
CREATE VIEW v_candidate AS
SELECT candidate.step_id, made.digest AS step, made.params AS params, candidate.translation_id,
       candidate.entity_ordinal, candidate.start_word, candidate.end_word, candidate.score{origin}
FROM candidate
JOIN step AS made ON made.id = candidate.step_id
"""


def upgrade() -> None:
    _view(", candidate.origin")


def downgrade() -> None:
    _view("")


def _view(origin: str) -> None:
    op.execute("DROP VIEW v_candidate")
    op.execute(V_CANDIDATE.format(origin=origin))

"""Tables, columns and a view get the words that databases and the field have for them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

TABLES = (("claim", "lease"), ("kept_count", "count_cache"), ("write_count", "data_version"))
#: by the table's new name
COLUMNS = (
    ("count_cache", "at_write", "at_version"),
    ("run", "seen_at", "heartbeat_at"),
    ("word_score", "packed", "probabilities"),
    ("phrase_score", "given", "condition"),
)
VIEW = """
CREATE VIEW {name} AS
WITH RECURSIVE {cte} (step_id, input_id, role) AS (
    SELECT step_id, input_id, role FROM step_input
    UNION
    SELECT {cte}.step_id, step_input.input_id, step_input.role
    FROM {cte} JOIN step_input ON step_input.step_id = {cte}.input_id
)
SELECT {cte}.step_id, made.digest AS step, {cte}.role, input.kind AS input_kind, input.digest AS input,
       input.model, input.revision, input.params, {cte}.input_id
FROM {cte}
JOIN step AS made ON made.id = {cte}.step_id
JOIN step AS input ON input.id = {cte}.input_id
"""


def upgrade() -> None:
    op.execute("DROP VIEW v_behind")
    for old, new in TABLES:
        _rename_table(old, new)
    for table, old, new in COLUMNS:
        _rename_column(table, old, new)
    op.execute(VIEW.format(name="v_upstream", cte="upstream"))


def downgrade() -> None:
    op.execute("DROP VIEW v_upstream")
    for table, old, new in COLUMNS:
        _rename_column(table, new, old)
    for old, new in TABLES:
        _rename_table(new, old)
    op.execute(VIEW.format(name="v_behind", cte="behind"))


def _rename_table(old: str, new: str) -> None:
    op.rename_table(old, new)
    # SQLite keeps no name of a primary key apart from the table's text, which the renaming leaves as it was.
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text(f"ALTER TABLE {new} RENAME CONSTRAINT pk_{old} TO pk_{new}"))
        op.execute(sa.text(f"ALTER SEQUENCE IF EXISTS {old}_id_seq RENAME TO {new}_id_seq"))


def _rename_column(table: str, old: str, new: str) -> None:
    op.execute(sa.text(f"ALTER TABLE {table} RENAME COLUMN {old} TO {new}"))

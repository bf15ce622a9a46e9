"""Views of what is behind a label: its translation, its links, and every step that its own step rests on."""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TEXT = {
    "sqlite": "(SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each({side}.words) ORDER BY key))",
    "postgresql": "(SELECT string_agg(word, ' ' ORDER BY place) FROM json_array_elements_text({side}.words::json)"
    " WITH ORDINALITY AS listed (word, place))",
}

V_TRANSLATION = """
CREATE VIEW v_translation AS
SELECT translation.id AS translation_id, corpus.name AS corpus, translation.kind, translation.original_lang,
       corpus.name || '/' || original.lang || '/' || original.external_id AS original,
       coalesce(original.text, {original}) AS original_text, translation.rendering_lang,
       corpus.name || '/' || rendering.lang || '/' || rendering.external_id AS rendering,
       coalesce(rendering.text, {rendering}) AS rendering_text, made.kind AS step_kind, made.digest AS step,
       made.model, made.revision, made.params, outcome.run_id, translation.original_id, translation.rendering_id,
       translation.step_id
FROM translation
JOIN corpus ON corpus.id = translation.corpus_id
JOIN sentence AS original ON original.id = translation.original_id
JOIN sentence AS rendering ON rendering.id = translation.rendering_id
JOIN step AS made ON made.id = translation.step_id
LEFT JOIN outcome ON outcome.step_id = translation.step_id AND outcome.item_id = rendering.parent_id
"""

V_LINKS = """
CREATE VIEW v_links AS
SELECT alignment.translation_id, alignment.links, made.digest AS step, made.model, made.revision, made.params,
       outcome.run_id, alignment.step_id
FROM alignment
JOIN step AS made ON made.id = alignment.step_id
LEFT JOIN outcome ON outcome.step_id = alignment.step_id AND outcome.item_id = alignment.translation_id
"""

V_BEHIND = """
CREATE VIEW v_behind AS
WITH RECURSIVE behind (step_id, input_id, role) AS (
    SELECT step_id, input_id, role FROM step_input
    UNION
    SELECT behind.step_id, step_input.input_id, step_input.role
    FROM behind JOIN step_input ON step_input.step_id = behind.input_id
)
SELECT behind.step_id, made.digest AS step, behind.role, input.kind AS input_kind, input.digest AS input,
       input.model, input.revision, input.params, behind.input_id
FROM behind
JOIN step AS made ON made.id = behind.step_id
JOIN step AS input ON input.id = behind.input_id
"""


def upgrade() -> None:
    text = TEXT[op.get_bind().dialect.name]
    op.execute(V_TRANSLATION.format(original=text.format(side="original"), rendering=text.format(side="rendering")))
    op.execute(V_LINKS)
    op.execute(V_BEHIND)


def downgrade() -> None:
    for name in ("v_behind", "v_links", "v_translation"):
        op.execute(f"DROP VIEW {name}")

"""Views that spell out the common joins: every label, candidate and outcome with what made it."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

PHRASE = {
    "sqlite": "(SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each({words})"
    " WHERE key >= {start} AND key < {end} ORDER BY key))",
    "postgresql": "(SELECT string_agg(word, ' ' ORDER BY place) FROM json_array_elements_text({words}::json)"
    " WITH ORDINALITY AS listed (word, place) WHERE place > {start} AND place <= {end})",
}

V_LABEL = """
CREATE VIEW v_label AS
SELECT corpus.name AS corpus, target.lang AS lang, target.split AS split, target.external_id AS external_id,
       corpus.name || '/' || target.lang || '/' || target.external_id AS sentence,
       label.start_word, label.end_word, {target_phrase} AS text, label.label, label.score, label.margin,
       source.lang AS source_lang, source.external_id AS source_external_id,
       {source_phrase} AS source_text, entity.label AS source_label, translation.kind AS translation_kind,
       made.kind AS step_kind, made.digest AS step, made.params AS params, outcome.run_id AS run_id,
       run.recipe_name AS recipe, label.step_id, label.sentence_id, label.translation_id, label.ordinal,
       label.entity_ordinal
FROM label
JOIN sentence AS target ON target.id = label.sentence_id
JOIN corpus ON corpus.id = target.corpus_id
JOIN step AS made ON made.id = label.step_id
LEFT JOIN translation ON translation.id = label.translation_id
LEFT JOIN sentence AS source ON source.id = CASE WHEN translation.original_id = label.sentence_id
                                                 THEN translation.rendering_id ELSE translation.original_id END
LEFT JOIN step_input ON step_input.step_id = label.step_id AND step_input.role = 'entities'
LEFT JOIN entity ON entity.step_id = step_input.input_id AND entity.sentence_id = source.id
                AND entity.ordinal = label.entity_ordinal
LEFT JOIN outcome ON outcome.step_id = label.step_id
                 AND outcome.item_id = CASE WHEN label.translation_id = 0 THEN label.sentence_id
                                            ELSE label.translation_id END
LEFT JOIN run ON run.id = outcome.run_id
"""

V_CANDIDATE = """
CREATE VIEW v_candidate AS
SELECT candidate.step_id, made.digest AS step, made.params AS params, candidate.translation_id,
       candidate.entity_ordinal, candidate.start_word, candidate.end_word, candidate.score
FROM candidate
JOIN step AS made ON made.id = candidate.step_id
"""

V_OUTCOME = """
CREATE VIEW v_outcome AS
SELECT made.kind AS step_kind, made.digest AS step, outcome.step_id, outcome.item_id, outcome.status, outcome.reason,
       outcome.run_id, run.command, run.recipe_name AS recipe, run.started_at, failure.message
FROM outcome
JOIN step AS made ON made.id = outcome.step_id
LEFT JOIN run ON run.id = outcome.run_id
LEFT JOIN failure ON failure.step_id = outcome.step_id AND failure.item_id = outcome.item_id
                 AND failure.run_id = outcome.run_id
"""


def upgrade() -> None:
    phrase = PHRASE[op.get_bind().dialect.name]
    target = phrase.format(words="target.words", start="label.start_word", end="label.end_word")
    source = phrase.format(words="source.words", start="entity.start_word", end="entity.end_word")
    op.execute(V_LABEL.format(target_phrase=target, source_phrase=source))
    op.execute(V_CANDIDATE)
    op.execute(V_OUTCOME)


def downgrade() -> None:
    for name in ("v_outcome", "v_candidate", "v_label"):
        op.execute(f"DROP VIEW {name}")

"""The view of final labels takes in projections that taggers voted on."""

from __future__ import annotations

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

#: how each database takes a plan apart, and words
STAGES = {
    "sqlite": "json_each(recipe.plan) AS stage",
    "postgresql": "json_array_elements(recipe.plan::json) AS stage (value)",
}
STEP = {"sqlite": "json_extract(stage.value, '$.step')", "postgresql": "(stage.value ->> 'step')::bigint"}
PAIRS = {
    "sqlite": "json_each(final.stage, '$.pairs') AS pair",
    "postgresql": "json_array_elements(final.stage -> 'pairs') AS pair (value)",
}
PART = {"sqlite": "json_extract(pair.value, '$[{n}]')", "postgresql": "(pair.value ->> {n})"}
PHRASE = {
    "sqlite": "(SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each(target.words)"
    " WHERE key >= label.start_word AND key < label.end_word ORDER BY key))",
    "postgresql": "(SELECT string_agg(word, ' ' ORDER BY place) FROM json_array_elements_text(target.words::json)"
    " WITH ORDINALITY AS listed (word, place) WHERE place > label.start_word AND place <= label.end_word)",
}
# A step whose labels another step of the recipe counts, or lets taggers vote on, is a draft. Where a recipe combines
# several sources, it ends in the consensus.
VIEW = """
CREATE VIEW v_final AS
WITH planned AS (
    SELECT recipe.name AS recipe, {step} AS step_id, made.kind, made.digest, stage.value AS stage
    FROM recipe CROSS JOIN {stages} JOIN step AS made ON made.id = {step}
), ending AS (
    SELECT planned.* FROM planned WHERE planned.kind IN ({kinds}) AND NOT EXISTS (
        SELECT 1 FROM planned AS reader JOIN step_input ON step_input.step_id = reader.step_id
        WHERE reader.recipe = planned.recipe AND step_input.input_id = planned.step_id AND step_input.role IN ({roles}))
), final AS (
    SELECT ending.* FROM ending WHERE ending.kind = 'combine' OR NOT EXISTS (
        SELECT 1 FROM ending AS other WHERE other.recipe = ending.recipe AND other.kind = 'combine')
), scope AS (
    SELECT DISTINCT final.recipe, final.step_id, final.kind, final.digest, CAST({corpus} AS BIGINT) AS corpus_id,
           CASE WHEN final.kind != 'combine' THEN {original} END AS original_lang,
           CASE WHEN final.kind != 'combine' THEN {rendering} END AS rendering_lang,
           CASE WHEN final.kind != 'combine' THEN {link} END AS link, {splits} AS splits
    FROM final CROSS JOIN {pairs}
)
SELECT scope.recipe, corpus.name AS corpus, target.lang, target.split, target.external_id,
       corpus.name || '/' || target.lang || '/' || target.external_id AS sentence, label.start_word, label.end_word,
       {phrase} AS text, label.label, label.score, label.margin,
       CASE WHEN label.translation_id = 0 THEN NULL WHEN target.lang = scope.original_lang THEN scope.rendering_lang
            ELSE scope.original_lang END AS source_lang, scope.digest AS step, label.step_id, label.sentence_id,
       label.translation_id, label.ordinal
FROM scope
JOIN label ON label.step_id = scope.step_id
JOIN sentence AS target ON target.id = label.sentence_id AND target.corpus_id = scope.corpus_id
JOIN corpus ON corpus.id = target.corpus_id
LEFT JOIN translation ON translation.id = label.translation_id
LEFT JOIN step AS linked ON linked.id = translation.step_id
WHERE (scope.splits = '[]' OR scope.splits LIKE '%"' || target.split || '"%')
  AND (scope.kind = 'combine' OR (translation.original_lang = scope.original_lang
       AND translation.rendering_lang = scope.rendering_lang AND linked.digest = scope.link))
"""


def upgrade() -> None:
    _create(kinds="'project', 'revise', 'combine'", roles="'labels', 'projected'")


def downgrade() -> None:
    _create(kinds="'project', 'combine'", roles="'labels'")


def _create(**chosen: str) -> None:
    dialect = op.get_bind().dialect.name
    corpus, original, rendering, link, splits = (PART[dialect].format(n=n) for n in range(5))
    scope = {"corpus": corpus, "original": original, "rendering": rendering, "link": link, "splits": splits}
    source = {"step": STEP[dialect], "stages": STAGES[dialect], "pairs": PAIRS[dialect], "phrase": PHRASE[dialect]}
    op.execute("DROP VIEW v_final")
    op.execute(VIEW.format(**scope, **source, **chosen))

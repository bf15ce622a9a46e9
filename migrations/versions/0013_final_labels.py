"""A view of the labels that recipes end in, an index for it, and comments on tables and columns."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
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
# A step whose labels another step of the recipe only counts is a draft. Where a recipe combines several sources, it
# ends in the consensus.
VIEW = """
CREATE VIEW v_final AS
WITH planned AS (
    SELECT recipe.name AS recipe, {step} AS step_id, made.kind, made.digest, stage.value AS stage
    FROM recipe CROSS JOIN {stages} JOIN step AS made ON made.id = {step}
), ending AS (
    SELECT planned.* FROM planned WHERE planned.kind IN ('project', 'combine') AND NOT EXISTS (
        SELECT 1 FROM planned AS reader JOIN step_input ON step_input.step_id = reader.step_id
        WHERE reader.recipe = planned.recipe AND step_input.input_id = planned.step_id AND step_input.role = 'labels')
), final AS (
    SELECT ending.* FROM ending WHERE ending.kind = 'combine' OR NOT EXISTS (
        SELECT 1 FROM ending AS other WHERE other.recipe = ending.recipe AND other.kind = 'combine')
), scope AS (
    SELECT DISTINCT final.recipe, final.step_id, final.kind, final.digest, CAST({corpus} AS BIGINT) AS corpus_id,
           CASE final.kind WHEN 'project' THEN {original} END AS original_lang,
           CASE final.kind WHEN 'project' THEN {rendering} END AS rendering_lang,
           CASE final.kind WHEN 'project' THEN {link} END AS link, {splits} AS splits
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

COMMENTS: dict[str, tuple[str, dict[str, str]]] = {
    "alignment": (
        "Word links of one translation, by one aligner.",
        {
            "step_id": "The step that made it.",
            "translation_id": "The translation that it came through; 0 where it rests on several.",
            "links": "Pharaoh links with scores, such as 0-0:0.98 1-2:0.71.",
        },
    ),
    "artifact": (
        "What a step learned from all sentences of a corpus, as JSON.",
        {
            "step_id": "The step that made it.",
            "corpus_id": "The corpus.",
            "content": "JSON.",
            "digest": "SHA-256 of the content.",
        },
    ),
    "campaign": (
        "A queue of sentences for reviewers, drawn once.",
        {
            "id": "Key.",
            "name": "Name.",
            "step_id": "The step that made it.",
        },
    ),
    "campaign_item": (
        "A sentence in the queue of a campaign.",
        {
            "sentence_id": "The sentence.",
            "translation_id": "The translation that it came through; 0 where it rests on several.",
        },
    ),
    "candidate": (
        "A target span considered for an entity, with the value of one scorer.",
        {
            "step_id": "The step that made it.",
            "translation_id": "The translation that it came through; 0 where it rests on several.",
            "entity_ordinal": "The entity of the source sentence, by its ordinal.",
            "start_word": "First word, counted from 0.",
            "end_word": "One past the last word.",
            "score": "The value of one scorer.",
            "origin": "Candidate sets that it came from, one bit each.",
        },
    ),
    "corpus": (
        "An imported source of sentences.",
        {
            "id": "Key.",
            "name": "Name.",
            "version": "Release or revision.",
            "licence": "Identifier or name of the licence.",
            "citation": "How to cite it.",
            "url": "Where it is published.",
            "scheme": "Label scheme.",
            "benchmark": "Published benchmark that it is.",
        },
    ),
    "count_cache": (
        "A count that holds until the data version changes.",
        {
            "name": "Name.",
        },
    ),
    "data_version": (
        "How many transactions have changed rows, and how many deletions there were.",
        {
            "id": "Key.",
        },
    ),
    "entity": (
        "A labelled span of a sentence: gold, tagged or reviewed.",
        {
            "step_id": "The step that found it: import, a tagger or frozen reviews.",
            "sentence_id": "The sentence.",
            "ordinal": "Its place in the sentence, from 0.",
            "start_word": "First word, counted from 0.",
            "end_word": "One past the last word.",
            "label": "Label type, such as PER.",
        },
    ),
    "evaluation": (
        "Scores of one label type of a projection against gold labels.",
        {
            "id": "Key.",
            "step_id": "The step that made it.",
            "corpus_id": "The corpus.",
            "lang": "Language code.",
            "split": "Such as train or test; null where none was given.",
            "label": "Label type, such as PER.",
            "run_id": "The run that wrote it.",
        },
    ),
    "export": (
        "A data set that was written.",
        {
            "id": "Key.",
            "run_id": "The run that wrote it.",
            "format": "Name of the format.",
            "destination": "Folder or repository.",
            "query": "What was exported, as JSON.",
            "recipe_digest": "Digest of the recipe.",
            "counts": "Sentences by file, as JSON.",
            "checksums": "SHA-256 by file, as JSON.",
            "revision": "Commit on the Hub.",
        },
    ),
    "failure": (
        "The message and traceback behind a failed outcome.",
        {
            "step_id": "The step that made it.",
            "run_id": "The run that wrote it.",
        },
    ),
    "label": (
        "A projected span of a sentence.",
        {
            "step_id": "The step that made it.",
            "sentence_id": "The sentence.",
            "translation_id": "The translation that it came through; 0 where it rests on several.",
            "ordinal": "Its place in the sentence, from 0.",
            "start_word": "First word, counted from 0.",
            "end_word": "One past the last word.",
            "label": "Label type, such as PER.",
            "score": "Weighted score.",
            "margin": "By how much the score exceeds that of the runner-up.",
            "entity_ordinal": "The entity of the source sentence, by its ordinal.",
        },
    ),
    "lease": (
        "Items that a process has taken from those that wait for a step.",
        {
            "step_id": "The step that made it.",
        },
    ),
    "outcome": (
        "What became of an item in a step.",
        {
            "step_id": "The step that made it.",
            "item_id": "Sentence, translation or corpus that the step worked on.",
            "status": "ok, empty, filtered or failed.",
            "reason": "Why it is not ok.",
            "run_id": "The run that wrote it.",
        },
    ),
    "phrase_score": (
        "How probable a translation model finds one phrase given another.",
        {
            "score": "Weighted score.",
        },
    ),
    "recipe": (
        "What the name of a recipe stands for now.",
        {
            "id": "Key.",
            "name": "Name.",
            "digest": "SHA-256 of the content.",
            "text": "The recipe, as TOML.",
            "plan": "Its steps and what they cover, as JSON.",
        },
    ),
    "review": (
        "One decision of one reviewer; never changed.",
        {
            "id": "Key.",
            "sentence_id": "The sentence.",
            "reviewer": "Who decided.",
            "at": "When.",
            "action": "accept, correct, reject, add, skip, sentence-done, undo or bulk.",
            "old_start": "First word of the label that was shown.",
            "old_end": "One past its last word.",
            "old_label": "Its type.",
            "start_word": "First word, counted from 0.",
            "end_word": "One past the last word.",
            "label": "Label type, such as PER.",
            "seconds": "How long it took.",
            "note": "What the reviewer remarked.",
            "seen_step_id": "Whose labels were shown.",
            "undone_id": "The decision that this one takes back.",
        },
    ),
    "run": (
        "One execution of a command.",
        {
            "id": "Key.",
            "command": "What was run.",
            "versions": "Versions of this program and its libraries, as JSON.",
            "host": "Machine.",
            "started_at": "When it began.",
            "ended_at": "When it ended.",
            "status": "running, done, stopped or failed.",
            "counts": "What it did, as JSON.",
        },
    ),
    "sentence": (
        "A sentence in one language.",
        {
            "id": "Key.",
            "corpus_id": "The corpus.",
            "lang": "Language code.",
            "n_words": "Number of words.",
            "split": "Such as train or test; null where none was given.",
            "external_id": "Its id inside the corpus and language.",
            "source_file_id": "The file that it was imported from.",
            "parent_id": "The sentence that a step made it of.",
            "step_id": "The step that made it; null for an imported one.",
            "words": "Its words, as a JSON list.",
            "text": "The text before it was split into words.",
            "offsets": "Where each word begins in the text, as JSON.",
        },
    ),
    "source_file": (
        "A file that sentences were imported from.",
        {
            "id": "Key.",
            "corpus_id": "The corpus.",
            "lang": "Language code.",
            "name": "Name.",
            "run_id": "The run that wrote it.",
        },
    ),
    "step": (
        "A stage of a recipe with fixed parameters, known by its digest.",
        {
            "id": "Key.",
            "kind": "Stage, such as align or project.",
            "version": "Code version of the stage.",
            "params": "Parameters, as JSON.",
            "model": "Model that it runs.",
            "revision": "Revision of the model.",
            "digest": "SHA-256 of all that determines its results.",
        },
    ),
    "step_input": (
        "A step that another step reads, and in which role.",
        {
            "step_id": "The step that made it.",
            "role": "What it reads the other step for.",
            "input_id": "The step that is read.",
        },
    ),
    "translation": (
        "Two sentences that translate each other.",
        {
            "id": "Key.",
            "corpus_id": "The corpus.",
            "original_lang": "Language of the original.",
            "rendering_lang": "Language of the rendering.",
            "step_id": "The step that made it.",
            "kind": "human, machine or back.",
            "original_id": "The original.",
            "rendering_id": "Its rendering.",
        },
    ),
    "vote": (
        "An entity of one source behind a consensus label.",
        {
            "step_id": "The step that made it.",
            "sentence_id": "The sentence.",
            "ordinal": "Its place in the sentence, from 0.",
            "voter_step_id": "The step whose entity it is.",
            "translation_id": "The translation that it came through; 0 where it rests on several.",
            "entity_ordinal": "The entity of the source sentence, by its ordinal.",
            "start_word": "First word, counted from 0.",
            "end_word": "One past the last word.",
            "label": "Label type, such as PER.",
            "contribution": "How much it counted.",
        },
    ),
    "word_score": (
        "Label probabilities of a tagger for the words of a sentence.",
        {
            "step_id": "The step that made it.",
            "sentence_id": "The sentence.",
        },
    ),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    corpus, original, rendering, link, splits = (PART[dialect].format(n=n) for n in range(5))
    scope = {"corpus": corpus, "original": original, "rendering": rendering, "link": link, "splits": splits}
    source = {"step": STEP[dialect], "stages": STAGES[dialect], "pairs": PAIRS[dialect], "phrase": PHRASE[dialect]}
    op.execute(VIEW.format(**scope, **source))
    op.create_index("ix_label_margin", "label", ["step_id", "margin"])
    if dialect == "postgresql":
        _comment(drop=False)


def _comment(*, drop: bool) -> None:
    for table, (comment, columns) in COMMENTS.items():
        _say("TABLE", table, None if drop else comment)
        for column, text in columns.items():
            _say("COLUMN", f"{table}.{column}", None if drop else text)


def _say(kind: str, name: str, text: str | None) -> None:
    told = "NULL" if text is None else "'" + text.replace("'", "''") + "'"
    op.execute(sa.text(f"COMMENT ON {kind} {name} IS {told}".replace(":", "\\:")))


def downgrade() -> None:
    op.execute("DROP VIEW v_final")
    op.drop_index("ix_label_margin", "label")
    if op.get_bind().dialect.name == "postgresql":
        _comment(drop=True)

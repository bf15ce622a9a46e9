"""The SQL of the built-in questions.

Placeholders between ``<`` and ``>`` stand for lists of steps (``every``: all of the recipe; ``final``: those with its
final labels; ``projecting``, ``scoring``), for the labels of each final step with the least margin or score
(``weakest``), for joins and conditions that select target sentences, and for the words of a span:
``<phrase WORDS START END>``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Question(NamedTuple):
    """A built-in question.

    :param about: a description in one line.
    :param sql: see the module.
    """

    about: str
    sql: str


#: the words of a span, in the SQL of each database
PHRASES: Mapping[str, str] = {
    "sqlite": "(SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each({words})"
    " WHERE key >= {start} AND key < {end} ORDER BY key))",
    "postgresql": "(SELECT string_agg(word, ' ' ORDER BY place) FROM json_array_elements_text(CAST({words} AS json))"
    " WITH ORDINALITY AS listed (word, place) WHERE place > {start} AND place <= {end})",
}
#: the aggregate that joins strings
TOGETHER: Mapping[str, str] = {"sqlite": "group_concat", "postgresql": "string_agg"}

#: how many labels the questions about words sample: reading the words of a million takes seconds
SAMPLE = 50_000

# Each step on its own: so the index of margins gives its first labels, and those of all steps are not sorted.
WEAKEST = """SELECT * FROM (
    SELECT label.step_id, label.sentence_id, label.translation_id, label.ordinal, label.{by}
    FROM label <join label>
    WHERE label.step_id = {step}<where>
    ORDER BY label.{by}, label.sentence_id, label.translation_id, label.ordinal
    LIMIT :limit) AS of_{step}"""

_WEAKEST = """
WITH weakest AS (
  <weakest {by}>),
chosen AS (
  SELECT * FROM weakest ORDER BY {by}, sentence_id, translation_id, ordinal LIMIT :limit)
SELECT v_label.sentence, v_label.text, v_label.label, v_label.score, v_label.margin, v_label.source_lang,
       v_label.source_text, v_label.start_word, v_label.end_word, substr(v_label.step, 1, 8) AS step
FROM chosen
JOIN v_label ON v_label.step_id = chosen.step_id AND v_label.sentence_id = chosen.sentence_id
            AND v_label.translation_id = chosen.translation_id AND v_label.ordinal = chosen.ordinal
ORDER BY v_label.{by}, v_label.sentence_id, v_label.translation_id, v_label.ordinal
"""

_DISAGREEMENTS = """
WITH divided AS (
  SELECT vote.step_id, vote.sentence_id, vote.ordinal
  FROM vote <join vote>
  WHERE vote.step_id IN (<final>)<where>
  GROUP BY vote.step_id, vote.sentence_id, vote.ordinal
  HAVING min(vote.label) <> max(vote.label) OR min(vote.start_word) <> max(vote.start_word)
      OR min(vote.end_word) <> max(vote.end_word)),
chosen AS (
  SELECT label.* FROM divided
  JOIN label ON label.step_id = divided.step_id AND label.sentence_id = divided.sentence_id
            AND label.translation_id = 0 AND label.ordinal = divided.ordinal
  ORDER BY label.margin, label.sentence_id, label.ordinal
  LIMIT :limit)
SELECT corpus.name || '/' || sentence.lang || '/' || sentence.external_id AS sentence,
       <phrase sentence.words chosen.start_word chosen.end_word> AS text, chosen.label, chosen.score, chosen.margin,
       (SELECT <together>(
          CASE WHEN step.kind = 'review' THEN 'people'
               WHEN translation.id IS NULL THEN 'transfer' WHEN translation.original_id = vote.sentence_id
               THEN translation.rendering_lang ELSE translation.original_lang END
          || ' ' || vote.label || ' ' || <phrase sentence.words vote.start_word vote.end_word>, '; ')
        FROM vote JOIN step ON step.id = vote.voter_step_id
             LEFT JOIN translation ON translation.id = vote.translation_id
        WHERE vote.step_id = chosen.step_id AND vote.sentence_id = chosen.sentence_id
          AND vote.ordinal = chosen.ordinal) AS votes
FROM chosen
JOIN sentence ON sentence.id = chosen.sentence_id
JOIN corpus ON corpus.id = sentence.corpus_id
ORDER BY chosen.margin, chosen.sentence_id, chosen.ordinal
"""

_CONFLICTS = """
WITH selected AS (
  SELECT label.sentence_id, label.start_word AS one_start, label.end_word AS one_end, label.label AS one_label,
         label.translation_id AS one_link, across.start_word AS other_start, across.end_word AS other_end,
         across.label AS other_label, across.translation_id AS other_link
  FROM label <join label>
  JOIN label AS across ON across.step_id IN (<projecting>) AND across.sentence_id = label.sentence_id
   AND across.translation_id > label.translation_id
   AND across.start_word < label.end_word AND across.end_word > label.start_word
   AND (across.start_word <> label.start_word OR across.end_word <> label.end_word OR across.label <> label.label)
  WHERE label.step_id IN (<projecting>)<where>
  LIMIT :limit)
SELECT corpus.name || '/' || sentence.lang || '/' || sentence.external_id AS sentence,
       CASE WHEN one.original_id = sentence.id THEN one.rendering_lang ELSE one.original_lang END AS one_source,
       selected.one_label, <phrase sentence.words selected.one_start selected.one_end> AS one_text,
       CASE WHEN two.original_id = sentence.id THEN two.rendering_lang ELSE two.original_lang END AS other_source,
       selected.other_label, <phrase sentence.words selected.other_start selected.other_end> AS other_text
FROM selected
JOIN sentence ON sentence.id = selected.sentence_id
JOIN corpus ON corpus.id = sentence.corpus_id
JOIN translation AS one ON one.id = selected.one_link
JOIN translation AS two ON two.id = selected.other_link
"""

_LOST = """
WITH lost AS (
  <entities>),
chosen AS (SELECT lost.* FROM lost <join lost> WHERE 1 = 1<where> LIMIT :limit),
weighed AS (
  SELECT chosen.*,
         (SELECT max(candidate.score) FROM candidate
          WHERE candidate.step_id IN (<scoring>) AND candidate.translation_id = chosen.translation_id
            AND candidate.entity_ordinal = chosen.ordinal) AS best_score
  FROM chosen)
SELECT corpus.name || '/' || source.lang || '/' || source.external_id AS source,
       <phrase source.words entity.start_word entity.end_word> AS text, entity.label,
       corpus.name || '/' || target.lang || '/' || target.external_id AS target,
       CASE WHEN weighed.reason IS NOT NULL THEN weighed.reason WHEN weighed.status = 'failed' THEN 'failed'
            WHEN weighed.best_score IS NULL THEN 'no-candidates' ELSE 'not-chosen' END AS why, weighed.best_score
FROM weighed
JOIN sentence AS source ON source.id = weighed.source_id
JOIN sentence AS target ON target.id = weighed.sentence_id
JOIN corpus ON corpus.id = target.corpus_id
JOIN step_input ON step_input.step_id = weighed.step_id AND step_input.role = 'entities'
JOIN entity ON entity.step_id = step_input.input_id AND entity.sentence_id = weighed.source_id
           AND entity.ordinal = weighed.ordinal
"""

# Sums in one pass over the key; grouping by status would need a sort.
_BY_STEP = """
SELECT step.kind, substr(step.digest, 1, 8) AS step, step.model, counted.ok, counted.empty, counted.filtered,
       counted.failed, counted.items
FROM (SELECT step_id, count(*) AS items,
             sum(CASE WHEN status = 'ok' THEN 1 ELSE 0 END) AS ok,
             sum(CASE WHEN status = 'empty' THEN 1 ELSE 0 END) AS empty,
             sum(CASE WHEN status = 'filtered' THEN 1 ELSE 0 END) AS filtered,
             sum(CASE WHEN status = 'failed' THEN 1 ELSE 0 END) AS failed
      FROM outcome WHERE step_id IN (<every>) GROUP BY step_id) AS counted
JOIN step ON step.id = counted.step_id
ORDER BY step.id
LIMIT :limit
"""

_REASONS = """
SELECT step.kind, substr(step.digest, 1, 8) AS step, counted.status, counted.reason, counted.items
FROM (SELECT step_id, status, reason, count(*) AS items FROM outcome
      WHERE step_id IN (<every>) AND status <> 'ok' GROUP BY step_id, status, reason) AS counted
JOIN step ON step.id = counted.step_id
ORDER BY counted.items DESC, step.id, counted.reason
LIMIT :limit
"""

_BY_LANGUAGE = """
SELECT corpus.name AS corpus, counted.lang, counted.label, counted.labels, counted.score, counted.margin
FROM (SELECT target.corpus_id, target.lang, label.label, count(*) AS labels, avg(label.score) AS score,
             avg(label.margin) AS margin
      FROM label JOIN sentence AS target ON target.id = label.sentence_id
      WHERE label.step_id IN (<final>)<where>
      GROUP BY target.corpus_id, target.lang, label.label) AS counted
JOIN corpus ON corpus.id = counted.corpus_id
ORDER BY corpus.name, counted.lang, counted.labels DESC, counted.label
LIMIT :limit
"""

_SAMPLED = f"""
WITH selected AS (
  SELECT label.sentence_id, label.start_word, label.end_word, label.label FROM label
  WHERE label.step_id IN (<final>)
    AND label.sentence_id % (1 + (SELECT count(*) FROM label WHERE step_id IN (<final>)) / {SAMPLE}) = 0),
phrases AS (
  SELECT target.lang, <phrase target.words selected.start_word selected.end_word> AS text, selected.label
  FROM selected JOIN sentence AS target ON target.id = selected.sentence_id WHERE 1 = 1<where>),
counted AS (SELECT lang, text, label, count(*) AS labels FROM phrases GROUP BY lang, text, label)
"""

_INCONSISTENT = f"""{_SAMPLED}
SELECT lang, text, sum(labels) AS labels, count(*) AS different,
       <together>(label || ' ' || CAST(labels AS TEXT), ', ') AS labelled
FROM counted GROUP BY lang, text HAVING count(*) > 1
ORDER BY sum(labels) - max(labels) DESC, lang, text
LIMIT :limit
"""

_FREQUENT = f"""{_SAMPLED}
SELECT lang, text, label, labels FROM counted ORDER BY labels DESC, lang, text, label LIMIT :limit
"""

_BY_RUN = """
SELECT run.id AS run, run.command, run.recipe_name AS recipe, run.started_at, run.status, step.kind,
       substr(step.digest, 1, 8) AS step, counted.items
FROM (SELECT run_id, step_id, count(*) AS items FROM outcome GROUP BY run_id, step_id) AS counted
JOIN step ON step.id = counted.step_id
LEFT JOIN run ON run.id = counted.run_id
ORDER BY run.id DESC, step.id
LIMIT :limit
"""

_FAILURES = """
SELECT step.kind, substr(step.digest, 1, 8) AS step, failure.item_id AS item, outcome.reason, failure.message,
       run.started_at
FROM failure
JOIN outcome ON outcome.step_id = failure.step_id AND outcome.item_id = failure.item_id
            AND outcome.run_id = failure.run_id AND outcome.status = 'failed'
JOIN step ON step.id = failure.step_id
LEFT JOIN run ON run.id = failure.run_id
WHERE failure.step_id IN (<every>)
ORDER BY failure.run_id DESC, failure.step_id, failure.item_id
LIMIT :limit
"""

QUESTIONS: Mapping[str, Question] = {
    "low-margin": Question(
        "labels whose runner-up was nearly as good, the closest first", _WEAKEST.format(by="margin")
    ),
    "low-score": Question("labels with the lowest scores", _WEAKEST.format(by="score")),
    "disagreements": Question("consensus labels whose sources disagree about the span or label", _DISAGREEMENTS),
    "conflicts": Question("overlapping labels of one sentence that come from different translations", _CONFLICTS),
    "lost-entities": Question("source entities without a projected label, and why", _LOST),
    "by-step": Question("items by step and outcome", _BY_STEP),
    "reasons": Question("why items are not ok, by step, most frequent reasons first", _REASONS),
    "by-language": Question("labels by corpus, target language and label, with mean score and margin", _BY_LANGUAGE),
    "inconsistent": Question(
        f"phrases with different labels, in a sample of at least {SAMPLE:,} labels", _INCONSISTENT
    ),
    "frequent": Question(f"the most frequent labelled phrases, in a sample of at least {SAMPLE:,} labels", _FREQUENT),
    "by-run": Question("items by run and step, latest run first", _BY_RUN),
    "failures": Question("failed items and their error messages, latest first", _FAILURES),
}

"""What each table and column holds, for those who look at the database with other tools.

On PostgreSQL these are real comments; a migration of the schema writes them.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import MetaData

TABLES: Mapping[str, str] = {
    "alignment": "Word links of one translation, by one aligner.",
    "artifact": "What a step learned from all sentences of a corpus, as JSON.",
    "campaign": "A queue of sentences for reviewers, drawn once.",
    "campaign_item": "A sentence in the queue of a campaign.",
    "candidate": "A target span considered for an entity, with the value of one scorer.",
    "corpus": "An imported source of sentences.",
    "count_cache": "A count that holds until the data version changes.",
    "data_version": "How many transactions have changed rows, and how many deletions there were.",
    "entity": "A labelled span of a sentence: gold, tagged or reviewed.",
    "evaluation": "Scores of one label type of a projection against gold labels.",
    "export": "A data set that was written.",
    "failure": "The message and traceback behind a failed outcome.",
    "label": "A projected span of a sentence.",
    "lease": "Items that a process has taken from those that wait for a step.",
    "outcome": "What became of an item in a step.",
    "phrase_score": "How probable a translation model finds one phrase given another.",
    "recipe": "What the name of a recipe stands for now.",
    "review": "One decision of one reviewer; never changed.",
    "run": "One execution of a command.",
    "sentence": "A sentence in one language.",
    "source_file": "A file that sentences were imported from.",
    "step": "A stage of a recipe with fixed parameters, known by its digest.",
    "step_input": "A step that another step reads, and in which role.",
    "translation": "Two sentences that translate each other.",
    "translation_score": "How good a translation is, by scores from 0 to 1.",
    "vote": "An entity of one source behind a consensus label.",
    "word_score": "Label probabilities of a tagger for the words of a sentence.",
}

#: of every table that has such a column, unless :data:`COLUMNS` says otherwise
COMMON: Mapping[str, str] = {
    "id": "Key.",
    "corpus_id": "The corpus.",
    "sentence_id": "The sentence.",
    "translation_id": "The translation that it came through; 0 where it rests on several.",
    "step_id": "The step that made it.",
    "run_id": "The run that wrote it.",
    "ordinal": "Its place in the sentence, from 0.",
    "entity_ordinal": "The entity of the source sentence, by its ordinal.",
    "start_word": "First word, counted from 0.",
    "end_word": "One past the last word.",
    "lang": "Language code.",
    "split": "Such as train or test; null where none was given.",
    "digest": "SHA-256 of the content.",
    "name": "Name.",
    "label": "Label type, such as PER.",
    "score": "Weighted score.",
    "margin": "By how much the score exceeds that of the runner-up.",
}

COLUMNS: Mapping[str, Mapping[str, str]] = {
    "alignment": {"links": "Pharaoh links with scores, such as 0-0:0.98 1-2:0.71."},
    "artifact": {"content": "JSON."},
    "candidate": {"score": "The value of one scorer.", "origin": "Candidate sets that it came from, one bit each."},
    "corpus": {
        "version": "Release or revision.",
        "license": "Identifier or name of the license.", "citation": "How to cite it.",
        "url": "Where it is published.", "scheme": "Label scheme.", "benchmark": "Published benchmark that it is.",
    },
    "entity": {"step_id": "The step that found it: import, a tagger or frozen reviews."},
    "export": {
        "format": "Name of the format.", "destination": "Folder or repository.", "query": "What was exported, as JSON.",
        "recipe_digest": "Digest of the recipe.", "counts": "Sentences by file, as JSON.",
        "checksums": "SHA-256 by file, as JSON.", "revision": "Commit on the Hub.",
    },
    "outcome": {
        "item_id": "Sentence, translation or corpus that the step worked on.",
        "status": "ok, empty, filtered or failed.", "reason": "Why it is not ok.",
    },
    "recipe": {"text": "The recipe, as TOML.", "plan": "Its steps and what they cover, as JSON."},
    "review": {
        "reviewer": "Who decided.", "at": "When.",
        "action": "accept, correct, reject, add, skip, sentence-done, undo or bulk.",
        "old_start": "First word of the label that was shown.", "old_end": "One past its last word.",
        "old_label": "Its type.", "seconds": "How long it took.", "note": "What the reviewer remarked.",
        "seen_step_id": "Whose labels were shown.", "undone_id": "The decision that this one takes back.",
    },
    "run": {
        "command": "What was run.", "started_at": "When it began.", "ended_at": "When it ended.",
        "status": "running, done, stopped or failed.", "counts": "What it did, as JSON.", "host": "Machine.",
        "versions": "Versions of this program and its libraries, as JSON.",
    },
    "sentence": {
        "n_words": "Number of words.", "external_id": "Its id inside the corpus and language.",
        "source_file_id": "The file that it was imported from.", "parent_id": "The sentence that a step made it of.",
        "step_id": "The step that made it; null for an imported one.", "words": "Its words, as a JSON list.",
        "text": "The text before it was split into words.", "offsets": "Where each word begins in the text, as JSON.",
    },
    "step": {
        "kind": "Stage, such as align or project.", "version": "Code version of the stage.",
        "params": "Parameters, as JSON.", "model": "Model that it runs.", "revision": "Revision of the model.",
        "digest": "SHA-256 of all that determines its results.",
    },
    "step_input": {"role": "What it reads the other step for.", "input_id": "The step that is read."},
    "translation": {
        "original_lang": "Language of the original.", "rendering_lang": "Language of the rendering.",
        "kind": "human, machine or back.", "original_id": "The original.", "rendering_id": "Its rendering.",
    },
    "translation_score": {
        "translation_id": "The translation.",
        "similarity": "BERTScore of the vectors of their words; none without an encoder.",
        "length": "The shorter length relative to the longer one, in characters.",
        "numbers": "The share of the source's numbers that the target has.",
        "names": "The share of the source's names that the target has in nearly the same letters.",
    },
    "vote": {"voter_step_id": "The step whose entity it is.", "contribution": "How much it counted."},
}  # fmt: skip


def add_comments(metadata: MetaData) -> None:
    """Put the comments onto tables and columns."""
    for name, comment in TABLES.items():
        table = metadata.tables[name]
        table.comment = comment
        own = {**COMMON, **COLUMNS.get(name, {})}
        for column in table.columns:
            column.comment = own.get(column.name)

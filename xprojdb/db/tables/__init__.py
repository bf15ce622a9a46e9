"""The tables. ARCHITECTURE.md describes a row of each in its section "Tables".

Small tables have surrogate ids and foreign keys; ids are never reused, whatever was deleted (thanks to PostgreSQL's
sequences and SQLite's AUTOINCREMENT). The large tables (entity, alignment, candidate, label, outcome) have
natural keys that begin with the step, so that the rows of a step form one contiguous range: appended in order, read in
blocks, dropped at once. They declare no foreign keys, which would cost a lookup for every row written.
"""

from __future__ import annotations

from xprojdb.db.comments import add_comments
from xprojdb.db.tables.base import Key, metadata
from xprojdb.db.tables.corpora import corpus, sentence, source_file, translation
from xprojdb.db.tables.counting import count_cache, data_version
from xprojdb.db.tables.labels import (
    alignment,
    candidate,
    entity,
    evaluation,
    export,
    label,
    phrase_score,
    translation_score,
    vote,
    word_score,
)
from xprojdb.db.tables.reviews import campaign, campaign_item, review
from xprojdb.db.tables.steps import artifact, failure, lease, outcome, recipe, run, step, step_input
from xprojdb.db.tables.training import (
    model,
    model_score,
    pair_prediction,
    sentence_pair,
    study,
    study_cell,
    training_item,
    training_pair,
)

__all__ = [
    "LASTING",
    "Key",
    "alignment",
    "artifact",
    "campaign",
    "campaign_item",
    "candidate",
    "corpus",
    "count_cache",
    "data_version",
    "entity",
    "evaluation",
    "export",
    "failure",
    "label",
    "lease",
    "metadata",
    "model",
    "model_score",
    "outcome",
    "pair_prediction",
    "phrase_score",
    "recipe",
    "review",
    "run",
    "sentence",
    "sentence_pair",
    "source_file",
    "step",
    "step_input",
    "study",
    "study_cell",
    "training_item",
    "training_pair",
    "translation",
    "translation_score",
    "vote",
    "word_score",
]

#: the tables whose content cannot be recomputed by counting, each after those it refers to
LASTING = tuple(table for table in metadata.sorted_tables if "derived" not in table.info)

add_comments(metadata)

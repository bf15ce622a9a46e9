"""What steps write for each sentence or translation, how labels compare with gold, and what was exported."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from xprojdb.db.tables.base import Key, id_column, metadata, natural_table

entity = natural_table(
    "entity",
    Column("step_id", Key, nullable=False),
    Column("sentence_id", Key, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start_word", Integer, nullable=False),
    Column("end_word", Integer, nullable=False),
    Column("label", Text, nullable=False),
    key=("step_id", "sentence_id", "ordinal"),
)

alignment = natural_table(
    "alignment",
    Column("step_id", Key, nullable=False),
    Column("translation_id", Key, nullable=False),
    Column("links", Text, nullable=False),
    key=("step_id", "translation_id"),
)

# origin: the sets of candidates a span came from, one bit each, if several were combined; otherwise null.
candidate = natural_table(
    "candidate",
    Column("step_id", Key, nullable=False),
    Column("translation_id", Key, nullable=False),
    Column("entity_ordinal", Integer, nullable=False),
    Column("start_word", Integer, nullable=False),
    Column("end_word", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("origin", Integer),
    key=("step_id", "translation_id", "entity_ordinal", "start_word", "end_word"),
)

# translation_id is 0 for a label based on several translations, since a key column cannot be null.
label = natural_table(
    "label",
    Column("step_id", Key, nullable=False),
    Column("sentence_id", Key, nullable=False),
    Column("translation_id", Key, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start_word", Integer, nullable=False),
    Column("end_word", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("margin", Float(53), nullable=False),
    Column("entity_ordinal", Integer),
    key=("step_id", "sentence_id", "translation_id", "ordinal"),
)

# So that labels below a threshold of the margin are found without reading the whole step.
Index("ix_label_margin", label.c.step_id, label.c.margin)

# The support of a consensus label: an entity of one source, the span it voted for, and its contribution.
vote = natural_table(
    "vote",
    Column("step_id", Key, nullable=False),
    Column("sentence_id", Key, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("voter_step_id", Key, nullable=False),
    Column("translation_id", Key, nullable=False),
    Column("entity_ordinal", Integer, nullable=False),
    Column("start_word", Integer, nullable=False),
    Column("end_word", Integer, nullable=False),
    Column("label", Text, nullable=False),
    Column("contribution", Float(53), nullable=False),
    key=("step_id", "sentence_id", "ordinal", "voter_step_id", "translation_id", "entity_ordinal"),
)

# A model's label probabilities for the words of a sentence: float16, words x labels; the step's params name the labels.
word_score = natural_table(
    "word_score",
    Column("step_id", Key, nullable=False),
    Column("sentence_id", Key, nullable=False),
    Column("probabilities", LargeBinary, nullable=False),
    key=("step_id", "sentence_id"),
)

# How good a translation is, by scores from 0 to 1; without an encoder there is no similarity.
translation_score = natural_table(
    "translation_score",
    Column("step_id", Key, nullable=False),
    Column("translation_id", Key, nullable=False),
    Column("similarity", Float(53)),
    Column("length", Float(53), nullable=False),
    Column("numbers", Float(53), nullable=False),
    Column("names", Float(53), nullable=False),
    key=("step_id", "translation_id"),
)

# The probability of one phrase given another under a translation model; shared across steps, since phrases recur.
phrase_score = natural_table(
    "phrase_score",
    Column("model", Text, nullable=False),
    Column("revision", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("condition", Text, nullable=False),
    Column("phrase", Text, nullable=False),
    Column("score", Float(53), nullable=False),
    key=("model", "revision", "direction", "condition", "phrase"),
)

evaluation = Table(
    "evaluation",
    metadata,
    id_column(),
    Column("step_id", ForeignKey("step.id"), nullable=False),
    Column("gold_step_id", ForeignKey("step.id"), nullable=False),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("source_langs", Text, nullable=False),
    Column("lang", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("labels", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("sentences", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    Column("predicted", Integer, nullable=False),
    Column("gold", Integer, nullable=False),
    Column("precision", Float(53), nullable=False),
    Column("recall", Float(53), nullable=False),
    Column("f1", Float(53), nullable=False),
    Column("f1_low", Float(53), nullable=False),
    Column("f1_high", Float(53), nullable=False),
    Column("resamples", Integer, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    UniqueConstraint(
        "step_id",
        "gold_step_id",
        "corpus_id",
        "source_langs",
        "lang",
        "split",
        "labels",
        "label",
        name="uq_evaluation_key",
    ),
    sqlite_autoincrement=True,
)

export = Table(
    "export",
    metadata,
    id_column(),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    Column("format", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("recipe_digest", Text),
    Column("counts", Text, nullable=False),
    Column("checksums", Text, nullable=False),
    Column("revision", Text),
    sqlite_autoincrement=True,
)

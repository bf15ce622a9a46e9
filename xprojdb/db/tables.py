"""The tables. ARCHITECTURE.md describes a row of each in its section "Tables".

Small tables have surrogate ids and foreign keys; ids are never reused, whatever was deleted (thanks to PostgreSQL's
sequences and SQLite's AUTOINCREMENT). The large tables (entity, alignment, candidate, label, outcome) have
natural keys that begin with the step, so that the rows of a step form one contiguous range: appended in order, read in
blocks, dropped at once. They declare no foreign keys, which would cost a lookup for every row written.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from xprojdb.db.comments import add_comments

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# In SQLite only a column of type INTEGER becomes an alias of the row id.
Key = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    return Column("id", Key, primary_key=True)


def _natural(
    name: str, *columns: Column[int] | Column[str] | Column[float] | Column[bytes], key: tuple[str, ...]
) -> Table:
    return Table(name, metadata, *columns, PrimaryKeyConstraint(*key), sqlite_with_rowid=False)


corpus = Table(
    "corpus",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("version", Text),
    Column("licence", Text),
    Column("citation", Text),
    Column("url", Text),
    Column("scheme", Text),
    Column("benchmark", Text),
    sqlite_autoincrement=True,
)

source_file = Table(
    "source_file",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("lang", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("sentences", Integer, nullable=False),
    Column("run_id", ForeignKey("run.id"), nullable=False),
    UniqueConstraint("corpus_id", "lang", "part"),
    sqlite_autoincrement=True,
)

# The code that writes it assigns the ids, so that labels can refer to sentences of the same batch.
sentence = Table(
    "sentence",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("lang", Text, nullable=False),
    Column("n_words", Integer, nullable=False),
    Column("split", Text),
    Column("external_id", Text),
    Column("source_file_id", ForeignKey("source_file.id"), index=True),
    Column("parent_id", ForeignKey("sentence.id")),
    Column("step_id", ForeignKey("step.id")),
    Column("words", Text, nullable=False),
    Column("text", Text),
    Column("offsets", Text),
    UniqueConstraint("corpus_id", "lang", "external_id"),
    CheckConstraint("n_words >= 0", name="n_words"),
    sqlite_autoincrement=True,
)
# Indexes only sentences made by steps; imported ones have neither column. On PostgreSQL the index is partial as well,
# but only the migration says so: here it would load SQLAlchemy's PostgreSQL dialect into every command.
Index(
    "uq_sentence_parent_id_step_id",
    sentence.c.parent_id,
    sentence.c.step_id,
    unique=True,
    sqlite_where=sentence.c.parent_id.is_not(None),
)

translation = Table(
    "translation",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("original_lang", Text, nullable=False),
    Column("rendering_lang", Text, nullable=False),
    Column("step_id", ForeignKey("step.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("original_id", ForeignKey("sentence.id"), nullable=False),
    Column("rendering_id", ForeignKey("sentence.id"), nullable=False, index=True),
    UniqueConstraint("original_id", "rendering_id", "step_id"),
    CheckConstraint("kind IN ('human', 'machine', 'back')", name="kind"),
    sqlite_autoincrement=True,
)
Index(
    "ix_translation_scope",
    translation.c.corpus_id,
    translation.c.original_lang,
    translation.c.rendering_lang,
    translation.c.step_id,
    translation.c.id,
)

# after_run: the latest run when the step was stored; anything written by it or earlier runs belongs to another step.
step = Table(
    "step",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("version", Integer, nullable=False),
    Column("params", Text, nullable=False),
    Column("model", Text),
    Column("revision", Text),
    Column("digest", Text, nullable=False, unique=True),
    Column("after_run", Key),
    sqlite_autoincrement=True,
)

step_input = _natural(
    "step_input",
    Column("step_id", ForeignKey("step.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("input_id", ForeignKey("step.id"), nullable=False),
    key=("step_id", "role"),
)

run = Table(
    "run",
    metadata,
    _id(),
    Column("command", Text, nullable=False),
    Column("recipe_name", Text),
    Column("recipe_digest", Text),
    Column("recipe", Text),
    Column("versions", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("ended_at", Text),
    Column("status", Text, nullable=False),
    Column("counts", Text),
    Column("heartbeat_at", Text),
    Column("process", Text),
    CheckConstraint("status IN ('running', 'done', 'stopped', 'failed')", name="status"),
    sqlite_autoincrement=True,
)

# The current text and plan of each recipe; runs record earlier ones.
recipe = Table(
    "recipe",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("plan", Text, nullable=False),
    sqlite_autoincrement=True,
)

entity = _natural(
    "entity",
    Column("step_id", Key, nullable=False),
    Column("sentence_id", Key, nullable=False),
    Column("ordinal", Integer, nullable=False),
    Column("start_word", Integer, nullable=False),
    Column("end_word", Integer, nullable=False),
    Column("label", Text, nullable=False),
    key=("step_id", "sentence_id", "ordinal"),
)

alignment = _natural(
    "alignment",
    Column("step_id", Key, nullable=False),
    Column("translation_id", Key, nullable=False),
    Column("links", Text, nullable=False),
    key=("step_id", "translation_id"),
)

# origin: the sets of candidates a span came from, one bit each, if several were combined; otherwise null.
candidate = _natural(
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
label = _natural(
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

outcome = _natural(
    "outcome",
    Column("step_id", Key, nullable=False),
    Column("item_id", Key, nullable=False),
    Column("status", Text, nullable=False),
    Column("reason", Text),
    Column("run_id", Key, nullable=False),
    key=("step_id", "item_id"),
)

failure = _natural(
    "failure",
    Column("step_id", Key, nullable=False),
    Column("item_id", Key, nullable=False),
    Column("run_id", Key, nullable=False),
    Column("message", Text, nullable=False),
    Column("traceback", Text, nullable=False),
    key=("step_id", "item_id", "run_id"),
)

# Pending items of a step that a process has taken; free again when the lease expires.
lease = _natural(
    "lease",
    Column("step_id", Key, nullable=False),
    Column("first_item", Key, nullable=False),
    Column("last_item", Key, nullable=False),
    Column("owner", Text, nullable=False),
    Column("expires_at", Float(53), nullable=False),
    key=("step_id", "first_item"),
)

# What a step learned from all sentences of a corpus, such as word counts; used unchanged for later sentences.
artifact = _natural(
    "artifact",
    Column("step_id", Key, nullable=False),
    Column("corpus_id", Key, nullable=False),
    Column("content", Text, nullable=False),
    Column("digest", Text, nullable=False),
    key=("step_id", "corpus_id"),
)

# The support of a consensus label: an entity of one source, the span it voted for, and its contribution.
vote = _natural(
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
word_score = _natural(
    "word_score",
    Column("step_id", Key, nullable=False),
    Column("sentence_id", Key, nullable=False),
    Column("probabilities", LargeBinary, nullable=False),
    key=("step_id", "sentence_id"),
)

# The probability of one phrase given another under a translation model; shared across steps, since phrases recur.
phrase_score = _natural(
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
    _id(),
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
    _id(),
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

# The queues of reviewers, drawn once so that they can be shared and reproduced.
# recipe, step_id: whose labels are shown; null for imported decisions, which had no queue.
campaign = Table(
    "campaign",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("created_at", Text, nullable=False),
    Column("recipe", Text),
    Column("step_id", ForeignKey("step.id")),
    Column("query", Text, nullable=False),
    Column("ordering", Text, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("labels", Text, nullable=False),
    Column("guideline", Text),
    Column("redundancy", Integer, nullable=False),
    sqlite_autoincrement=True,
)

# translation_id: which labels of the campaign's step are shown, 0 for those based on several translations.
# probability: the probability of drawing the sentence, for weighting figures of queues that are not random samples.
campaign_item = _natural(
    "campaign_item",
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("rank", Integer, nullable=False),
    Column("sentence_id", ForeignKey("sentence.id"), nullable=False, index=True),
    Column("translation_id", Key, nullable=False),
    Column("probability", Float(53), nullable=False),
    key=("campaign_id", "rank"),
)

# The decisions of reviewers, append-only; the last row of a reviewer about a label counts.
# old_*: the label it is about, as shown, or as added by the same reviewer; start_word, end_word, label:
# what it should be. undone_id: the row that an "undo" reverts. seen_step_id: whose labels were shown.
review = Table(
    "review",
    metadata,
    _id(),
    Column("campaign_id", ForeignKey("campaign.id"), nullable=False),
    Column("sentence_id", ForeignKey("sentence.id"), nullable=False, index=True),
    Column("reviewer", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("old_start", Integer),
    Column("old_end", Integer),
    Column("old_label", Text),
    Column("start_word", Integer),
    Column("end_word", Integer),
    Column("label", Text),
    Column("seconds", Float(53)),
    Column("note", Text),
    Column("seen_step_id", ForeignKey("step.id")),
    Column("undone_id", ForeignKey("review.id")),
    CheckConstraint(
        "action IN ('accept', 'correct', 'reject', 'add', 'skip', 'sentence-done', 'undo', 'bulk')", name="action"
    ),
    sqlite_autoincrement=True,
)
Index("ix_review_campaign", review.c.campaign_id, review.c.reviewer, review.c.sentence_id)

# What a training set consists of, and which step's labels it takes; the digest of its rows is a parameter of its step.
# translation_id: which of the label step's labels of the sentence; 0 for gold and for those of several translations.
training_item = _natural(
    "training_item",
    Column("sample_id", ForeignKey("step.id"), nullable=False),
    Column("sentence_id", ForeignKey("sentence.id"), nullable=False, index=True),
    Column("label_step_id", ForeignKey("step.id"), nullable=False),
    Column("translation_id", Key, nullable=False),
    key=("sample_id", "sentence_id"),
)

# What a train step made: a head of some hundred kilobytes, as a safetensors file.
model = Table(
    "model",
    metadata,
    _id(),
    Column("step_id", ForeignKey("step.id"), nullable=False, unique=True),
    Column("sha256", Text, nullable=False),
    Column("weights", LargeBinary, nullable=False),
    Column("size", Integer, nullable=False),
    Column("steps", Integer, nullable=False),
    Column("cpu_s", Float(53), nullable=False),
    Column("versions", Text, nullable=False),
    Column("measures", Text, nullable=False),
    Column("trained_at", Text, nullable=False),
    sqlite_autoincrement=True,
)

# Two sentences and what the first says of the second. Both are JSON lists of words.
sentence_pair = Table(
    "sentence_pair",
    metadata,
    _id(),
    Column("corpus_id", ForeignKey("corpus.id"), nullable=False),
    Column("lang", Text, nullable=False),
    Column("split", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("premise", Text, nullable=False),
    Column("hypothesis", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("origin", Text),
    UniqueConstraint("corpus_id", "lang", "split", "external_id"),
    sqlite_autoincrement=True,
)

# The pairs that a training set consists of.
training_pair = _natural(
    "training_pair",
    Column("sample_id", ForeignKey("step.id"), nullable=False),
    Column("pair_id", ForeignKey("sentence_pair.id"), nullable=False, index=True),
    key=("sample_id", "pair_id"),
)

# What a model says of a pair.
pair_prediction = _natural(
    "pair_prediction",
    Column("pair_id", ForeignKey("sentence_pair.id"), nullable=False),
    Column("train_id", ForeignKey("step.id"), nullable=False, index=True),
    Column("label", Text, nullable=False),
    key=("pair_id", "train_id"),
)

# A comparison of many models, designed beforehand.
study = Table(
    "study",
    metadata,
    _id(),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    sqlite_autoincrement=True,
)

# One training run of a study: how many sources, which, at which place of which order; sources, targets: JSON lists.
study_cell = _natural(
    "study_cell",
    Column("study_id", ForeignKey("study.id"), nullable=False),
    Column("task", Text, nullable=False),
    Column("arm", Text, nullable=False),
    Column("regime", Text, nullable=False),
    Column("k", Integer, nullable=False),
    Column("ordering", Integer, nullable=False),
    Column("place", Integer, nullable=False),
    Column("seed", Integer, nullable=False),
    Column("sources", Text, nullable=False),
    Column("targets", Text, nullable=False),
    Column("train_id", ForeignKey("step.id"), nullable=False, index=True),
    Column("measure_id", ForeignKey("step.id"), nullable=False, index=True),
    key=("study_id", "task", "arm", "regime", "k", "ordering", "place", "seed"),
)

# How a model does on the test sentences of a language: counts of each sentence or pair, so that they can be resampled.
# counts: zlib of int32, a row each: correct, predicted and gold entities; of pairs, whether it is right.
model_score = _natural(
    "model_score",
    Column("step_id", Key, nullable=False),
    Column("train_id", Key, nullable=False),
    Column("lang", Text, nullable=False),
    Column("items", Integer, nullable=False),
    Column("correct", Integer, nullable=False),
    Column("predicted", Integer, nullable=False),
    Column("gold", Integer, nullable=False),
    Column("score", Float(53), nullable=False),
    Column("counts", LargeBinary, nullable=False),
    key=("step_id", "train_id", "lang"),
)

# The number of transactions that changed rows, and the number of deletions: cached counts are valid while the first
# stays the same; everything a batch depends on exists while the second does.
data_version = Table("data_version", metadata, _id(), Column("number", Key, nullable=False), info={"derived": True})

# Cached counts by name, with the data version at which they were taken.
count_cache = _natural(
    "count_cache",
    Column("name", Text, nullable=False),
    Column("at_version", Key, nullable=False),
    Column("value", Text, nullable=False),
    key=("name",),
)
count_cache.info["derived"] = True

add_comments(metadata)

#: the tables whose content cannot be recomputed by counting, each after those it refers to
LASTING = tuple(table for table in metadata.sorted_tables if "derived" not in table.info)

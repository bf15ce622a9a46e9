"""Training sets, models, and studies of many models."""

from __future__ import annotations

from sqlalchemy import Column, Float, ForeignKey, Integer, LargeBinary, Table, Text, UniqueConstraint

from xprojdb.db.tables.base import Key, id_column, metadata, natural_table

# What a training set consists of, and which step's labels it takes; the digest of its rows is a parameter of its step.
# translation_id: which of the label step's labels of the sentence; 0 for gold and for those of several translations.
training_item = natural_table(
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
    id_column(),
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
    id_column(),
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
training_pair = natural_table(
    "training_pair",
    Column("sample_id", ForeignKey("step.id"), nullable=False),
    Column("pair_id", ForeignKey("sentence_pair.id"), nullable=False, index=True),
    key=("sample_id", "pair_id"),
)

# What a model says of a pair.
pair_prediction = natural_table(
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
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", Text, nullable=False),
    sqlite_autoincrement=True,
)

# One training run of a study: how many sources, which, at which place of which order; sources, targets: JSON lists.
study_cell = natural_table(
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
model_score = natural_table(
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

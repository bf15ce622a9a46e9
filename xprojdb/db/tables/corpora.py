"""Corpora, their files, their sentences, and which sentences translate which."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from xprojdb.db.tables.base import Key, id_column, metadata

corpus = Table(
    "corpus",
    metadata,
    id_column(),
    Column("name", Text, nullable=False, unique=True),
    Column("version", Text),
    Column("license", Text),
    Column("citation", Text),
    Column("url", Text),
    Column("scheme", Text),
    Column("benchmark", Text),
    sqlite_autoincrement=True,
)

source_file = Table(
    "source_file",
    metadata,
    id_column(),
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
    id_column(),
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

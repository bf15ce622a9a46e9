"""The first schema: corpora, sentences, translations, and what is derived from them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "alignment",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("translation_id", KEY, nullable=False),
        sa.Column("links", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "translation_id", name="pk_alignment"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "candidate",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("translation_id", KEY, nullable=False),
        sa.Column("entity_ordinal", sa.Integer(), nullable=False),
        sa.Column("start_word", sa.Integer(), nullable=False),
        sa.Column("end_word", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.PrimaryKeyConstraint(
            "step_id", "translation_id", "entity_ordinal", "start_word", "end_word", name="pk_candidate"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "corpus",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text()),
        sa.Column("licence", sa.Text()),
        sa.Column("citation", sa.Text()),
        sa.Column("url", sa.Text()),
        sa.Column("scheme", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_corpus"),
        sa.UniqueConstraint("name", name="uq_corpus_name"),
    )
    op.create_table(
        "entity",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("sentence_id", KEY, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("start_word", sa.Integer(), nullable=False),
        sa.Column("end_word", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "sentence_id", "ordinal", name="pk_entity"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "failure",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "item_id", "run_id", name="pk_failure"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "label",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("sentence_id", KEY, nullable=False),
        sa.Column("translation_id", KEY, nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("start_word", sa.Integer(), nullable=False),
        sa.Column("end_word", sa.Integer(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("margin", sa.Float(53), nullable=False),
        sa.Column("entity_ordinal", sa.Integer()),
        sa.PrimaryKeyConstraint("step_id", "sentence_id", "translation_id", "ordinal", name="pk_label"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outcome",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("item_id", KEY, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("run_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("step_id", "item_id", name="pk_outcome"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "recipe",
        sa.Column("id", KEY, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("plan", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recipe"),
        sa.UniqueConstraint("name", name="uq_recipe_name"),
    )
    op.create_table(
        "run",
        sa.Column("id", KEY, nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("recipe_name", sa.Text()),
        sa.Column("recipe_digest", sa.Text()),
        sa.Column("recipe", sa.Text()),
        sa.Column("versions", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Text(), nullable=False),
        sa.Column("ended_at", sa.Text()),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("counts", sa.Text()),
        sa.CheckConstraint("status IN ('running', 'done', 'stopped', 'failed')", name="ck_run_status"),
        sa.PrimaryKeyConstraint("id", name="pk_run"),
    )
    op.create_table(
        "step",
        sa.Column("id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.Column("model", sa.Text()),
        sa.Column("revision", sa.Text()),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_step"),
        sa.UniqueConstraint("digest", name="uq_step_digest"),
    )
    op.create_table(
        "evaluation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("gold_step_id", KEY, nullable=False),
        sa.Column("corpus_id", KEY, nullable=False),
        sa.Column("source_langs", sa.Text(), nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("split", sa.Text(), nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.Column("correct", sa.Integer(), nullable=False),
        sa.Column("predicted", sa.Integer(), nullable=False),
        sa.Column("gold", sa.Integer(), nullable=False),
        sa.Column("precision", sa.Float(53), nullable=False),
        sa.Column("recall", sa.Float(53), nullable=False),
        sa.Column("f1", sa.Float(53), nullable=False),
        sa.Column("f1_low", sa.Float(53), nullable=False),
        sa.Column("f1_high", sa.Float(53), nullable=False),
        sa.Column("resamples", sa.Integer(), nullable=False),
        sa.Column("seed", sa.Integer(), nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpus.id"], name="fk_evaluation_corpus_id"),
        sa.ForeignKeyConstraint(["gold_step_id"], ["step.id"], name="fk_evaluation_gold_step_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_evaluation_run_id"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_evaluation_step_id"),
        sa.PrimaryKeyConstraint("id", name="pk_evaluation"),
        sa.UniqueConstraint(
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
    )
    op.create_table(
        "export",
        sa.Column("id", KEY, nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("destination", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("recipe_digest", sa.Text()),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.Column("checksums", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_export_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_export"),
    )
    op.create_table(
        "source_file",
        sa.Column("id", KEY, nullable=False),
        sa.Column("corpus_id", KEY, nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("format", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("sentences", sa.Integer(), nullable=False),
        sa.Column("run_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpus.id"], name="fk_source_file_corpus_id"),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name="fk_source_file_run_id"),
        sa.PrimaryKeyConstraint("id", name="pk_source_file"),
        sa.UniqueConstraint("corpus_id", "lang", "part", name="uq_source_file_corpus_id_lang_part"),
    )
    op.create_table(
        "step_input",
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("input_id", KEY, nullable=False),
        sa.ForeignKeyConstraint(["input_id"], ["step.id"], name="fk_step_input_input_id"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_step_input_step_id"),
        sa.PrimaryKeyConstraint("step_id", "role", name="pk_step_input"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sentence",
        sa.Column("id", KEY, autoincrement=False, nullable=False),
        sa.Column("corpus_id", KEY, nullable=False),
        sa.Column("lang", sa.Text(), nullable=False),
        sa.Column("n_words", sa.Integer(), nullable=False),
        sa.Column("split", sa.Text()),
        sa.Column("external_id", sa.Text()),
        sa.Column("source_file_id", KEY),
        sa.Column("parent_id", KEY),
        sa.Column("step_id", KEY),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("text", sa.Text()),
        sa.Column("offsets", sa.Text()),
        sa.CheckConstraint("n_words >= 0", name="ck_sentence_n_words"),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpus.id"], name="fk_sentence_corpus_id"),
        sa.ForeignKeyConstraint(["parent_id"], ["sentence.id"], name="fk_sentence_parent_id"),
        sa.ForeignKeyConstraint(["source_file_id"], ["source_file.id"], name="fk_sentence_source_file_id"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_sentence_step_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sentence"),
        sa.UniqueConstraint("corpus_id", "lang", "external_id", name="uq_sentence_corpus_id_lang_external_id"),
    )
    op.create_index("ix_sentence_source_file_id", "sentence", ["source_file_id"], unique=False)
    op.create_index(
        "uq_sentence_parent_id_step_id",
        "sentence",
        ["parent_id", "step_id"],
        unique=True,
        sqlite_where=sa.text("parent_id IS NOT NULL"),
        postgresql_where=sa.text("parent_id IS NOT NULL"),
    )
    op.create_table(
        "translation",
        sa.Column("id", KEY, nullable=False),
        sa.Column("corpus_id", KEY, nullable=False),
        sa.Column("original_lang", sa.Text(), nullable=False),
        sa.Column("rendering_lang", sa.Text(), nullable=False),
        sa.Column("step_id", KEY, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("original_id", KEY, nullable=False),
        sa.Column("rendering_id", KEY, nullable=False),
        sa.CheckConstraint("kind IN ('human', 'machine', 'back')", name="ck_translation_kind"),
        sa.ForeignKeyConstraint(["corpus_id"], ["corpus.id"], name="fk_translation_corpus_id"),
        sa.ForeignKeyConstraint(["original_id"], ["sentence.id"], name="fk_translation_original_id"),
        sa.ForeignKeyConstraint(["rendering_id"], ["sentence.id"], name="fk_translation_rendering_id"),
        sa.ForeignKeyConstraint(["step_id"], ["step.id"], name="fk_translation_step_id"),
        sa.PrimaryKeyConstraint("id", name="pk_translation"),
        sa.UniqueConstraint(
            "original_id", "rendering_id", "step_id", name="uq_translation_original_id_rendering_id_step_id"
        ),
    )
    op.create_index("ix_translation_rendering_id", "translation", ["rendering_id"], unique=False)
    op.create_index(
        "ix_translation_scope",
        "translation",
        ["corpus_id", "original_lang", "rendering_lang", "step_id", "id"],
        unique=False,
    )


def downgrade() -> None:
    op.drop_index("ix_translation_scope", table_name="translation")
    op.drop_index("ix_translation_rendering_id", table_name="translation")
    op.drop_table("translation")
    op.drop_index("uq_sentence_parent_id_step_id", table_name="sentence")
    op.drop_index("ix_sentence_source_file_id", table_name="sentence")
    op.drop_table("sentence")
    op.drop_table("step_input")
    op.drop_table("source_file")
    op.drop_table("export")
    op.drop_table("evaluation")
    op.drop_table("step")
    op.drop_table("run")
    op.drop_table("recipe")
    op.drop_table("outcome")
    op.drop_table("label")
    op.drop_table("failure")
    op.drop_table("entity")
    op.drop_table("corpus")
    op.drop_table("candidate")
    op.drop_table("alignment")

"""Training sets, models, sentence pairs, and studies that compare many models."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

Type = sa.types.TypeEngine[int]

VIEW = """
CREATE VIEW v_study AS
SELECT study.name AS study, cell.task, cell.arm, cell.regime, cell.k, cell.ordering, cell.place, cell.seed,
       cell.sources, model_score.lang AS target, model_score.items, model_score.correct, model_score.predicted,
       model_score.gold, model_score.score, model.cpu_s, trained.digest AS model, measured.digest AS measure
FROM study_cell AS cell
JOIN study ON study.id = cell.study_id
JOIN model_score ON model_score.step_id = cell.measure_id AND model_score.train_id = cell.train_id
    AND cell.targets LIKE '%"' || model_score.lang || '"%'
JOIN step AS trained ON trained.id = cell.train_id
JOIN step AS measured ON measured.id = cell.measure_id
LEFT JOIN model ON model.step_id = cell.train_id
"""


def upgrade() -> None:
    key = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    _models(key)
    _pairs(key)
    _studies(key)
    op.execute(VIEW)


def _text(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _refers(table: str, column: str, owner: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{owner}.id"], name=f"fk_{table}_{column}")


def _models(key: Type) -> None:
    op.create_table(
        "training_item",
        *(sa.Column(name, key, nullable=False) for name in ("sample_id", "sentence_id", "label_step_id")),
        sa.Column("translation_id", key, nullable=False),
        _refers("training_item", "sample_id", "step"),
        _refers("training_item", "sentence_id", "sentence"),
        _refers("training_item", "label_step_id", "step"),
        sa.PrimaryKeyConstraint("sample_id", "sentence_id", name="pk_training_item"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_training_item_sentence_id", "training_item", ["sentence_id"])
    op.create_table(
        "model",
        sa.Column("id", key, nullable=False),
        sa.Column("step_id", key, nullable=False),
        *_text("sha256"),
        sa.Column("weights", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("size", "steps")),
        sa.Column("cpu_s", sa.Float(53), nullable=False),
        *_text("versions", "measures", "trained_at"),
        _refers("model", "step_id", "step"),
        sa.PrimaryKeyConstraint("id", name="pk_model"),
        sa.UniqueConstraint("step_id", name="uq_model_step_id"),
        sqlite_autoincrement=True,
    )


def _pairs(key: Type) -> None:
    columns = ("lang", "split", "external_id", "premise", "hypothesis", "label")
    op.create_table(
        "sentence_pair",
        sa.Column("id", key, nullable=False),
        sa.Column("corpus_id", key, nullable=False),
        *_text(*columns),
        sa.Column("origin", sa.Text(), nullable=True),
        _refers("sentence_pair", "corpus_id", "corpus"),
        sa.PrimaryKeyConstraint("id", name="pk_sentence_pair"),
        sa.UniqueConstraint(
            "corpus_id", "lang", "split", "external_id", name="uq_sentence_pair_corpus_id_lang_split_external_id"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "training_pair",
        *(sa.Column(name, key, nullable=False) for name in ("sample_id", "pair_id")),
        _refers("training_pair", "sample_id", "step"),
        _refers("training_pair", "pair_id", "sentence_pair"),
        sa.PrimaryKeyConstraint("sample_id", "pair_id", name="pk_training_pair"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_training_pair_pair_id", "training_pair", ["pair_id"])
    op.create_table(
        "pair_prediction",
        *(sa.Column(name, key, nullable=False) for name in ("pair_id", "train_id")),
        *_text("label"),
        _refers("pair_prediction", "pair_id", "sentence_pair"),
        _refers("pair_prediction", "train_id", "step"),
        sa.PrimaryKeyConstraint("pair_id", "train_id", name="pk_pair_prediction"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_pair_prediction_train_id", "pair_prediction", ["train_id"])


def _studies(key: Type) -> None:
    op.create_table(
        "study",
        sa.Column("id", key, nullable=False),
        *_text("name", "digest", "text", "created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_study"),
        sa.UniqueConstraint("name", name="uq_study_name"),
        sqlite_autoincrement=True,
    )
    design = ("study_id", "task", "arm", "regime", "k", "ordering", "place", "seed")
    op.create_table(
        "study_cell",
        sa.Column("study_id", key, nullable=False),
        *_text("task", "arm", "regime"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("k", "ordering", "place", "seed")),
        *_text("sources", "targets"),
        *(sa.Column(name, key, nullable=False) for name in ("train_id", "measure_id")),
        _refers("study_cell", "study_id", "study"),
        _refers("study_cell", "train_id", "step"),
        _refers("study_cell", "measure_id", "step"),
        sa.PrimaryKeyConstraint(*design, name="pk_study_cell"),
        sqlite_with_rowid=False,
    )
    for column in ("train_id", "measure_id"):
        op.create_index(f"ix_study_cell_{column}", "study_cell", [column])
    op.create_table(
        "model_score",
        *(sa.Column(name, key, nullable=False) for name in ("step_id", "train_id")),
        *_text("lang"),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("items", "correct", "predicted", "gold")),
        sa.Column("score", sa.Float(53), nullable=False),
        sa.Column("counts", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("step_id", "train_id", "lang", name="pk_model_score"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.execute("DROP VIEW v_study")
    tables = (
        "model_score",
        "study_cell",
        "study",
        "pair_prediction",
        "training_pair",
        "sentence_pair",
        "model",
        "training_item",
    )
    for name in tables:
        op.drop_table(name)
    # What has lost its rows is not done any more.
    steps = "SELECT id FROM step WHERE kind IN ('sample', 'train', 'measure')"
    for name in ("failure", "outcome"):
        op.execute(f"DELETE FROM {name} WHERE step_id IN ({steps})")
    op.execute("UPDATE data_version SET number = number + 1")

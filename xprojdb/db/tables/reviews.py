"""Campaigns, and what reviewers decided."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Column, Float, ForeignKey, Index, Integer, Table, Text

from xprojdb.db.tables.base import Key, id_column, metadata, natural_table

# The queues of reviewers, drawn once so that they can be shared and reproduced.
# recipe, step_id: whose labels are shown; null for imported decisions, which had no queue.
campaign = Table(
    "campaign",
    metadata,
    id_column(),
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
campaign_item = natural_table(
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
    id_column(),
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

"""The labels that taggers voted on, beside those of the projection that they voted on."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, exists, select
from sqlalchemy.sql.selectable import FromClause

from xprojdb.db import bulk
from xprojdb.db.tables import label, step_input
from xprojdb.steps.project.revised import PROJECTED
from xprojdb.text.spans import Span

_SAME = ("sentence_id", "translation_id", "start_word", "end_word", "label")


def projections_before(connection: Connection, step_ids: Sequence[int]) -> dict[int, int]:
    """The projection whose labels taggers voted on, for each of the steps in which they did."""
    query = select(step_input.c.step_id, step_input.c.input_id).where(step_input.c.role == PROJECTED)
    rows = bulk.fetch(connection, query.where(bulk.among(connection, step_input.c.step_id, list(step_ids))))
    return dict(rows)


def is_as_projected(labels: FromClause, before: int) -> ColumnElement[bool]:
    """A label is also one of the projection, so that the taggers agree with it."""
    projected = label.alias("as_projected")
    same = (projected.c[name] == labels.c[name] for name in _SAME)
    return exists().where(projected.c.step_id == before, *same)


def projected_spans(
    connection: Connection, before: int, sentence_id: int, translation_id: int
) -> dict[int | None, list[Span]]:
    """The labels of a projection in a sentence, by the ordinal of their entity."""
    own = label.c
    here = (own.step_id == before, own.sentence_id == sentence_id, own.translation_id == translation_id)
    query = select(own.entity_ordinal, own.start_word, own.end_word, own.label).where(*here).order_by(own.ordinal)
    spans: dict[int | None, list[Span]] = {}
    for ordinal, *span in bulk.fetch(connection, query):
        spans.setdefault(ordinal, []).append(Span(*span))
    return spans

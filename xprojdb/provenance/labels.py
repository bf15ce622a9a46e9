"""The final labels of a recipe: for each target language the consensus, or the labels of its only source."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, select, table, union_all

from xprojdb.db import Database
from xprojdb.planning.labellings import Consensus, Labelling
from xprojdb.planning.plan import Plan
from xprojdb.provenance.query import QueryResult, streamed

COLUMNS = (
    "sentence", "corpus", "lang", "split", "start_word", "end_word", "text", "label", "score", "margin", "source_lang",
    "source_text", "source_label", "step",
)  # fmt: skip
_KEYS = ("sentence_id", "ordinal", "step_id", "translation_id")
_VIEW = table("v_label", *(column(name) for name in (*COLUMNS, *_KEYS)))


def final_labellings(plan: Plan) -> list[Labelling]:
    """The final labels for the target languages of a plan: a consensus replaces the sources that it combines."""
    combined = {(labelling.corpus_id, labelling.target) for labelling in plan.consensuses}
    single = [
        projection for projection in plan.projections if (projection.corpus_id, projection.target) not in combined
    ]
    return [*single, *plan.consensuses]


@contextmanager
def read_labels(database: Database, plan: Plan) -> Iterator[QueryResult]:
    """The labels, one per row, in the order of their sentences; they are streamed while the context is open."""
    rows = union_all(*(_labels(labelling, *COLUMNS, *_KEYS[:2]) for labelling in final_labellings(plan))).subquery()
    order = (rows.c.sentence_id, rows.c.source_lang, rows.c.ordinal)
    with database.read() as connection:
        yield streamed(connection, select(*(rows.c[name] for name in COLUMNS)).order_by(*order))


@contextmanager
def count_labels(database: Database, plan: Plan) -> Iterator[QueryResult]:
    """How many labels of each type there are for each target language, and their mean score."""
    parts = (_labels(labelling, "lang", "label", "score", "sentence_id") for labelling in final_labellings(plan))
    rows = union_all(*parts).subquery()
    counts = (
        func.count().label("labels"),
        func.count(rows.c.sentence_id.distinct()).label("sentences"),
        func.avg(rows.c.score).label("mean_score"),
    )
    query = select(rows.c.lang, rows.c.label, *counts).group_by(rows.c.lang, rows.c.label)
    with database.read() as connection:
        yield streamed(connection, query.order_by(rows.c.lang, rows.c.label))


def _labels(labelling: Labelling, *names: str) -> Select[Any]:
    return select(*(_VIEW.c[name] for name in names)).where(_VIEW.c.step_id == labelling.step.step_id, _of(labelling))


def _of(labelling: Labelling) -> ColumnElement[bool]:
    """A step may label what other recipes cover: select only what this one does."""
    covered = labelling.covered().query.subquery()
    if isinstance(labelling, Consensus):
        return _VIEW.c.sentence_id.in_(select(covered.c.sentence_id))
    return _VIEW.c.translation_id.in_(select(covered.c.id))

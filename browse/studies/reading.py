"""What a page of a study shows at once: its cells and their mean scores, counted by the database."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, select
from sqlalchemy.sql.selectable import FromClause

from xprojdb.db.tables import model, model_score, study, study_cell
from xprojdb.errors import UsageError

#: cells on a page
CELLS = 100


class ListedStudy(NamedTuple):
    """A study in the list.

    :param cells: how many it has.
    :param models, trained: different models behind them, and how many of those there are.
    """

    name: str
    digest: str
    created_at: str
    tasks: tuple[str, ...]
    ks: tuple[int, ...]
    cells: int
    models: int
    trained: int


class ShownCell(NamedTuple):
    """A training and its scores.

    :param targets: how many languages it is measured on so far.
    :param mean, least, largest: of its scores; None while there are none.
    """

    task: str
    arm: str
    regime: str
    k: int
    ordering: int
    place: int
    seed: int
    sources: tuple[str, ...]
    targets: int
    mean: float | None
    least: float | None
    largest: float | None


class Level(NamedTuple):
    """The mean over all measurements at a number of sources."""

    task: str
    arm: str
    regime: str
    k: int
    score: float
    measurements: int


@dataclass(frozen=True, slots=True)
class StudyCells:
    """A study, and some of its cells.

    :param after: how many cells come before the next page; None on the last one.
    """

    listed: ListedStudy
    text: str
    levels: list[Level]
    cells: list[ShownCell]
    after: int | None

    @property
    def state(self) -> tuple[ListedStudy, tuple[Level, ...]]:
        """Changes with what is measured."""
        return self.listed, tuple(self.levels)


def list_studies(connection: Connection) -> list[ListedStudy]:
    """All studies by name."""
    keys = connection.execute(select(study.c.id, study.c.name).order_by(study.c.name))
    return [_listed(connection, key) for key, _ in keys]


def read_cells(connection: Connection, name: str, after: int = 0) -> StudyCells:
    """A study, with the cells of a page in the order of its design.

    :raises UsageError: when there is no such study; the field ``study`` has its name.
    """
    row = connection.execute(select(study.c.id, study.c.text).where(study.c.name == name)).first()
    if row is None:
        raise UsageError(f"there is no study {name}", hint="the page of studies lists them", study=name)
    rows = connection.execute(_cells(row.id, after)).all()
    cells = [_shown(*entry) for entry in rows[:CELLS]]
    levels = [Level(*entry) for entry in connection.execute(_levels(row.id))]
    return StudyCells(
        _listed(connection, row.id), row.text, levels, cells, after + CELLS if len(rows) > CELLS else None
    )


def _listed(connection: Connection, key: int) -> ListedStudy:
    own = study_cell.c.study_id == key
    one = connection.execute(select(study).where(study.c.id == key)).one()
    counted = select(
        func.count(), func.count(study_cell.c.train_id.distinct()), func.count(model.c.step_id.distinct())
    ).select_from(study_cell.outerjoin(model, model.c.step_id == study_cell.c.train_id))
    cells, models, trained = connection.execute(counted.where(own)).one()
    tasks, ks = (
        tuple(sorted(connection.execute(select(column).where(own).distinct()).scalars()))
        for column in (study_cell.c.task, study_cell.c.k)
    )
    return ListedStudy(one.name, one.digest, one.created_at, tasks, ks, cells, models, trained)


_DESIGN = ("task", "arm", "regime", "k", "ordering", "place", "seed")


def _measured(cell: FromClause) -> ColumnElement[bool]:
    """The measurements of a cell: a model may have been measured on languages that are targets of other cells only."""
    score = model_score.c
    own = cell.c.targets.like(literal('%"').concat(score.lang).concat('"%'))
    return and_(score.step_id == cell.c.measure_id, score.train_id == cell.c.train_id, own)


def _cells(key: int, after: int) -> Select[Any]:
    chosen = select(study_cell).where(study_cell.c.study_id == key)
    chosen = chosen.order_by(*(study_cell.c[name] for name in _DESIGN)).offset(after).limit(CELLS + 1)
    cell, score = chosen.subquery(), model_score.c.score
    own = [cell.c[name] for name in _DESIGN]
    query = select(*own, cell.c.sources, func.count(score), func.avg(score), func.min(score), func.max(score))
    query = query.select_from(cell.outerjoin(model_score, _measured(cell)))
    return query.group_by(*own, cell.c.sources).order_by(*own)


def _levels(key: int) -> Select[Any]:
    scope = [study_cell.c[name] for name in ("task", "arm", "regime", "k")]
    query = select(*scope, func.avg(model_score.c.score), func.count())
    joined = study_cell.join(model_score, _measured(study_cell))
    return query.select_from(joined).where(study_cell.c.study_id == key).group_by(*scope).order_by(*scope)


def _shown(*values: Any) -> ShownCell:
    place = len(_DESIGN)
    return ShownCell._make([*values[:place], tuple(json.loads(values[place])), *values[place + 1 :]])

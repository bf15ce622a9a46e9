"""Check a whole range of items at once, by counting outcomes instead of looking each of them up.

The keys of a set are mostly consecutive: if there are as many outcomes as numbers from the first key to the last, no
item is missing. If other keys lie between them, a range may be done without being recognised as done.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from xprojdb.db.tables import lease, outcome
from xprojdb.steps.stage import DONE, Bitext, Stage


class Range(NamedTuple):
    """The keys from ``first`` to ``last``."""

    first: int
    last: int


def range_of(connection: Connection, stage: Stage, pair: Bitext) -> Range | None:
    """The first and last key of a set's items, or None if it has none."""
    items = stage.items(pair)
    key = items.selected_columns[0]
    # Two queries, because databases then read only the two ends of an index.
    first, last = (connection.execute(items.with_only_columns(end(key))).scalar() for end in (func.min, func.max))
    return None if first is None or last is None else Range(first, last)


def is_done(connection: Connection, stage: Stage, keys: Range) -> bool:
    """Whether every item of a range is known to have an outcome."""
    return _covers(connection, outcome.c.step_id == stage.step_id, keys)


def is_untouched(connection: Connection, stage: Stage, pair: Bitext, keys: Range) -> bool:
    """Whether every item of a range is known to be ready, and none has an outcome or is taken."""
    # A stage with its own rule for readiness, or a share of the items, is checked item by item.
    if type(stage).ready is not Stage.ready or stage.shard is not None or _is_begun(connection, stage, keys):
        return False
    return all(
        _input_done(connection, stage, pair, keys, stage.input_ids[role], item) for role, item in stage.needs().items()
    )


def _is_begun(connection: Connection, stage: Stage, keys: Range) -> bool:
    done = exists().where(outcome.c.step_id == stage.step_id, outcome.c.item_id.between(*keys))
    taken = exists().where(
        lease.c.step_id == stage.step_id, lease.c.first_item <= keys.last, lease.c.last_item >= keys.first
    )
    return any(connection.execute(select(begun)).scalar() for begun in (done, taken))


def _input_done(
    connection: Connection, stage: Stage, pair: Bitext, keys: Range, step_id: int, item: ColumnElement[int]
) -> bool:
    items = stage.items(pair)
    key = items.selected_columns[0]
    if item is not key:
        ends = items.with_only_columns(func.min(item), func.max(item)).where(key.between(*keys))
        keys = Range(*connection.execute(ends).one())
    return _covers(connection, and_(outcome.c.step_id == step_id, outcome.c.status.in_(DONE)), keys)


def _covers(connection: Connection, condition: ColumnElement[bool], keys: Range) -> bool:
    count = connection.execute(select(func.count()).where(condition, outcome.c.item_id.between(*keys))).scalar_one()
    return bool(count == keys.last - keys.first + 1)

"""Pending work: the items that are ready for a step, less those that have an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select, union

from xprojdb.db import bulk
from xprojdb.db.tables import claim, outcome
from xprojdb.steps.stage import Pair, Stage


def pending_items(
    connection: Connection, stage: Stage, pairs: Sequence[Pair], after: int, limit: int, *, unclaimed: bool = False
) -> list[int]:
    """The next items to do, in key order.

    :param after: a keyset cursor: only keys above it.
    :param limit: how many at most.
    :param unclaimed: only those that no process has taken.
    """
    found: set[int] = set()
    # A query a pair, merged here: each walks its own index range and stops at the limit, which their UNION would not.
    for pair in pairs:
        query = without_outcome(stage.ready(pair), stage.step_id)
        if unclaimed:
            query = without_claim(query, stage.step_id)
        key = query.selected_columns[0]
        found.update(chain.from_iterable(bulk.fetch(connection, query.where(key > after).order_by(key).limit(limit))))
    return sorted(found)[:limit]


def count_pending(connection: Connection, stage: Stage, pairs: Sequence[Pair]) -> int:
    """How many items are ready and have no outcome yet."""
    left = [pair for pair in pairs if not _is_done(connection, stage, pair)]
    return count_items(connection, [without_outcome(stage.ready(pair), stage.step_id) for pair in left])


def count_undone(connection: Connection, stage: Stage, pairs: Sequence[Pair]) -> int:
    """How many items have no outcome yet, ready or not."""
    left = [pair for pair in pairs if not _is_done(connection, stage, pair)]
    return count_items(connection, [without_outcome(stage.items(pair), stage.step_id) for pair in left])


def _is_done(connection: Connection, stage: Stage, pair: Pair) -> bool:
    """Whether each item is known to have an outcome, without a look-up for each.

    The keys of a set mostly follow one another: as many outcomes as there are numbers from the first key to the last
    leave none out. Where other keys lie between them, it may be done and this does not tell.
    """
    items = stage.items(pair)
    key = items.selected_columns[0]
    # A query each: databases read both ends of an index then, and not what is between.
    first, last = (connection.execute(items.with_only_columns(end(key))).scalar() for end in (func.min, func.max))
    if first is None or last is None:
        return True
    done = select(func.count()).where(outcome.c.step_id == stage.step_id, outcome.c.item_id.between(first, last))
    return bool(connection.execute(done).scalar_one() == last - first + 1)


def count_items(connection: Connection, queries: Sequence[Select[tuple[int]]]) -> int:
    """How many different items several queries have: a sentence can be in many sets of translations."""
    if len(queries) <= 1:
        return sum(count_rows(connection, query) for query in queries)
    return count_rows(connection, select(union(*queries).subquery()))


def without_outcome(query: Select[tuple[int]], step_id: int, *statuses: str) -> Select[tuple[int]]:
    """Leave out the items that have an outcome of a step.

    :param query: its first column is the item's key.
    :param statuses: only these outcomes count; none given: any.
    """
    done = exists().where(outcome.c.step_id == step_id, outcome.c.item_id == query.selected_columns[0])
    return query.where(~(done.where(outcome.c.status.in_(statuses)) if statuses else done))


def without_claim(query: Select[tuple[int]], step_id: int) -> Select[tuple[int]]:
    """Leave out the items that a process has taken for a step.

    :param query: its first column is the item's key.
    """
    key = query.selected_columns[0]
    taken = exists().where(claim.c.step_id == step_id, claim.c.first_item <= key, claim.c.last_item >= key)
    return query.where(~taken)


def count_rows(connection: Connection, query: Select[Any]) -> int:
    """How many rows a query has."""
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())

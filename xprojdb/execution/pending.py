"""Pending work: the items that are ready for a step and have no outcome."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

from sqlalchemy import Connection, Select, exists, func, select, union

from xprojdb.db import bulk
from xprojdb.db.tables import lease, outcome
from xprojdb.execution.pending_ranges import Range, is_done, is_untouched, range_of
from xprojdb.steps.shard import external_id
from xprojdb.steps.stage import Bitext, ItemKind, Stage


def pending_items(
    connection: Connection, stage: Stage, pairs: Sequence[Bitext], after: int, limit: int, *, unclaimed: bool = False
) -> list[int]:
    """The next items to process, in key order.

    :param after: a keyset cursor: only keys above it.
    :param limit: the most items to return.
    :param unclaimed: only items that no process has taken.
    """
    if len(pairs) == 1:
        return _pending_of(connection, stage, pairs[0], after, limit, unclaimed)
    # One query per set, merged here: each walks its own index range and stops at the limit, which a UNION would not.
    items = {item for pair in pairs for item in _pending_of(connection, stage, pair, after, limit, unclaimed)}
    return sorted(items)[:limit]


def _pending_of(
    connection: Connection, stage: Stage, pair: Bitext, after: int, limit: int, unclaimed: bool
) -> list[int]:
    """The next items of one set of translations, in key order."""
    following = _following(connection, stage.items(pair), after, limit)
    if following and is_untouched(connection, stage, pair, Range(following[0], following[-1])):
        return following
    query = in_shard(connection, stage, without_outcome(stage.ready(pair), stage.step_id))
    return _following(connection, without_claim(query, stage.step_id) if unclaimed else query, after, limit)


def _following(connection: Connection, query: Select[tuple[int]], after: int, limit: int) -> list[int]:
    key = query.selected_columns[0]
    return list(chain.from_iterable(bulk.fetch(connection, query.where(key > after).order_by(key).limit(limit))))


def count_pending(connection: Connection, stage: Stage, pairs: Sequence[Bitext]) -> int:
    """The number of items that are ready and have no outcome yet."""
    left = _left(connection, stage, pairs)
    if len(left) == 1 and is_untouched(connection, stage, *left[0]):
        return count_rows(connection, stage.items(left[0][0]))
    waiting = (without_outcome(stage.ready(pair), stage.step_id) for pair, _ in left)
    return count_items(connection, [in_shard(connection, stage, query) for query in waiting])


def has_pending(connection: Connection, stage: Stage, pairs: Sequence[Bitext], *, shared: bool = True) -> bool:
    """Whether any item is ready and has no outcome yet.

    :param shared: only count items in the stage's share.
    """
    queries = (without_outcome(stage.ready(pair), stage.step_id) for pair, _ in _left(connection, stage, pairs))
    chosen = (in_shard(connection, stage, query) if shared else query for query in queries)
    return any(connection.execute(query.limit(1)).first() is not None for query in chosen)


def in_shard(connection: Connection, stage: Stage, query: Select[tuple[int]]) -> Select[tuple[int]]:
    """Leave out items outside the stage's share; items that are whole corpora belong to every share.

    :param query: its first column is the item's key.
    """
    if stage.shard is None or stage.item_kind is ItemKind.CORPORA:
        return query
    name = external_id(query.selected_columns[0], of_translation=stage.item_kind is ItemKind.PAIRS)
    return query.where(bulk.share(connection, name, stage.shard.total) == stage.shard.number - 1)


def count_undone(connection: Connection, stage: Stage, pairs: Sequence[Bitext]) -> int:
    """The number of items without an outcome, ready or not."""
    left = _left(connection, stage, pairs)
    return count_items(connection, [without_outcome(stage.items(pair), stage.step_id) for pair, _ in left])


def _left(connection: Connection, stage: Stage, pairs: Sequence[Bitext]) -> list[tuple[Bitext, Range]]:
    """The sets of translations not known to be done, with the range of their items."""
    ranges = ((pair, range_of(connection, stage, pair)) for pair in pairs)
    return [(pair, keys) for pair, keys in ranges if keys is not None and not is_done(connection, stage, keys)]


def count_items(connection: Connection, queries: Sequence[Select[tuple[int]]]) -> int:
    """The number of distinct items of several queries: a sentence can be in many sets of translations."""
    if len(queries) <= 1:
        return sum(count_rows(connection, query) for query in queries)
    return count_rows(connection, select(union(*queries).subquery()))


def without_outcome(query: Select[tuple[int]], step_id: int, *statuses: str) -> Select[tuple[int]]:
    """Leave out the items that have an outcome of a step.

    :param query: its first column is the item's key.
    :param statuses: only these outcomes count; any, if none are given.
    """
    done = exists().where(outcome.c.step_id == step_id, outcome.c.item_id == query.selected_columns[0])
    return query.where(~(done.where(outcome.c.status.in_(statuses)) if statuses else done))


def without_claim(query: Select[tuple[int]], step_id: int) -> Select[tuple[int]]:
    """Leave out items that a process has taken for a step.

    :param query: its first column is the item's key.
    """
    key = query.selected_columns[0]
    taken = exists().where(lease.c.step_id == step_id, lease.c.first_item <= key, lease.c.last_item >= key)
    return query.where(~taken)


def count_rows(connection: Connection, query: Select[Any]) -> int:
    """The number of rows of a query."""
    return int(connection.execute(select(func.count()).select_from(query.subquery())).scalar_one())

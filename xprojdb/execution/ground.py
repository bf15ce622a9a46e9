"""Check, when a run writes, that its steps, leases, items and their inputs still exist.

Deletions increment a counter (``count_cache.removals``). If it has not changed since a batch was taken, nothing that
the batch depends on can be gone, and one query is enough; the items are only checked if it has changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, select

from xprojdb.db import bulk
from xprojdb.db.count_cache import REMOVALS
from xprojdb.db.tables import corpus, lease, recipe, run, sentence, step, translation
from xprojdb.errors import GroundMoved
from xprojdb.execution.batches import ItemBatch
from xprojdb.steps.stage import Bitext, ItemKind, Stage

#: the table of a stage's items, by their kind
_TABLES = {ItemKind.PAIRS: translation, ItemKind.SENTENCES: sentence, ItemKind.CORPORA: corpus, ItemKind.STEPS: step}
_AGAIN = "the current batch was not stored; run the recipe again to process the rest"


def check_recipe(connection: Connection, name: str) -> None:
    """:raises GroundMoved: when a recipe no longer exists; with the field ``recipe``."""
    if connection.execute(select(recipe.c.id).where(recipe.c.name == name)).first() is None:
        raise GroundMoved(f"the recipe {name} was deleted during the run", hint=_AGAIN, recipe=name)


def check_step(connection: Connection, stage: Stage) -> None:
    """:raises GroundMoved: when the step of a stage was deleted; with the field ``step``."""
    digest = connection.execute(select(step.c.digest).where(step.c.id == stage.step_id)).scalar()
    if digest != stage.spec.digest:
        raise _step_freed(stage)


def check_run(connection: Connection, run_id: int | None) -> None:
    """:raises GroundMoved: when another process has ended the run; with the field ``run``."""
    if run_id is not None:
        status = connection.execute(select(run.c.status).where(run.c.id == run_id)).scalar()
        if status != "running":
            raise _run_ended(run_id)


def is_held(
    connection: Connection, stage: Stage, pairs: Sequence[Bitext], batch: ItemBatch, owner: str, run_id: int | None
) -> bool:
    """Whether a batch may be written: everything it depends on exists, and this process still holds its lease.

    :param pairs: the sets of translations that the stage covers.
    :param owner: the owner of the lease.
    :returns: whether the lease exists; if not, another process may have taken the items.
    :raises GroundMoved: when the run was ended, or the step, an item or an item's input is gone.
    """
    own = (lease.c.step_id == stage.step_id, lease.c.first_item == batch.lease, lease.c.owner == owner)
    query = select(
        select(step.c.digest).where(step.c.id == stage.step_id).scalar_subquery(),
        select(run.c.status).where(run.c.id == run_id).scalar_subquery(),
        select(lease.c.first_item).where(*own).scalar_subquery(),
        REMOVALS,
    )
    digest, status, taken, number = connection.execute(query).one()
    if status != "running":
        raise _run_ended(run_id)
    if digest != stage.spec.digest:
        raise _step_freed(stage, run_id)
    if number != batch.removals:
        _check_items(connection, stage, pairs, batch, run_id)
    return taken is not None


def _check_items(
    connection: Connection, stage: Stage, pairs: Sequence[Bitext], batch: ItemBatch, run_id: int | None
) -> None:
    table = _TABLES[stage.item_kind]
    gone = len(batch.items) - len(_among(connection, select(table.c.id), batch.items))
    lost = len(batch.items) - len(set().union(*(_among(connection, stage.ready(pair), batch.items) for pair in pairs)))
    if lost:
        what = "were deleted" if gone else "depend on something that was deleted"
        raise GroundMoved(
            f"{stage.title}: {gone or lost} of {len(batch.items)} {stage.item_kind} {what} during the run",
            hint=f"{_AGAIN}; deleted corpora must be imported again",
            step=stage.step_id,
            run=run_id,
            items=len(batch.items),
            gone=gone,
        )


def _among(connection: Connection, query: Select[tuple[int]], items: Iterable[int]) -> set[int]:
    key = query.selected_columns[0]
    chosen = query.where(bulk.among(connection, key, list(items)))
    return {item for (item,) in bulk.fetch(connection, chosen)}


def _step_freed(stage: Stage, run_id: int | None = None) -> GroundMoved:
    return GroundMoved(
        f"{stage.title}: the step {stage.spec.short} was deleted during the run",
        hint=f"{_AGAIN}; it creates the step again",
        step=stage.step_id,
        run=run_id,
    )


def _run_ended(run_id: int | None) -> GroundMoved:
    return GroundMoved(
        f"another command ended run {run_id}, to change what it works on",
        hint="everything it had written is kept; run the recipe again when that command is done",
        run=run_id,
    )

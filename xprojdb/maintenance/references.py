"""Which steps are needed: those referenced by a recipe, a review or an export, and all steps that these read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, select

from xprojdb.db.live import claimed_steps
from xprojdb.db.tables import campaign, export, outcome, recipe, review, step, step_input, study_cell, translation
from xprojdb.errors import DatabaseError
from xprojdb.steps.spec import GOLD

_DIGEST = re.compile(r"[0-9a-f]{64}")


def named_steps(connection: Connection, *, without: Collection[str] = (), exports: bool = True) -> set[int]:
    """The ids of the steps referenced by a recipe, a review or an export, of the steps that these read, and of imports.

    :param without: recipes to ignore.
    :param exports: whether exports count.
    """
    digests = {digest: key for key, digest in connection.execute(select(step.c.id, step.c.digest))}
    step_ids = {digests[GOLD.digest]} if GOLD.digest in digests else set()
    for name, plan in connection.execute(select(recipe.c.name, recipe.c.plan)):
        if name not in without:
            step_ids |= _of_plan(name, plan, digests)
    step_ids |= _reviewed(connection) | _imported(connection) | _compared(connection)
    if exports:
        for (query,) in connection.execute(select(export.c.query)):
            step_ids |= {digests[digest] for digest in _DIGEST.findall(query) if digest in digests}
    edges = _edges(connection)
    referenced = closure(step_ids & set(digests.values()), edges)
    return closure(referenced | _translators(connection, referenced), edges)


def needed_steps(connection: Connection, *, exports: bool = True) -> set[int]:
    """The steps that are referenced, those whose items a live process has leased, and the steps that these read."""
    claimed = closure(claimed_steps(connection), _edges(connection))
    return named_steps(connection, exports=exports) | claimed | _translators(connection, claimed)


def _reviewed(connection: Connection) -> set[int]:
    """The steps whose labels reviewers saw, and those that store their decisions."""
    shown = (campaign.c.step_id, review.c.seen_step_id)
    step_ids = {key for column in shown for key in connection.execute(select(column).distinct()).scalars()}
    frozen = connection.execute(select(step.c.id).where(step.c.kind.in_(("review", "calibration")))).scalars()
    return {*(key for key in step_ids if key is not None), *frozen}


def _compared(connection: Connection) -> set[int]:
    """The steps of studies: what was trained, and what measured it."""
    columns = (study_cell.c.train_id, study_cell.c.measure_id)
    return {key for column in columns for key in connection.execute(select(column).distinct()).scalars()}


def _imported(connection: Connection) -> set[int]:
    """The steps that an import has filled, which no run could make again."""
    query = select(step.c.id, step.c.kind, step.c.model, step.c.params)
    rows = connection.execute(query.where(step.c.kind.in_(("align", "tag", "translate"))))
    return {
        row.id
        for row in rows
        if (row.model or "").startswith("imported:")
        or (row.kind == "align" and json.loads(row.params).get("aligner") == "imported")
    }


def _translators(connection: Connection, steps: set[int]) -> set[int]:
    """The steps that made the translations which the given steps have labelled; they are not among their inputs."""
    making = connection.execute(select(step.c.id).where(step.c.kind.in_(("translate", "carry")))).scalars()
    translators = set()
    for maker in set(making) - steps:
        used = select(1).select_from(translation).join(outcome, outcome.c.item_id == translation.c.id)
        used = used.where(translation.c.step_id == maker, outcome.c.step_id.in_(steps))
        if connection.execute(used.limit(1)).first() is not None:
            translators.add(maker)
    return translators


def steps_on(connection: Connection, steps: Iterable[int]) -> set[int]:
    """The given steps and all steps that depend on them."""
    readers: dict[int, set[int]] = {}
    for reader, inputs in _edges(connection).items():
        for read in inputs:
            readers.setdefault(read, set()).add(reader)
    return closure(set(steps), readers)


def closure(start: set[int], edges: Mapping[int, Iterable[int]]) -> set[int]:
    """Everything that can be reached."""
    reached, queue = set(start), list(start)
    while queue:
        new = set(edges.get(queue.pop(), ())) - reached
        reached |= new
        queue.extend(new)
    return reached


def _of_plan(name: str, plan: str, digests: Mapping[str, int]) -> set[int]:
    """The steps of a stored plan, and those that made its translations."""
    step_ids = set()
    try:
        for planned in json.loads(plan):
            step_ids.add(planned["step"])
            # corpus, original language, rendering language, digest of the step of the translations, splits
            step_ids |= {digests[pair[3]] for pair in planned["pairs"] if pair[3] in digests}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        # Nothing may be deleted while it is unknown what the plan references.
        raise DatabaseError(
            f"the stored plan of the recipe {name} cannot be read",
            hint="repair it with xprojdb verify --repair",
            recipe=name,
        ) from error
    return step_ids


def _edges(connection: Connection) -> dict[int, set[int]]:
    """The steps that each step reads."""
    edges: dict[int, set[int]] = {}
    for reader, read in connection.execute(select(step_input.c.step_id, step_input.c.input_id)):
        edges.setdefault(reader, set()).add(read)
    return edges

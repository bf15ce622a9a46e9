"""Which steps are wanted: those that a recipe or an export names, and all that these read."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping

from sqlalchemy import Connection, select

from xprojdb.db.live import claimed_steps
from xprojdb.db.tables import campaign, export, outcome, recipe, review, step, step_input, translation
from xprojdb.errors import DatabaseError
from xprojdb.steps.spec import GOLD

_DIGEST = re.compile(r"[0-9a-f]{64}")


def named_steps(connection: Connection, *, without: Collection[str] = (), exports: bool = True) -> set[int]:
    """The ids of the steps that a recipe, a review or an export names, of those that they rest on, and of imports.

    :param without: recipes that do not count.
    :param exports: whether what was exported counts.
    """
    digests = {digest: key for key, digest in connection.execute(select(step.c.id, step.c.digest))}
    found = {digests[GOLD.digest]} if GOLD.digest in digests else set()
    for name, plan in connection.execute(select(recipe.c.name, recipe.c.plan)):
        if name not in without:
            found |= _of_plan(name, plan, digests)
    found |= _reviewed(connection) | _imported(connection)
    if exports:
        for (query,) in connection.execute(select(export.c.query)):
            found |= {digests[digest] for digest in _DIGEST.findall(query) if digest in digests}
    edges = _edges(connection)
    kept = closure(found & set(digests.values()), edges)
    return closure(kept | _translators(connection, kept), edges)


def wanted_steps(connection: Connection, *, exports: bool = True) -> set[int]:
    """The steps that are named, those of which a living process has taken items, and what these rest on."""
    claimed = closure(claimed_steps(connection), _edges(connection))
    return named_steps(connection, exports=exports) | claimed | _translators(connection, claimed)


def _reviewed(connection: Connection) -> set[int]:
    """The steps whose labels people were shown, and those that hold what they said."""
    shown = (campaign.c.step_id, review.c.seen_step_id)
    found = {key for column in shown for key in connection.execute(select(column).distinct()).scalars()}
    frozen = connection.execute(select(step.c.id).where(step.c.kind.in_(("review", "calibration")))).scalars()
    return {*(key for key in found if key is not None), *frozen}


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
    """The steps that made the translations which steps have labelled: no input names them."""
    making = connection.execute(select(step.c.id).where(step.c.kind.in_(("translate", "carry")))).scalars()
    found = set()
    for made_by in set(making) - steps:
        used = select(1).select_from(translation).join(outcome, outcome.c.item_id == translation.c.id)
        used = used.where(translation.c.step_id == made_by, outcome.c.step_id.in_(steps))
        if connection.execute(used.limit(1)).first() is not None:
            found.add(made_by)
    return found


def steps_on(connection: Connection, steps: Iterable[int]) -> set[int]:
    """Steps and all steps that rest on them."""
    readers: dict[int, set[int]] = {}
    for reader, inputs in _edges(connection).items():
        for given in inputs:
            readers.setdefault(given, set()).add(reader)
    return closure(set(steps), readers)


def closure(start: set[int], edges: Mapping[int, Iterable[int]]) -> set[int]:
    """Everything that can be reached."""
    found, queue = set(start), list(start)
    while queue:
        new = set(edges.get(queue.pop(), ())) - found
        found |= new
        queue.extend(new)
    return found


def _of_plan(name: str, plan: str, digests: Mapping[str, int]) -> set[int]:
    """The steps of a stored plan, and those that made the translations it covers."""
    found = set()
    try:
        for planned in json.loads(plan):
            found.add(planned["step"])
            # corpus, original language, rendering language, digest of the step of the translations, splits
            found |= {digests[pair[3]] for pair in planned["pairs"] if pair[3] in digests}
    except (ValueError, KeyError, TypeError, IndexError) as error:
        # What it names is unknown: nothing may be freed.
        raise DatabaseError(
            f"the stored plan of the recipe {name} cannot be read", hint="xprojdb verify --repair", recipe=name
        ) from error
    return found


def _edges(connection: Connection) -> dict[int, set[int]]:
    """Per step, the steps that it reads."""
    found: dict[int, set[int]] = {}
    for reader, given in connection.execute(select(step_input.c.step_id, step_input.c.input_id)):
        found.setdefault(reader, set()).add(given)
    return found

"""Whether what an export was made from is still kept, when the export is published or recorded."""

from __future__ import annotations

from sqlalchemy import Connection

from xprojdb.errors import GroundMoved
from xprojdb.maintenance.references import named_steps
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import find_step


def check_kept(connection: Connection, plan: Plan, hint: str) -> None:
    """Refuse to name steps that nothing else names any more: they may be being freed, and some of their rows be gone.

    :param hint: what to do then.
    :raises GroundMoved: with the field ``step``: the digest of one.
    """
    kept = named_steps(connection)
    for spec in plan.pairs:
        if find_step(connection, spec) not in kept:
            told = f"the recipe {plan.recipe.name} was changed or forgotten meanwhile: nothing names the step"
            raise GroundMoved(f"{told} {spec.kind} {spec.short} any more", hint=hint, step=spec.digest)

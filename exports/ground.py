"""Check that the steps behind an export still exist when it is published or recorded."""

from __future__ import annotations

from sqlalchemy import Connection

from xprojdb.errors import GroundMoved
from xprojdb.maintenance.references import named_steps
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import find_step


def check_referenced(connection: Connection, plan: Plan, hint: str) -> None:
    """Refuse to export from steps that no recipe or export references any more: they may be in the middle of deletion.

    :param hint: what to do in that case.
    :raises GroundMoved: the field ``step`` has the digest of one such step.
    """
    named = named_steps(connection)
    for spec in plan.pairs:
        if find_step(connection, spec) not in named:
            subject = f"the recipe {plan.recipe.name} was changed or deleted meanwhile: nothing references the step"
            raise GroundMoved(f"{subject} {spec.kind} {spec.short} any more", hint=hint, step=spec.digest)

"""Check that the steps behind an export or a campaign still exist when it is published or recorded."""

from __future__ import annotations

from sqlalchemy import Connection

from xprojdb.errors import GroundMoved
from xprojdb.maintenance.references import named_steps
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import StepSpec, find_step


def check_referenced(connection: Connection, plan: Plan, hint: str, *, step: StepSpec | None = None) -> None:
    """Refuse to build on steps that no recipe or export references any more: they may be in the middle of deletion.

    :param hint: what to do in that case.
    :param step: check this step of the plan alone; None: all of them.
    :raises GroundMoved: the field ``step`` has the digest of one such step.
    """
    named = named_steps(connection)
    for spec in plan.pairs if step is None else (step,):
        if find_step(connection, spec) not in named:
            subject = f"the recipe {plan.recipe.name} was changed or deleted meanwhile: nothing references the step"
            raise GroundMoved(f"{subject} {spec.kind} {spec.short} any more", hint=hint, step=spec.digest)

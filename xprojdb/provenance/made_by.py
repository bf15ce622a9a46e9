"""The steps behind a label, each with the run that applied it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from xprojdb.db.tables import failure, outcome, run, sentence, step, step_input
from xprojdb.steps.projecting import Projecting
from xprojdb.steps.registry import FITS

#: the role of the project step itself
LABELS = "labels"


@dataclass(frozen=True, slots=True)
class MadeBy:
    """A step behind a label, and the run that applied it to this item.

    :param role: what the step after it reads in it; ``"labels"`` for the project step.
    :param outcome: ok, empty, filtered, failed, or pending when no run has come to it.
    :param reason: a code that says why it is not ok.
    :param message: what a failed step said.
    """

    role: str
    kind: str
    digest: str
    params: dict[str, Any]
    model: str | None
    revision: str | None
    outcome: str
    reason: str | None
    run: int | None
    command: str | None
    started_at: str | None
    message: str | None


def steps_behind(connection: Connection, step_id: int) -> dict[int, str]:
    """A step and all steps it rests on, with the role that each plays."""
    found = {step_id: LABELS}
    queue = [step_id]
    while queue:
        query = select(step_input.c.input_id, step_input.c.role).where(step_input.c.step_id == queue.pop())
        for key, role in connection.execute(query):
            if key not in found:
                found[key] = role
                queue.append(key)
    return found


def made_by(connection: Connection, project: Projecting, translation_id: int, source_id: int) -> list[MadeBy]:
    roles = steps_behind(connection, project.step_id)
    rows = connection.execute(select(step).where(step.c.id.in_(roles)).order_by(step.c.id)).all()
    corpus_id = connection.execute(select(sentence.c.corpus_id).where(sentence.c.id == source_id)).scalar_one()
    items = {row.id: corpus_id if row.kind in FITS else translation_id for row in rows}
    items |= {key: source_id for key, role in roles.items() if role == "entities"}
    return [made_of(connection, roles[row.id], row, items[row.id]) for row in rows]


def made_of(connection: Connection, role: str, made: Row[Any], item: int) -> MadeBy:
    told_by = and_(*(failure.c[name] == outcome.c[name] for name in ("step_id", "item_id", "run_id")))
    columns = (outcome.c.status, outcome.c.reason, outcome.c.run_id, run.c.command, run.c.started_at, failure.c.message)
    query = select(*columns).join(run, run.c.id == outcome.c.run_id).outerjoin(failure, told_by)
    done = connection.execute(query.where(outcome.c.step_id == made.id, outcome.c.item_id == item)).first()
    told = tuple(done) if done is not None else ("pending", None, None, None, None, None)
    return MadeBy(role, made.kind, made.digest, json.loads(made.params), made.model, made.revision, *told)

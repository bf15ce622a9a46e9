"""The steps behind a label, each with the run that applied it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, select

from xprojdb.config.canonical import current_params, role_name
from xprojdb.db.tables import failure, outcome, run, sentence, step, step_input, translation
from xprojdb.steps.project.stage import ProjectStage
from xprojdb.steps.registry import FITS

#: the role of the project step itself
LABELS = "labels"
#: the role of the step that made the translation
TRANSLATED = "translation"


@dataclass(frozen=True, slots=True)
class LineageStep:
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


def steps_behind(connection: Connection, step_id: int, link_step_id: int | None = None) -> dict[int, str]:
    """A step and all steps it rests on, with the role that each plays; and that which made the translation."""
    found = {step_id: LABELS} if link_step_id is None else {step_id: LABELS, link_step_id: TRANSLATED}
    queue = list(found)
    while queue:
        query = select(step_input.c.input_id, step_input.c.role).where(step_input.c.step_id == queue.pop())
        for key, role in connection.execute(query):
            if key not in found:
                found[key] = role
                queue.append(key)
    return found


def made_by(connection: Connection, project: ProjectStage, translation_id: int, source_id: int) -> list[LineageStep]:
    """The steps behind the labels that a translation brought.

    :param source_id: the sentence that they come from.
    """
    link = connection.execute(select(translation).where(translation.c.id == translation_id)).one()
    roles = steps_behind(connection, project.step_id, None if link.kind == "human" else link.step_id)
    rows = connection.execute(select(step).where(step.c.id.in_(roles)).order_by(step.c.id)).all()
    lineage = _lineage(connection, link.rendering_id)
    return [
        made_of(connection, roles[row.id], row, _item(row, roles[row.id], lineage, link, source_id)) for row in rows
    ]


def _lineage(connection: Connection, key: int | None) -> list[Row[Any]]:
    """A sentence, what it was made from, what that was made from, and so on."""
    found: list[Row[Any]] = []
    while key is not None:
        found.append(connection.execute(select(sentence).where(sentence.c.id == key)).one())
        key = found[-1].parent_id
    return found


def _item(made: Row[Any], role: str, lineage: list[Row[Any]], link: Row[Any], source_id: int) -> int:
    """What the outcomes of a step behind a translation's labels call it."""
    written = [each.parent_id for each in lineage if each.step_id == made.id]
    if written:
        return int(written[0])
    if made.kind in FITS:
        return int(link.corpus_id)
    if role != "entities":
        return int(link.id)
    tagged = [each.id for each in lineage[1:] if each.lang == json.loads(made.params).get("lang")]
    return int(tagged[0]) if tagged else source_id


def made_of(connection: Connection, role: str, made: Row[Any], item: int) -> LineageStep:
    told_by = and_(*(failure.c[name] == outcome.c[name] for name in ("step_id", "item_id", "run_id")))
    columns = (outcome.c.status, outcome.c.reason, outcome.c.run_id, run.c.command, run.c.started_at, failure.c.message)
    query = select(*columns).join(run, run.c.id == outcome.c.run_id).outerjoin(failure, told_by)
    done = connection.execute(query.where(outcome.c.step_id == made.id, outcome.c.item_id == item)).first()
    told = tuple(done) if done is not None else ("pending", None, None, None, None, None)
    params = current_params(made.kind, json.loads(made.params))
    return LineageStep(role_name(role), made.kind, made.digest, params, made.model, made.revision, *told)

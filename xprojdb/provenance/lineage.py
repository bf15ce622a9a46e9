"""The steps behind a label, each with the run that computed it."""

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

    :param role: the role it has as an input of the next step; ``"labels"`` for the project step.
    :param outcome: ok, empty, filtered, failed, or pending if no run has reached it.
    :param reason: a code that says why it is not ok.
    :param message: the error message of a failed step.
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
    """A step and all steps it depends on, with the role of each, and the step that made the translation."""
    roles = {step_id: LABELS} if link_step_id is None else {step_id: LABELS, link_step_id: TRANSLATED}
    queue = list(roles)
    while queue:
        query = select(step_input.c.input_id, step_input.c.role).where(step_input.c.step_id == queue.pop())
        for key, role in connection.execute(query):
            if key not in roles:
                roles[key] = role
                queue.append(key)
    return roles


def steps_of_labels(
    connection: Connection, project: ProjectStage, translation_id: int, source_id: int
) -> list[LineageStep]:
    """The steps behind the labels that came through a translation.

    :param source_id: the sentence that they come from.
    """
    link = connection.execute(select(translation).where(translation.c.id == translation_id)).one()
    roles = steps_behind(connection, project.step_id, None if link.kind == "human" else link.step_id)
    rows = connection.execute(select(step).where(step.c.id.in_(roles)).order_by(step.c.id)).all()
    lineage = _lineage(connection, link.rendering_id)
    return [
        lineage_step(connection, roles[row.id], row, _item(row, roles[row.id], lineage, link, source_id))
        for row in rows
    ]


def _lineage(connection: Connection, key: int | None) -> list[Row[Any]]:
    """A sentence, the sentence it was made from, the one that was made from, and so on."""
    ancestors: list[Row[Any]] = []
    while key is not None:
        ancestors.append(connection.execute(select(sentence).where(sentence.c.id == key)).one())
        key = ancestors[-1].parent_id
    return ancestors


def _item(step_: Row[Any], role: str, lineage: list[Row[Any]], link: Row[Any], source_id: int) -> int:
    """The key of the item of a step behind a translation's labels."""
    written = [ancestor.parent_id for ancestor in lineage if ancestor.step_id == step_.id]
    if written:
        return int(written[0])
    if step_.kind in FITS:
        return int(link.corpus_id)
    if role not in ("entities", "tagged"):
        return int(link.id)
    tagged = [ancestor.id for ancestor in lineage[1:] if ancestor.lang == json.loads(step_.params).get("lang")]
    return int(tagged[0]) if tagged else source_id


def lineage_step(connection: Connection, role: str, step_: Row[Any], item: int) -> LineageStep:
    failed = and_(*(failure.c[name] == outcome.c[name] for name in ("step_id", "item_id", "run_id")))
    columns = (outcome.c.status, outcome.c.reason, outcome.c.run_id, run.c.command, run.c.started_at, failure.c.message)
    query = select(*columns).join(run, run.c.id == outcome.c.run_id).outerjoin(failure, failed)
    done = connection.execute(query.where(outcome.c.step_id == step_.id, outcome.c.item_id == item)).first()
    outcome_ = tuple(done) if done is not None else ("pending", None, None, None, None, None)
    params = current_params(step_.kind, json.loads(step_.params))
    return LineageStep(role_name(role), step_.kind, step_.digest, params, step_.model, step_.revision, *outcome_)

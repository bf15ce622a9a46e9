"""What a run leaves, since no run can do it: items that wait for an import."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Select, exists, select

from xprojdb.db.tables import outcome, step
from xprojdb.errors import UsageError, XprojdbError
from xprojdb.execution.pending import count_items, count_undone
from xprojdb.planning.plan import Plan
from xprojdb.steps.spec import GOLD
from xprojdb.steps.stage import Bitext, Filling, Stage


@dataclass(frozen=True, slots=True)
class Waiting:
    """Items of a step that wait for an import.

    :param noun: what they are.
    :param for_what: what is to be imported.
    :param command: that imports it.
    """

    step_id: int
    title: str
    noun: str
    items: int
    for_what: str
    command: str

    @property
    def line(self) -> str:
        """For people."""
        return f"{self.items:,} {self.noun} of {self.title} wait for {self.for_what}: {self.command}"


def read_waiting(
    connection: Connection, plan: Plan, stages: Sequence[Stage]
) -> tuple[list[Waiting], list[XprojdbError]]:
    """What waits for an import, and errors where nothing at all was imported under a name."""
    found: list[Waiting] = []
    errors: list[XprojdbError] = []
    for stage in stages:
        filling, pairs = stage.filled_by, plan.pairs[stage.spec]
        count = count_undone(connection, stage, pairs) if filling is not None else 0
        if filling is None or not count:
            continue
        if not _begun(connection, stage):
            errors.append(_unknown(connection, stage, filling, count))
        else:
            told = f"{filling.noun} of {filling.name}"
            found.append(Waiting(stage.step_id, stage.title, stage.item_kind, count, told, filling.command))
    return [*found, *_unlabelled(connection, plan, stages)], errors


def _begun(connection: Connection, stage: Stage) -> bool:
    query = select(outcome.c.item_id).where(outcome.c.step_id == stage.step_id).limit(1)
    return connection.execute(query).first() is not None


def _unknown(connection: Connection, stage: Stage, filling: Filling, count: int) -> UsageError:
    names = sorted({name for name in _names(connection, filling.noun, stage.spec.kind) if name != filling.name})
    hint = f"there are {', '.join(names)}; or import them: {filling.command}" if names else filling.command
    return UsageError(
        f"no {filling.noun} are imported as {filling.name!r}: {count:,} {stage.item_kind} of {stage.title} wait",
        hint=hint,
        name=filling.name,
        known=tuple(names),
        items=count,
    )


def _names(connection: Connection, noun: str, kind: str) -> Iterator[str]:
    """Under which names something was imported."""
    done = exists().where(outcome.c.step_id == step.c.id)
    for params, model in connection.execute(select(step.c.params, step.c.model).where(step.c.kind == kind, done)):
        if noun == "alignments":
            told = json.loads(params)
            if told.get("aligner") == "imported":
                yield str(told["name"])
        elif (model or "").startswith("imported:"):
            yield str(model).partition(":")[2]


def _unlabelled(connection: Connection, plan: Plan, stages: Sequence[Stage]) -> Iterator[Waiting]:
    """Translations whose labelled side has no labels, where labels are those that were imported."""
    seen: set[Bitext] = set()
    for stage in stages:
        roles = [role for role, spec in stage.spec.inputs.items() if spec == GOLD and role in stage.needs()]
        pairs = [pair for pair in plan.pairs[stage.spec] if roles and pair not in seen]
        seen.update(pairs)
        count = count_items(connection, [_without_labels(stage, pair, roles[0]) for pair in pairs]) if pairs else 0
        if count:
            told = 'xprojdb import labelled sentences, or name a tagger: [tag] models = { LANG = "…" }'
            yield Waiting(stage.step_id, stage.title, stage.item_kind, count, "labels of their sentences", told)


def _without_labels(stage: Stage, pair: Bitext, role: str) -> Select[tuple[int]]:
    labelled = outcome.alias("labelled")
    given = (labelled.c.step_id == stage.input_ids.get(role, 0)) & (labelled.c.item_id == stage.needs()[role])
    return stage.items(pair).where(~exists().where(given))

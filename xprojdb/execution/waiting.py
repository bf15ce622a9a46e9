"""Items that no run can process, because they wait for an import."""

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

    :param noun: what the items are.
    :param for_what: what has to be imported.
    :param command: the command that imports it.
    """

    step_id: int
    title: str
    noun: str
    items: int
    for_what: str
    command: str

    @property
    def line(self) -> str:
        """A line for the user."""
        return f"{self.items:,} {self.noun} of {self.title} wait for {self.for_what}: {self.command}"


def read_waiting(
    connection: Connection, plan: Plan, stages: Sequence[Stage]
) -> tuple[list[Waiting], list[XprojdbError]]:
    """Find the items that wait for an import, with an error for each name under which nothing was imported."""
    entries: list[Waiting] = []
    errors: list[XprojdbError] = []
    for stage in stages:
        filling, pairs = stage.filled_by, plan.pairs[stage.spec]
        count = count_undone(connection, stage, pairs) if filling is not None else 0
        if filling is None or not count:
            continue
        if not _begun(connection, stage):
            errors.append(_unknown(connection, stage, filling, count))
        else:
            for_what = f"{filling.noun} of {filling.name}"
            entries.append(Waiting(stage.step_id, stage.title, stage.item_kind, count, for_what, filling.command))
    return [*entries, *_unlabelled(connection, plan, stages)], errors


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
    """The names under which something was imported."""
    done = exists().where(outcome.c.step_id == step.c.id)
    for params, model in connection.execute(select(step.c.params, step.c.model).where(step.c.kind == kind, done)):
        if noun == "alignments":
            settings = json.loads(params)
            if settings.get("aligner") == "imported":
                yield str(settings["name"])
        elif (model or "").startswith("imported:"):
            yield str(model).partition(":")[2]


def _unlabelled(connection: Connection, plan: Plan, stages: Sequence[Stage]) -> Iterator[Waiting]:
    """Translations whose labelled side lacks labels, for steps that read imported labels."""
    seen: set[Bitext] = set()
    for stage in stages:
        roles = [role for role, spec in stage.spec.inputs.items() if spec == GOLD and role in stage.needs()]
        pairs = [pair for pair in plan.pairs[stage.spec] if roles and pair not in seen]
        seen.update(pairs)
        count = count_items(connection, [_without_labels(stage, pair, roles[0]) for pair in pairs]) if pairs else 0
        if count:
            command = 'import labelled sentences, or name a tagger in the recipe: [tag] models = { LANG = "…" }'
            yield Waiting(stage.step_id, stage.title, stage.item_kind, count, "labels of their sentences", command)


def _without_labels(stage: Stage, pair: Bitext, role: str) -> Select[tuple[int]]:
    labelled = outcome.alias("labelled")
    has_labels = (labelled.c.step_id == stage.input_ids.get(role, 0)) & (labelled.c.item_id == stage.needs()[role])
    return stage.items(pair).where(~exists().where(has_labels))

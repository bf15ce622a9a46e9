"""Steps and artifacts whose content does not match their digest."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from xprojdb.db import bulk
from xprojdb.db.tables import artifact, recipe, step, step_input
from xprojdb.digest import canonical_json, digest_of
from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.garbage_collection import drop_steps
from xprojdb.maintenance.references import steps_on
from xprojdb.maintenance.removal import run_delete
from xprojdb.maintenance.step_rows import StoredStep
from xprojdb.steps.spec import GOLD

#: artifacts read at a time: each can be several megabytes
_ARTIFACTS = 4


class StepDigests(Check):
    """Steps whose kind, parameters, model or inputs were changed, so that it is unknown how their rows were made."""

    name = "step digests"
    repair = "the step and all steps that depend on it are dropped with their rows; run the recipes that use them again"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:  # noqa: ARG002
        digests: dict[int, str] = dict(bulk.fetch(connection, select(step.c.id, step.c.digest)))
        inputs: dict[int, dict[str, str | None]] = {}
        for reader, role, input_id in connection.execute(select(step_input)):
            inputs.setdefault(reader, {})[role] = digests.get(input_id)
        for row in connection.execute(select(step).order_by(step.c.id)):
            if _digest(row, inputs.get(row.id, {})) != row.digest:
                yield Finding(
                    f"step {row.kind} {row.digest[:8]} does not have the content of its digest", row.id, row.id
                )

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        taken: Counter[str] = Counter()
        with self.database.write() as connection:
            damaged = {finding.step for finding in findings}
            damaged -= _restored_imports(connection, damaged)
            doomed = steps_on(connection, damaged)
            for name in _recipes_of(connection, doomed):
                taken[f"recipe {name}"] = run_delete(connection, delete(recipe).where(recipe.c.name == name))
        return taken + drop_steps(self.database, doomed)


def _digest(row: Row[Any], inputs: dict[str, str | None]) -> str:
    """The digest of what is stored, with inputs by their own digest, so that only the changed step differs."""
    try:
        params = json.loads(row.params)
    except ValueError:
        return ""
    content = {"kind": row.kind, "version": row.version, "params": params, "model": row.model}
    return digest_of({**content, "revision": row.revision, "inputs": inputs})


def _restored_imports(connection: Connection, damaged: set[int]) -> set[int]:
    """Repair the step of imports, whose content is known, and on which everything depends."""
    content = {"kind": GOLD.kind, "version": GOLD.version, "params": canonical_json(GOLD.params)}
    is_import = (step.c.digest == GOLD.digest) | ((step.c.kind == GOLD.kind) & (step.c.version == GOLD.version))
    restored = set(connection.execute(select(step.c.id).where(is_import, step.c.id.in_(damaged))).scalars())
    for key in restored:
        values = {**content, "digest": GOLD.digest, "model": None, "revision": None}
        connection.execute(delete(step_input).where(step_input.c.step_id == key))
        connection.execute(update(step).where(step.c.id == key).values(**values))
    return restored


def _recipes_of(connection: Connection, steps: set[int]) -> list[str]:
    """The recipes whose plans reference one of the given steps."""
    plans = connection.execute(select(recipe.c.name, recipe.c.plan).order_by(recipe.c.name))
    return [name for name, plan in plans if steps & {planned["step"] for planned in json.loads(plan)}]


class ArtifactDigests(Check):
    """Artifacts that were changed after they were learned."""

    name = "artifact digests"
    repair = "the artifact is dropped: the next run learns it again"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        by_id = {step.id: step for step in steps}
        for block in bulk.stream(connection, select(artifact), _ARTIFACTS):
            for step_id, corpus_id, content, digest in block:
                if not _has_digest(content, digest) and step_id in by_id:
                    text = (
                        f"artifact of {by_id[step_id].short}, corpus {corpus_id}: the content does not match its digest"
                    )
                    yield Finding(text, step_id, corpus_id)


def _has_digest(content: str, digest: str) -> bool:
    try:
        return digest_of(json.loads(content)) == digest
    except ValueError:
        return False

"""A step: a stage with frozen parameters, identified by the digest of what it does."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, insert, select

from xprojdb.db import bulk
from xprojdb.db.tables import run, step, step_input
from xprojdb.digest import canonical_json, digest_of


@dataclass(frozen=True)
class StepSpec:
    """How something is computed, independent of the items it is computed for.

    :param kind: the stage, such as ``"align"``.
    :param version: the stage's code version, raised by hand when results change for equal parameters.
    :param params: everything that changes the result, as JSON values.
    :param model: the name of the model, if there is one.
    :param revision: the exact revision of the model.
    :param inputs: the steps whose results it reads, by role.
    """

    kind: str
    version: int
    params: Mapping[str, Any] = field(default_factory=dict)
    model: str | None = None
    revision: str | None = None
    inputs: Mapping[str, StepSpec] = field(default_factory=dict)

    @cached_property
    def digest(self) -> str:
        """The identity of the step: SHA-256 of kind, version, parameters, model and the inputs' digests."""
        return digest_of(
            {
                "kind": self.kind,
                "version": self.version,
                "params": self.params,
                "model": self.model,
                "revision": self.revision,
                "inputs": {role: spec.digest for role, spec in self.inputs.items()},
            }
        )

    @property
    def short(self) -> str:
        """The first eight digits of the digest, for display."""
        return self.digest[:8]

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepSpec) and other.digest == self.digest


#: The step of all imported annotations and human translations.
GOLD = StepSpec("import", 1)


def find_step(connection: Connection, spec: StepSpec) -> int | None:
    """Find the id of a step, or None if this database never planned it."""
    return connection.execute(select(step.c.id).where(step.c.digest == spec.digest)).scalar()


def find_steps(connection: Connection, specs: Iterable[StepSpec]) -> dict[StepSpec, int]:
    """Find the ids of steps; those that this database never planned are left out."""
    by_digest = {spec.digest: spec for spec in specs}
    query = select(step.c.digest, step.c.id).where(bulk.among_texts(connection, step.c.digest, list(by_digest)))
    return {by_digest[digest]: step_id for digest, step_id in bulk.fetch(connection, query)}


def load_spec(connection: Connection, step_id: int) -> StepSpec:
    """Read a stored step with its inputs."""
    return load_specs(connection, [step_id])[step_id]


def load_specs(connection: Connection, step_ids: Iterable[int]) -> dict[int, StepSpec]:
    """Read stored steps with their inputs, each once however many others read it."""
    inputs = _inputs_below(connection, step_ids)
    rows = connection.execute(select(step).where(bulk.among(connection, step.c.id, sorted(inputs))))
    stored = {row.id: row for row in rows}
    specs: dict[int, StepSpec] = {}

    def spec_of(step_id: int) -> StepSpec:
        if step_id not in specs:
            row = stored[step_id]
            own = {role: spec_of(input_id) for role, input_id in inputs[step_id].items()}
            specs[step_id] = StepSpec(row.kind, row.version, json.loads(row.params), row.model, row.revision, own)
        return specs[step_id]

    return {step_id: spec_of(step_id) for step_id in step_ids}


def _inputs_below(connection: Connection, step_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """The inputs of steps and of all steps below them, by role."""
    inputs: dict[int, dict[str, int]] = {}
    unread = set(step_ids)
    while unread:
        inputs |= {step_id: {} for step_id in unread}
        query = select(step_input.c.step_id, step_input.c.role, step_input.c.input_id)
        for step_id, role, input_id in bulk.fetch(
            connection, query.where(bulk.among(connection, step_input.c.step_id, sorted(unread)))
        ):
            inputs[step_id][role] = input_id
        unread = {input_id for own in inputs.values() for input_id in own.values()} - inputs.keys()
    return inputs


def register_step(connection: Connection, spec: StepSpec) -> int:
    """Get the id of a step, storing it with its inputs if it is new. Needs a write transaction."""
    existing = find_step(connection, spec)
    if existing is not None:
        return existing
    inputs = {role: register_step(connection, input_spec) for role, input_spec in sorted(spec.inputs.items())}
    step_id = connection.execute(
        insert(step)
        .values(
            kind=spec.kind,
            version=spec.version,
            params=canonical_json(spec.params),
            model=spec.model,
            revision=spec.revision,
            digest=spec.digest,
            after_run=bulk.last_id(connection, run),
        )
        .returning(step.c.id)
    ).scalar_one()
    if inputs:
        rows = [{"step_id": step_id, "role": role, "input_id": input_id} for role, input_id in inputs.items()]
        connection.execute(insert(step_input), rows)
    return int(step_id)

"""A step: a stage with its frozen parameters, known by the digest of what it does."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, insert, select

from xprojdb.db import bulk
from xprojdb.db.tables import run, step, step_input
from xprojdb.digest import canonical_json, digest_of


@dataclass(frozen=True)
class StepSpec:
    """How something is computed; which items it is computed for is not part of it.

    :param kind: the stage, such as ``"align"``.
    :param version: the stage's code version, raised by hand when its results change for equal parameters.
    :param params: everything that changes the result, as JSON values.
    :param model: the model's name, when one is used.
    :param revision: the exact revision of that model.
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
        """The first eight digits of the digest, for people."""
        return self.digest[:8]

    def __hash__(self) -> int:
        return hash(self.digest)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepSpec) and other.digest == self.digest


#: What every imported annotation and human translation comes from.
GOLD = StepSpec("import", 1)


def find_step(connection: Connection, spec: StepSpec) -> int | None:
    """The id of a step, or None when this database has never planned it."""
    return connection.execute(select(step.c.id).where(step.c.digest == spec.digest)).scalar()


def load_spec(connection: Connection, step_id: int) -> StepSpec:
    """Read a step back, with its inputs."""
    row = connection.execute(select(step).where(step.c.id == step_id)).one()
    query = select(step_input.c.role, step_input.c.input_id).where(step_input.c.step_id == step_id)
    inputs = {role: load_spec(connection, given) for role, given in connection.execute(query)}
    return StepSpec(row.kind, row.version, json.loads(row.params), row.model, row.revision, inputs)


def register_step(connection: Connection, spec: StepSpec) -> int:
    """The id of a step, stored with its inputs when it is new. Needs a write transaction."""
    known = find_step(connection, spec)
    if known is not None:
        return known
    inputs = {role: register_step(connection, given) for role, given in sorted(spec.inputs.items())}
    made = connection.execute(
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
        rows = [{"step_id": made, "role": role, "input_id": given} for role, given in inputs.items()]
        connection.execute(insert(step_input), rows)
    return int(made)

"""Explain why a step is new: what differs from the step in its place when the recipe last ran."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from xprojdb.config.canonical import current_params, role_name
from xprojdb.db.tables import recipe
from xprojdb.steps.spec import StepSpec, load_spec

#: values longer than this many characters are not spelled out
_MAX_CHARS = 40


def earlier_specs(connection: Connection, name: str) -> list[StepSpec]:
    """The steps of a recipe when it last ran; empty if it never did."""
    plan = connection.execute(select(recipe.c.plan).where(recipe.c.name == name)).scalar()
    return [load_spec(connection, planned["step"]) for planned in json.loads(plan or "[]")]


def change_of(spec: StepSpec, earlier: Sequence[StepSpec]) -> str:
    """Describe how a new step differs from the most similar earlier one."""
    alike = [tuple(_differences(spec, step)) for step in earlier if step.kind == spec.kind]
    if not alike:
        return "the recipe had no such step" if earlier else "the recipe has not run here"
    return ", ".join(sorted(alike, key=len)[0]) or "nothing"


def _differences(new: StepSpec, old: StepSpec) -> Iterator[str]:
    for name in ("version", "model", "revision"):
        if getattr(new, name) != getattr(old, name):
            yield _changed(name, getattr(old, name), getattr(new, name))
    yield from _params(current_params(new.kind, new.params), current_params(old.kind, old.params), "")
    for role in dict.fromkeys([*old.inputs, *new.inputs]):
        if role not in new.inputs:
            yield f"reads no {role_name(role)} any more"
        elif role not in old.inputs:
            yield f"reads {role_name(role)}, too"
        elif new.inputs[role] != old.inputs[role]:
            yield f"{role_name(role)}: its step {new.inputs[role].short} is not {old.inputs[role].short}"


def _params(new: Mapping[str, Any], old: Mapping[str, Any], prefix: str) -> Iterator[str]:
    for name in dict.fromkeys([*old, *new]):
        before, after = old.get(name), new.get(name)
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _params(after, before, f"{prefix}{name}.")
        elif before != after:
            yield _changed(f"{prefix}{name}", before, after)


def _changed(name: str, before: Any, after: Any) -> str:
    values = [json.dumps(value, ensure_ascii=False) for value in (before, after)]
    if max(map(len, values)) > _MAX_CHARS:
        return f"{name} changed"
    return f"{name} {values[0]} → {values[1]}".replace("null", "none")

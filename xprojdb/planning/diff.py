"""From which change a step is new: what differs from the step that stood in its place when the recipe last ran."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, select

from xprojdb.config.canonical import current_params, role_name
from xprojdb.db.tables import recipe
from xprojdb.steps.spec import StepSpec, load_spec

#: a value that takes more characters is not spelt out
_TOLD = 40


def earlier_specs(connection: Connection, name: str) -> list[StepSpec]:
    """The steps that a recipe name stood for when it was last run; none when it never was."""
    plan = connection.execute(select(recipe.c.plan).where(recipe.c.name == name)).scalar()
    return [load_spec(connection, planned["step"]) for planned in json.loads(plan or "[]")]


def change_of(spec: StepSpec, earlier: Sequence[StepSpec]) -> str:
    """What differs between a new step and the earlier one most like it, for people."""
    alike = [tuple(_differences(spec, each)) for each in earlier if each.kind == spec.kind]
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
    told = [json.dumps(value, ensure_ascii=False) for value in (before, after)]
    if max(map(len, told)) > _TOLD:
        return f"{name} changed"
    return f"{name} {told[0]} → {told[1]}".replace("null", "none")

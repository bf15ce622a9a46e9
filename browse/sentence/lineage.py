"""The steps behind a label: a short path from the import to the label, and what was learned on the way."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from xprojdb.provenance.lineage import LABELS, LineageStep
from xprojdb.steps.project.revised import PROJECTED, RevisedParams
from xprojdb.steps.registry import FITS

#: what comes first, in whatever order it was planned
_FIRST = ("import", "carry", "translate", "tag", "gazetteer", "align")


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step of the path.

    :param name: what it is called on the path: its kind, and what tells it from others of its kind.
    :param values: its parameters as texts.
    """

    name: str
    kind: str
    role: str
    digest: str
    model: str | None
    revision: str | None
    outcome: str
    reason: str | None
    message: str | None
    run: int | None
    command: str | None
    started_at: str | None
    values: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Path:
    """The steps in an order in which they can run.

    :param steps: those that work on the sentence or its translations.
    :param learned: those that learned from all sentences of a corpus.
    """

    steps: list[PathStep]
    learned: list[PathStep]


def path_of(steps: Iterable[LineageStep]) -> Path:
    """The steps, each once.

    :param steps: in the order in which they were planned, which is after their inputs.
    """
    by_digest = {step.digest: step for step in steps}
    ordered = sorted(
        by_digest.values(), key=lambda step: _FIRST.index(step.kind) if step.kind in _FIRST else len(_FIRST)
    )
    final = [step for step in ordered if step.role in (LABELS, PROJECTED)][-1:]
    named = [(step.kind in FITS, _shown(step, _name(step, is_final=step in final))) for step in ordered]
    return Path([shown for fits, shown in named if not fits], [shown for fits, shown in named if fits])


def _shown(step: LineageStep, name: str) -> PathStep:
    values = [(name, _value_text(value)) for name, value in step.params.items() if value is not None]
    values_of_step = (
        name,
        step.kind,
        step.role,
        step.digest,
        step.model,
        step.revision,
        step.outcome,
        step.reason,
        step.message,
    )
    return PathStep(*values_of_step, step.run, step.command, step.started_at, values)


def _name(step: LineageStep, *, is_final: bool) -> str:
    """``score memory``, ``frequencies de``; a draft is a projection from which the final one learned."""
    if step.kind == RevisedParams.kind:
        return "taggers vote"
    if step.kind == "score":
        return f"score {step.role.rpartition(':')[2]}"
    if step.kind == "project" and step.role != PROJECTED and not is_final:
        return "project, draft"
    if step.kind in FITS and step.params.get("lang"):
        return f"{step.kind} {step.params['lang']}"
    return step.kind


def _value_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

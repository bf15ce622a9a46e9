"""The steps behind a label, in order: import, translate, tag, align, score, project, combine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from xprojdb.provenance.lineage import LineageStep

_ORDER = (
    "import", "carry", "translate", "tag", "fit", "align", "score", "project", "target-tagger",
    "vote-evidence", "revise", "combine", "review",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step of the path.

    :param values: its parameters as texts.
    """

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


def path_of(steps: Iterable[LineageStep]) -> list[PathStep]:
    """The steps in the order in which they ran, each once."""
    by_digest = {step.digest: step for step in steps}
    return [_shown(step) for step in sorted(by_digest.values(), key=lambda step: (_place(step.kind), step.role))]


def _place(kind: str) -> int:
    # There are many kinds of steps that fit on a corpus.
    return _ORDER.index(kind) if kind in _ORDER else _ORDER.index("fit")


def _shown(step: LineageStep) -> PathStep:
    values = [(name, _value_text(value)) for name, value in step.params.items() if value is not None]
    values_of_step = (
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


def _value_text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

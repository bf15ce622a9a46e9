"""The path of steps behind a label, as a page shows it: import, translate, tag, align, score, project, combine."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from xprojdb.provenance.lineage import LineageStep

_ORDER = ("import", "carry", "translate", "tag", "fit", "align", "score", "project", "combine", "review")


@dataclass(frozen=True, slots=True)
class PathStep:
    """A step of the path.

    :param values: its parameters, as texts.
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
    """The steps in the order they ran, each once."""
    by_digest = {made.digest: made for made in steps}
    return [_shown(made) for made in sorted(by_digest.values(), key=lambda made: (_place(made.kind), made.role))]


def _place(kind: str) -> int:
    # What is counted over a corpus has many kinds.
    return _ORDER.index(kind) if kind in _ORDER else _ORDER.index("fit")


def _shown(made: LineageStep) -> PathStep:
    values = [(name, _told(value)) for name, value in made.params.items() if value is not None]
    told = (made.kind, made.role, made.digest, made.model, made.revision, made.outcome, made.reason, made.message)
    return PathStep(*told, made.run, made.command, made.started_at, values)


def _told(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""What a run tells: whoever watches it, whoever called it, and the database, where others look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from xprojdb.errors import XprojdbError


class Progress(Protocol):
    """What a run tells whoever watches."""

    def begin(self, title: str, noun: str, total: int) -> None: ...

    def advance(self, done: int, failed: int) -> None: ...

    def end(self) -> None: ...


class Silent:
    """A watcher that shows nothing."""

    def begin(self, title: str, noun: str, total: int) -> None: ...

    def advance(self, done: int, failed: int) -> None: ...

    def end(self) -> None: ...


class StopRequest:
    """Asked for from outside (a signal handler): the run ends after the batches at hand, which are committed."""

    def __init__(self) -> None:
        self.requested = False


@dataclass(slots=True)
class StepReport:
    """What a run did for one step.

    :param noun: what its items are.
    :param total: how many waited when the run came to it; None: it has not come to it.
    :param seconds: how long it has computed, loading models aside.
    """

    step_id: int
    title: str
    noun: str = "items"
    total: int | None = None
    done: int = 0
    failed: int = 0
    seconds: float = 0.0

    def count(self, done: int, failed: int) -> None:
        """Add items that were done, and how many of them failed."""
        self.done += done
        self.failed += failed


@dataclass(slots=True)
class RunReport:
    """What a run did.

    :param run_id: its key, or None when nothing was pending and nothing was recorded.
    :param stopped: whether it ended early because it was asked to.
    :param errors: by step, why its model could not be had, so that its items stay pending.
    :param missing: which parts of the recipe could not be run: languages that no translation joins.
    :param waiting: what no run can do, since it waits for an import, a line each.
    """

    run_id: int | None = None
    stopped: bool = False
    steps: list[StepReport] = field(default_factory=list)
    errors: dict[int, XprojdbError] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)

    @property
    def done(self) -> int:
        return sum(step.done for step in self.steps)

    @property
    def failed(self) -> int:
        return sum(step.failed for step in self.steps)

    @property
    def counts(self) -> Mapping[str, int]:
        """How many items were done, and how many of them failed."""
        return {"done": self.done, "failed": self.failed}

    def so_far(self) -> Mapping[str, Any]:
        """What is kept of it in the database, while it runs and when it has ended; others can watch it there."""
        return {**self.counts, "steps": [asdict(step) for step in self.steps]}

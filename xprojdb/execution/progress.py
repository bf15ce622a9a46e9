"""What a run tells: whoever watches it, whoever called it, and the database, where others look."""

from __future__ import annotations

import time
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
    """Asked for from outside, or by the clock: the run ends after the batches at hand, which are committed."""

    def __init__(self) -> None:
        self._until: float | None = None
        self._asked = False
        #: whether it was Ctrl-C
        self.interrupted = False

    def limit(self, seconds: float) -> None:
        """Ask for the end so many seconds from now."""
        self._until = time.monotonic() + seconds

    @property
    def requested(self) -> bool:
        """Whether the run is to end."""
        return self._asked or (self._until is not None and time.monotonic() >= self._until)

    @requested.setter
    def requested(self, value: bool) -> None:
        self._asked = value


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
    :param stopped: whether it ended early because it was asked to, and left work.
    :param interrupted: whether it was Ctrl-C that asked.
    :param errors: by step, why its model could not be had, so that its items stay pending.
    """

    run_id: int | None = None
    stopped: bool = False
    interrupted: bool = False
    steps: list[StepReport] = field(default_factory=list)
    errors: dict[int, XprojdbError] = field(default_factory=dict)

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

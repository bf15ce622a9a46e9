"""The progress of a run, as reported to a watcher, to the caller, and to the database."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

from xprojdb.errors import XprojdbError


class Progress(Protocol):
    """Receives the progress of a run."""

    def begin(self, title: str, noun: str, total: int) -> None: ...

    def advance(self, done: int, failed: int) -> None: ...

    def end(self) -> None: ...


class Silent:
    """Shows no progress."""

    def begin(self, title: str, noun: str, total: int) -> None: ...

    def advance(self, done: int, failed: int) -> None: ...

    def end(self) -> None: ...


class StopRequest:
    """A request, from outside or by the clock, to end the run after committing the current batches."""

    def __init__(self) -> None:
        self._until: float | None = None
        self._requested = False
        #: whether it came from Ctrl-C
        self.interrupted = False

    def limit(self, seconds: float) -> None:
        """End the run in so many seconds."""
        self._until = time.monotonic() + seconds

    @property
    def requested(self) -> bool:
        """Whether the run should end."""
        return self._requested or (self._until is not None and time.monotonic() >= self._until)

    @requested.setter
    def requested(self, value: bool) -> None:
        self._requested = value


@dataclass(slots=True)
class StepReport:
    """What a run did for one step.

    :param noun: what its items are called.
    :param total: how many items were pending when the run reached the step; None if it has not reached it.
    :param seconds: how long it has computed, not counting the loading of models.
    """

    step_id: int
    title: str
    noun: str = "items"
    total: int | None = None
    done: int = 0
    failed: int = 0
    seconds: float = 0.0

    def count(self, done: int, failed: int) -> None:
        """Add processed items, and how many of them failed."""
        self.done += done
        self.failed += failed


@dataclass(slots=True)
class RunReport:
    """What a run did.

    :param run_id: its key, or None if nothing was pending and nothing was recorded.
    :param stopped: whether it ended early because it was asked to, and left work.
    :param interrupted: whether Ctrl-C ended it.
    :param errors: for each step left pending, why its model is not available.
    :param missing: why parts of the recipe could not be run: languages that no translations connect.
    :param waiting: one line for each step whose items wait for an import, which no run can process.
    """

    run_id: int | None = None
    stopped: bool = False
    interrupted: bool = False
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
        """The number of processed items, and how many of them failed."""
        return {"done": self.done, "failed": self.failed}

    def so_far(self) -> Mapping[str, Any]:
        """The counts stored in the database during and after the run, where others can watch it."""
        return {**self.counts, "steps": [asdict(step) for step in self.steps]}

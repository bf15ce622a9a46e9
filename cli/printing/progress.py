"""Progress of a run: bars on a terminal, plain lines otherwise; Ctrl-C stops after the current batch."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from xprojdb.execution.progress import StopRequest

#: seconds between plain lines
_INTERVAL = 10.0


class _Count:
    """The progress of one step."""

    def __init__(self, title: str, noun: str, total: int) -> None:
        self.title, self.noun, self.total = title, noun, total
        self.done = self.failed = 0
        self.started = time.monotonic()

    def add(self, done: int, failed: int) -> None:
        self.done += done
        self.failed += failed

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def rate(self) -> float:
        return self.done / max(self.seconds, 1e-9)

    @property
    def rate_text(self) -> str:
        return f"{self.rate:,.{0 if self.rate >= 10 else 1}f} {self.noun}/s"

    @property
    def failed_text(self) -> str:
        return f"{self.failed} failed" if self.failed else ""


class Bars:
    """One bar per step, with its rate, the remaining time and the failures."""

    def begin(self, title: str, noun: str, total: int) -> None:
        self._count = _Count(title, noun, total)
        # A new one for each step: if restarted, the old one would draw the bars of earlier steps again.
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]}"),
            TimeRemainingColumn(elapsed_when_finished=True),
            TextColumn("{task.fields[failed]}", style="red"),
            console=Console(stderr=True),
        )
        self._task = self._bars.add_task(title, total=total, rate="", failed="")
        self._bars.start()

    def advance(self, done: int, failed: int) -> None:
        self._count.add(done, failed)
        rate, failures = self._count.rate_text, self._count.failed_text
        self._bars.update(self._task, advance=done, rate=rate, failed=failures)

    def end(self) -> None:
        self._bars.stop()


class Lines:
    """A line every ten seconds, and one when a step ends."""

    def begin(self, title: str, noun: str, total: int) -> None:
        self._count = _Count(title, noun, total)
        self._printed_at = time.monotonic()

    def advance(self, done: int, failed: int) -> None:
        self._count.add(done, failed)
        if time.monotonic() - self._printed_at >= _INTERVAL:
            left = (self._count.total - self._count.done) / self._count.rate
            self._print_line(f"{max(left, 0):,.0f} s left")

    def end(self) -> None:
        self._print_line("")

    def _print_line(self, left: str) -> None:
        self._printed_at = time.monotonic()
        count = self._count
        parts = (f"{count.seconds:.1f} s", count.rate_text, left, count.failed_text)
        details = ", ".join(part for part in parts if part)
        click.echo(f"{count.title}: {count.done} of {count.total} {count.noun}, {details}", err=True)


def watcher() -> Bars | Lines:
    """Bars if standard error is a terminal, otherwise lines."""
    return Bars() if sys.stderr.isatty() else Lines()


@contextmanager
def stop_on_interrupt() -> Iterator[StopRequest]:
    """Turn the first Ctrl-C (or TERM signal) into a request to stop; the second one interrupts at once.

    An ignored signal stays ignored: a script's background job must not stop because of a Ctrl-C at the terminal.
    """
    stop = StopRequest()

    interrupting = False

    def ask(number: int, _frame: FrameType | None) -> None:
        nonlocal interrupting
        if interrupting:
            raise KeyboardInterrupt
        stop.requested = interrupting = True
        stop.interrupted = number == signal.SIGINT
        click.echo("\nstopping after this batch; press Ctrl-C again to stop at once", err=True)

    heeded = [number for number in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(number) != signal.SIG_IGN]
    earlier = {number: signal.signal(number, ask) for number in heeded}
    try:
        yield stop
    finally:
        for number, handler in earlier.items():
            signal.signal(number, handler)

"""Processes that tests start, and waiting for what they do: for events, never for an amount of time."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

#: seconds after which an event is taken never to come; a guard against tests that hang, not a measure of speed
HANG = 900.0
#: seconds between two looks at a condition
_INTERVAL = 0.02
_STARTED: list[subprocess.Popen[str]] = []


def start(command: Sequence[str | Path], **options: Any) -> subprocess.Popen[str]:
    """Start a process that can be interrupted, also where the tests themselves ignore SIGINT.

    A shell's background job ignores it (``nohup pytest &`` in a script), and children inherit that; what has a handler
    here is back at its default there. A test that ends leaves no such process behind.

    :param options: those of :class:`subprocess.Popen`; text is UTF-8.
    """
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        child = subprocess.Popen([str(part) for part in command], encoding="utf-8", **options)
    finally:
        signal.signal(signal.SIGINT, earlier)
    _STARTED.append(child)
    return child


def end_all() -> None:
    """Kill the processes that are left."""
    while _STARTED:
        child = _STARTED.pop()
        if child.poll() is None:
            child.kill()
            child.wait()
        for pipe in (child.stdin, child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def wait_until(condition: Callable[[], object], *children: subprocess.Popen[str]) -> None:
    """Wait for a condition.

    :param children: who bring it about: when one of them has ended, it cannot come any more.
    :raises AssertionError: when it does not come.
    """
    deadline = time.monotonic() + HANG
    while not condition():
        for child in children:
            assert child.poll() is None, f"{child.args!r} ended with {child.returncode}: {_errors(child)}"
        assert time.monotonic() < deadline, "waited for something that never came"
        time.sleep(_INTERVAL)


def _errors(child: subprocess.Popen[str]) -> str:
    return child.stderr.read() if child.stderr is not None else ""

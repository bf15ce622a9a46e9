"""Work that takes longer than a page may, done in the background."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Event, Lock, Thread

#: work is done again after this many times the seconds that it took: a run changes the database all the time
_PAUSE = 10


class Background:
    """One piece of work at a time, in a thread.

    :param name: of the thread.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = Lock()
        self._thread: Thread | None = None
        self._not_before = 0.0
        #: set when work is to end early, and none is to begin
        self.stopped = Event()

    def start(self, work: Callable[[], None], *, urgent: bool = False) -> None:
        """Begin, unless other work is being done or has just been done.

        :param urgent: begin even if other work has just been done.
        """
        with self._lock:
            alive = self._thread is not None and self._thread.is_alive()
            if alive or self.stopped.is_set() or not (urgent or time.monotonic() >= self._not_before):
                return
            self._thread = Thread(target=self._run, args=(work,), name=self._name, daemon=True)
            self._thread.start()

    def _run(self, work: Callable[[], None]) -> None:
        began = time.monotonic()
        try:
            work()
        finally:
            self._not_before = time.monotonic() + _PAUSE * (time.monotonic() - began)

    def join(self) -> None:
        """Wait until nothing is being done."""
        if self._thread is not None:
            self._thread.join()

    def stop(self) -> None:
        """Have work end early, and wait for it."""
        self.stopped.set()
        self.join()

"""Several servers of one model: each gets as many requests at a time as it bears, and one that fails rests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xprojdb.errors import ServiceError
from xprojdb.models.service import LONGEST_WAIT, Parsed, Reply, Service

#: seconds between two looks at whether a server has room
_LOOK = 0.02
#: answers that mean that a server has too much to do
_TOO_MUCH = frozenset({429, 503})


@dataclass(slots=True)
class _Server:
    """A server and how much it bears.

    :param room: requests at a time; halved when it has too much to do, and grown slowly while it answers.
    :param resting: until when it is not asked.
    :param failures: in a row.
    """

    service: Service
    room: float
    busy: int = 0
    resting: float = 0.0
    failures: int = 0


class ServicePool:
    """Asks the server that has the most room; a request that fails goes to another one.

    :param services: that make one attempt each.
    :param parallel: requests at a time, of each server at most.
    :param attempts: how often a request is sent before it is given up, in all.
    :param patience: seconds that a server rests after its first failure, unless it names some; twice as long after each
        further one in a row.
    """

    def __init__(self, services: Sequence[Service], *, parallel: int, attempts: int, patience: float) -> None:
        self._servers = [_Server(service, float(parallel)) for service in services]
        self._parallel, self._attempts, self._patience = parallel, max(attempts, len(services)), patience
        self._changed = threading.Condition()

    def post(self, path: str, body: dict[str, Any], read: Callable[[Reply], Parsed]) -> Parsed:
        """Ask, as :meth:`Service.post` does.

        :raises ServiceError: that of the last attempt.
        """
        for attempt in range(1, self._attempts + 1):
            server = self._take()
            try:
                made = server.service.post(path, body, read)
            except ServiceError as error:
                self._give_back(server, error)
                error.fields["attempts"] = attempt
                if attempt == self._attempts or not error.again:
                    raise
            else:
                self._give_back(server, None)
                return made
        raise AssertionError("a pool is asked once at least")

    def _take(self) -> _Server:
        """Wait for a server that has room."""
        with self._changed:
            while True:
                now = time.monotonic()
                free = [each for each in self._servers if each.resting <= now and each.busy < max(1, int(each.room))]
                if free:
                    server = max(free, key=lambda each: each.room - each.busy)
                    server.busy += 1
                    return server
                self._changed.wait(self._nap(now))

    def _nap(self, now: float) -> float:
        waking = [each.resting - now for each in self._servers if each.resting > now]
        return min([LONGEST_WAIT, *waking]) + _LOOK

    def _give_back(self, server: _Server, error: ServiceError | None) -> None:
        with self._changed:
            server.busy -= 1
            if error is None:
                server.failures = 0
                server.room = min(self._parallel, server.room + 1 / max(1.0, server.room))
            elif error.again:
                self._rest(server, error)
            self._changed.notify_all()

    def _rest(self, server: _Server, error: ServiceError) -> None:
        """A server that has too much to do gets less; one that does not answer is asked again later."""
        now = time.monotonic()
        if error.fields.get("status") in _TOO_MUCH:
            server.room = max(1.0, server.room / 2)
        asked = error.fields.get("wait")
        pause = self._patience * 2**server.failures if asked is None else asked
        # Of requests that were under way together, all fail: that is one failure.
        if server.resting <= now:
            server.failures += 1
        server.resting = max(server.resting, now + min(pause, LONGEST_WAIT))

"""Several servers of one model: each gets as many parallel requests as it can handle, and rests when it fails."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xprojdb.errors import ServiceError
from xprojdb.models.service import LONGEST_WAIT, Parsed, Reply, Service

#: seconds between checks whether a server has room
_LOOK = 0.02
#: status codes of an overloaded server
_TOO_MUCH = frozenset({429, 503})


@dataclass(slots=True)
class _Server:
    """A server and its load.

    :param room: the most parallel requests; halved when the server is overloaded, and grown slowly while it answers.
    :param busy: the requests under way.
    :param resting: the time until which it gets no requests.
    :param failures: failures in a row.
    """

    service: Service
    room: float
    busy: int = 0
    resting: float = 0.0
    failures: int = 0


class ServicePool:
    """Sends each request to the server with the most room, and to another one if it fails.

    :param services: the servers; each makes one attempt at a time.
    :param parallel: the most parallel requests to each server.
    :param attempts: how often a request is sent, over all servers, before giving up.
    :param patience: the seconds a server rests after its first failure, unless it names a time; doubled after each
        further failure in a row.
    """

    def __init__(self, services: Sequence[Service], *, parallel: int, attempts: int, patience: float) -> None:
        self._servers = [_Server(service, float(parallel)) for service in services]
        self._parallel, self._attempts, self._patience = parallel, max(attempts, len(services)), patience
        self._changed = threading.Condition()

    def post(self, path: str, body: dict[str, Any], read: Callable[[Reply], Parsed]) -> Parsed:
        """Send a request, as :meth:`Service.post` does.

        :raises ServiceError: the error of the last attempt.
        """
        for attempt in range(1, self._attempts + 1):
            server = self._take()
            try:
                result = server.service.post(path, body, read)
            except ServiceError as error:
                self._give_back(server, error)
                error.fields["attempts"] = attempt
                if attempt == self._attempts or not error.again:
                    raise
            else:
                self._give_back(server, None)
                return result
        raise AssertionError("a pool makes at least one attempt")

    def _take(self) -> _Server:
        """Wait for a server with room."""
        with self._changed:
            while True:
                now = time.monotonic()
                free = [
                    server
                    for server in self._servers
                    if server.resting <= now and server.busy < max(1, int(server.room))
                ]
                if free:
                    server = max(free, key=lambda server: server.room - server.busy)
                    server.busy += 1
                    return server
                self._changed.wait(self._nap(now))

    def _nap(self, now: float) -> float:
        waking = [server.resting - now for server in self._servers if server.resting > now]
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
        """Halve the room of an overloaded server; let any failing server rest."""
        now = time.monotonic()
        if error.fields.get("status") in _TOO_MUCH:
            server.room = max(1.0, server.room / 2)
        wait = error.fields.get("wait")
        pause = self._patience * 2**server.failures if wait is None else wait
        # Requests that were under way together fail together: count one failure.
        if server.resting <= now:
            server.failures += 1
        server.resting = max(server.resting, now + min(pause, LONGEST_WAIT))

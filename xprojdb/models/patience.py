"""A time limit on a whole request over HTTP, however slowly its parts come."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPSConnection
from typing import Any


class Deadline:
    """Cuts the connections of a block off when its time is over: a socket's own limit begins anew with every byte.

    :param seconds: for the whole block.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._ended = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> socket.socket:
        """Cut this one off, too."""
        with self._lock:
            # A second handle: TLS takes the first one over.
            self._sockets.append(connected.dup())
        if self.passed:
            self._pass()
        return connected

    def _pass(self) -> None:
        with self._lock:
            self.passed = not self._ended
            for each in self._sockets:
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

    def __enter__(self) -> Deadline:
        self._timer.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        with self._lock:
            self._ended = True
            for socket in self._sockets:
                socket.close()
            self._sockets.clear()


def opener(deadline: Deadline) -> urllib.request.OpenerDirector:
    """What opens addresses: through the proxies of the environment, within a deadline, following no redirect."""
    return urllib.request.build_opener(_Plain(deadline), _Secure(deadline), _NoRedirect())


def _connecting(kind: type[HTTPConnection], deadline: Deadline) -> Callable[..., HTTPConnection]:
    def connection(*place: Any, **settings: Any) -> HTTPConnection:
        made = kind(*place, **settings)
        # Where the standard library lets its socket be replaced.
        connect: Callable[..., socket.socket] = made._create_connection  # type: ignore[attr-defined]
        made._create_connection = lambda *to, **how: deadline.watch(connect(*to, **how))  # type: ignore[attr-defined]
        return made

    return connection


class _Plain(urllib.request.HTTPHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._make = _connecting(HTTPConnection, deadline)

    def http_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._make, req)


class _Secure(urllib.request.HTTPSHandler):
    def __init__(self, deadline: Deadline) -> None:
        super().__init__()
        self._make = _connecting(HTTPSConnection, deadline)

    def https_open(self, req: urllib.request.Request) -> Any:
        return self.do_open(self._make, req)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Makes an error of a redirect: followed, it would carry the key to another host, and ask without a body there."""

    def redirect_request(self, *_: Any) -> None:
        return None

"""A time limit on a whole HTTP request, however slowly its parts arrive."""

from __future__ import annotations

import socket
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPConnection, HTTPSConnection
from typing import Any


class Deadline:
    """Closes the connections of a block when its time is up; a socket's own timeout restarts with every byte.

    :param seconds: the time limit of the whole block.
    """

    def __init__(self, seconds: float) -> None:
        self.passed = False
        self._ended = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(seconds, self._pass)
        self._timer.daemon = True

    def watch(self, connected: socket.socket) -> socket.socket:
        """Close this connection as well when the time is up."""
        with self._lock:
            # A second handle, because TLS takes over the first one.
            self._sockets.append(connected.dup())
        if self.passed:
            self._pass()
        return connected

    def _pass(self) -> None:
        with self._lock:
            self.passed = not self._ended
            for connected in self._sockets:
                with suppress(OSError):
                    connected.shutdown(socket.SHUT_RDWR)

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
    """An opener that uses the environment's proxies, keeps a deadline and follows no redirects."""
    return urllib.request.build_opener(_Plain(deadline), _Secure(deadline), _NoRedirect())


def _connecting(kind: type[HTTPConnection], deadline: Deadline) -> Callable[..., HTTPConnection]:
    def connection(*place: Any, **settings: Any) -> HTTPConnection:
        http = kind(*place, **settings)
        # The hook where the standard library lets the socket be replaced.
        connect: Callable[..., socket.socket] = http._create_connection  # type: ignore[attr-defined]
        http._create_connection = lambda *to, **how: deadline.watch(connect(*to, **how))  # type: ignore[attr-defined]
        return http

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
    """Turns redirects into errors; following one would send the key to another host, without the request's body."""

    def redirect_request(self, *_: Any) -> None:
        return None

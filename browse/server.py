"""The server on this machine: one socket on the loopback interface, one address per person, no access log."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from threading import Event, Thread

import uvicorn
from starlette.applications import Starlette

from xprojdb.browse.app import make_app
from xprojdb.browse.pages import Pages
from xprojdb.browse.security import Doorkeeper
from xprojdb.db import Database
from xprojdb.db.opening import with_cache
from xprojdb.errors import UsageError, XprojdbError

LOOPBACK = "127.0.0.1"
#: kibibytes of the database that each connection keeps in memory
CACHE = 16_384
#: concurrent requests
CONCURRENT = 64


class Server:
    """The pages of a database, served by a thread.

    :param port: 0: any free port.
    :param reviewers: who may write reviews; empty: read-only pages.
    :param home: the first page.
    :raises UsageError: when the port is in use.
    """

    def __init__(self, database: Database, *, port: int, reviewers: Sequence[str] = (), home: str = "/") -> None:
        self._socket = _listen(port)
        self.doorkeeper = Doorkeeper(self._socket.getsockname()[1], tuple(reviewers) or ("",), home)
        self._opened = ExitStack()
        app = make_app(self._opened.enter_context(with_cache(database, CACHE)), self.doorkeeper)
        self._pages: Pages = app.state.pages
        self._server = uvicorn.Server(_config(app))
        self._prepared = Event()
        self._thread = Thread(target=self._serve, name="pages", daemon=True)

    def _serve(self) -> None:
        with self._socket:
            # What fails here fails again, and is told, on the page that needs it.
            try:
                with suppress(XprojdbError):
                    self._pages.prepare()
            finally:
                self._prepared.set()
            self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Start answering requests."""
        self._thread.start()

    def prepared(self) -> None:
        """Wait until everything that pages share is loaded."""
        self._prepared.wait()

    def join(self) -> None:
        """Wait until it has stopped."""
        self._thread.join()

    def stop(self) -> None:
        """Stop it, once requests in progress are answered, or after two seconds."""
        self._server.should_exit = True
        self._pages.stop()
        self._thread.join()
        self._opened.close()


def _config(app: Starlette) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        lifespan="off",
        limit_concurrency=CONCURRENT,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=32 * 1024,
    )


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((LOOPBACK, port))
    except OSError as error:
        listener.close()
        hint = "choose another with --port, or use --port 0 for any free port"
        raise UsageError(f"port {port} is in use", hint=hint, port=port) from error
    listener.listen(128)
    return listener

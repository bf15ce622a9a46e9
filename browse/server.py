"""The server on this machine: one socket on the loopback interface, one address a person, no log of what is read."""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

import uvicorn

from xprojdb.browse.app import make_app
from xprojdb.browse.security import Doorkeeper
from xprojdb.db import Database
from xprojdb.errors import UsageError

LOOPBACK = "127.0.0.1"
#: requests at a time
CONCURRENT = 64


def serve(database: Database, *, port: int, reviewers: Sequence[str], tell: Callable[[Doorkeeper], None]) -> None:
    """Serve the pages of a database until interrupted.

    :param port: 0: any that is free.
    :param reviewers: who may write reviews; empty: nobody, and one may read.
    :param tell: called once connections are taken, with the addresses.
    :raises UsageError: when the port is in use.
    """
    listening = _listen(port)
    doorkeeper = Doorkeeper(listening.getsockname()[1], tuple(reviewers) or ("",))
    config = uvicorn.Config(
        make_app(database, doorkeeper),
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
    tell(doorkeeper)
    with listening, suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listening])


def _listen(port: int) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((LOOPBACK, port))
    except OSError as error:
        made.close()
        hint = "choose another with --port, or 0 for any"
        raise UsageError(f"port {port} is in use", hint=hint, port=port) from error
    made.listen(128)
    return made

"""A running page server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from rich.console import RenderableType
from rich.text import Text

from xprojdb.api.results.base import Result, Row

if TYPE_CHECKING:
    from xprojdb.db import Database as Store


class PageServer(Result):
    """Pages on this machine; a row is an address that lets in one browser, once.

    Can be used as a context manager, which stops it.

    :param store: of the database.
    :param port: 0: any free port.
    :param reviewers: who may write reviews; empty: read-only pages.
    :param home: the first page.
    :raises UsageError: when the port is in use.
    """

    def __init__(self, store: Store, port: int, reviewers: Sequence[str] = (), home: str = "/") -> None:
        from xprojdb.browse.server import Server

        self._server = Server(store, port=port, reviewers=reviewers, home=home)
        self._server.start()

    @property
    def addresses(self) -> dict[str, str]:
        """An address for each reviewer; for read-only pages, one under an empty name."""
        keeper = self._server.doorkeeper
        return {reviewer: keeper.address(reviewer) for reviewer in keeper.tokens}

    @property
    def address(self) -> str:
        """The first address."""
        return next(iter(self.addresses.values()))

    def prepared(self) -> PageServer:
        """Wait until everything that pages share is loaded; pages that are asked for earlier wait for it, too."""
        self._server.prepared()
        return self

    def wait(self) -> None:
        """Serve until Ctrl+C, or until :meth:`stop` is called elsewhere."""
        with suppress(KeyboardInterrupt):
            self._server.join()
        self.stop()

    def stop(self) -> None:
        """Stop serving; requests in progress get two seconds."""
        self._server.stop()

    close = stop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def to_dict(self) -> list[Row]:
        """A row for each address: the reviewer, None for read-only pages."""
        return [{"reviewer": name or None, "address": address} for name, address in self.addresses.items()]

    def __rich__(self) -> RenderableType:
        return Text("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        if "" in self.addresses:
            yield f"open {self.address}"
            yield "it works once, in one browser; Ctrl+C stops the server"
            return
        for reviewer, address in self.addresses.items():
            yield f"{reviewer}: open {address}"
        yield "each address works once, in one browser; Ctrl+C stops the server"

"""Pages that are being served."""

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

    Usable as a context manager, which stops it.

    :param store: of the database.
    :param port: 0: any that is free.
    :param reviewers: who may write reviews; empty: nobody, and one may read.
    :param home: the page that comes first.
    :raises UsageError: when the port is in use.
    """

    def __init__(self, store: Store, port: int, reviewers: Sequence[str] = (), home: str = "/") -> None:
        from xprojdb.browse.server import Server

        self._server = Server(store, port=port, reviewers=reviewers, home=home)
        self._server.start()

    @property
    def addresses(self) -> dict[str, str]:
        """An address for each reviewer; for pages that can only be read, one under an empty name."""
        keeper = self._server.doorkeeper
        return {reviewer: keeper.address(reviewer) for reviewer in keeper.tokens}

    @property
    def address(self) -> str:
        """The first of them."""
        return next(iter(self.addresses.values()))

    def wait(self) -> None:
        """Serve until Ctrl+C, or until :meth:`stop` is called elsewhere."""
        with suppress(KeyboardInterrupt):
            self._server.join()
        self.stop()

    def stop(self) -> None:
        """Stop serving; requests that are being answered get two seconds."""
        self._server.stop()

    close = stop

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def to_dict(self) -> list[Row]:
        """A row for each address: the reviewer, None on pages that can only be read."""
        return [{"reviewer": name or None, "address": address} for name, address in self.addresses.items()]

    def __rich__(self) -> RenderableType:
        return Text("\n".join(self._lines()))

    def _lines(self) -> Iterator[str]:
        if "" in self.addresses:
            yield f"open {self.address}"
            yield "in one browser, once; Ctrl+C ends it"
            return
        for reviewer, address in self.addresses.items():
            yield f"{reviewer}: open {address}"
        yield "each works in one browser, once; Ctrl+C ends it"

"""The base of the database object: the store behind it."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

if TYPE_CHECKING:
    from xprojdb.db import Database as Store


class Closable(Protocol):
    """What ends when the database is closed."""

    def close(self) -> None:
        """End it."""


_Closable = TypeVar("_Closable", bound=Closable)


class Opened:
    """An open database, closed by :meth:`close` or at the end of a ``with`` block.

    :param store: transactions and connections, for SQL of your own: ``with db.store.read() as connection``.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._at_close = ExitStack()
        self._at_close.callback(store.close)

    @property
    def url(self) -> str:
        """The path or URL, without a password."""
        return self.store.url

    def close(self) -> None:
        """Stop serving pages, and close the connections."""
        self._at_close.close()

    def _until_closed(self, part: _Closable) -> _Closable:
        """Something that ends before the connections are closed."""
        self._at_close.callback(part.close)
        return part

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

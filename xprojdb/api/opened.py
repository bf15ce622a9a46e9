"""The base of the database object: the store behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from xprojdb.db import Database as Store


class Opened:
    """An open database, closed by :meth:`close` or at the end of a ``with`` block.

    :param store: transactions and connections, for SQL of your own: ``with db.store.read() as connection``.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    @property
    def url(self) -> str:
        """The path or URL, without a password."""
        return self.store.url

    def close(self) -> None:
        """Close the connections."""
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.url}>"

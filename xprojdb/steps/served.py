"""Stages whose model may be behind a server, which costs money."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from xprojdb.steps.stage import Stage

if TYPE_CHECKING:
    from xprojdb.models.servers.chat import Cost


class Served(Stage):
    """A stage that can say what it would send to a server."""

    @property
    def is_served(self) -> bool:
        """Whether a server does the work."""
        return True

    @abstractmethod
    def would_send(self, connection: Connection, items: Sequence[int]) -> Cost:
        """Estimate what would be sent to the server for some items, without sending anything.

        :param items: keys in ascending order.
        """

"""The methods of a database that show it in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from xprojdb.api.opened import Opened
from xprojdb.extras import require

if TYPE_CHECKING:
    from xprojdb.api.pages.reviewing import Reviews
    from xprojdb.api.results.pages.files import PageFilesResult
    from xprojdb.api.results.pages.server import PageServer

PageOrder = Literal["id", "margin", "score"]


class Browsing(Opened):
    """Pages on the database."""

    @property
    def review(self) -> Reviews:
        """Review campaigns: people judge labels in a browser; see :class:`xprojdb.Reviews`."""
        from xprojdb.api.pages.reviewing import Reviews

        return Reviews(self)

    def browse(self, *, port: int = 8765) -> PageServer:
        """Serve pages on sentences, their labels and what is behind them, on this machine only.

        Pages are served in the background until the result's ``stop()``, or until the database is closed; its
        ``wait()`` blocks until Ctrl+C. Its ``address`` works once, in one browser. Nothing is written.

        :param port: 0: any that is free.
        :raises UsageError: when the port is in use.
        :raises MissingExtra: without the extra ``browse``.
        """
        require_pages("uvicorn")
        from xprojdb.api.results.pages.server import PageServer

        return self._until_closed(PageServer(self.store, port))

    def write_pages(
        self,
        folder: str | Path,
        *,
        recipe: str | None = None,
        corpus: str = "",
        lang: str = "",
        order: PageOrder = "id",
        limit: int = 200,
        card: bool = False,
    ) -> PageFilesResult:
        """Write pages as files, which open from a disk or from any web server.

        Files of an earlier time are replaced, others are left alone.

        :param folder: where to.
        :param recipe: whose labels; may be left out when there is one recipe, or none.
        :param corpus: only this corpus; empty: all.
        :param lang: only this language; empty: all.
        :param order: ``id``, or the least certain first: ``margin``, ``score``.
        :param limit: sentences at most.
        :param card: the folder is an exported data set: write to ``browse`` in it, beside its card.
        :raises UsageError: when there are several recipes and none is named, no sentence fits, or it is no data set.
        :raises MissingExtra: without the extra ``browse``.
        """
        require_pages()
        from xprojdb.api.results.pages.files import PageFilesResult
        from xprojdb.browse.files import write_files

        return PageFilesResult(
            write_files(
                self.store, Path(folder), recipe=recipe, corpus=corpus, lang=lang, order=order, limit=limit, card=card
            )
        )


def require_pages(*further: str) -> None:
    """Say what to install where pages cannot be made.

    :param further: modules that are needed besides.
    :raises MissingExtra: without the extra ``browse``.
    """
    for module in ("starlette", "jinja2", *further):
        require(module, "browse")

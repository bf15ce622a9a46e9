"""Database methods that show it in a browser."""

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
    """Web pages on the database."""

    @property
    def review(self) -> Reviews:
        """Review campaigns, in which people judge labels in a browser; see :class:`xprojdb.Reviews`."""
        from xprojdb.api.pages.reviewing import Reviews

        return Reviews(self)

    def browse(self, *, port: int = 8765) -> PageServer:
        """Serve pages on sentences, their labels and their provenance, on this machine only.

        Pages are served in the background until the result's ``stop()``, or until the database is closed; its
        ``wait()`` blocks until Ctrl+C. Its ``address`` works once, in one browser. The database is not changed.

        :param port: 0: any free port.
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
        """Write pages as files that can be opened from disk or from a web server.

        Pages written earlier are replaced; other files are left alone.

        :param folder: the destination.
        :param recipe: the recipe whose labels to show; may be omitted if there is at most one.
        :param corpus: only this corpus; empty: all.
        :param lang: only this language, by any of its codes; empty: all.
        :param order: ``id``, or least certain first: ``margin``, ``score``.
        :param limit: the maximal number of sentences.
        :param card: the folder is an exported data set: write to its subfolder ``browse``.
        :raises UsageError: when there are several recipes and none is named, no sentence matches, or the folder is not
            a data set.
        :raises MissingExtra: without the extra ``browse``.
        """
        require_pages()
        from xprojdb.api.results.pages.files import PageFilesResult
        from xprojdb.browse.files import write_files
        from xprojdb.text.languages import language

        lang = language(lang).code if lang else ""
        return PageFilesResult(
            write_files(
                self.store, Path(folder), recipe=recipe, corpus=corpus, lang=lang, order=order, limit=limit, card=card
            )
        )


def require_pages(*further: str) -> None:
    """Check that pages can be rendered.

    :param further: modules that are needed as well.
    :raises MissingExtra: without the extra ``browse``.
    """
    for module in ("starlette", "jinja2", *further):
        require(module, "browse")

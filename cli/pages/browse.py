"""``xprojdb browse``: web pages on the database."""

from __future__ import annotations

import gc
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import click

from xprojdb.cli.printing.output import open_current, show
from xprojdb.errors import UsageError

if TYPE_CHECKING:
    from xprojdb.api.pages.browsing import PageOrder
    from xprojdb.api.results.pages.server import PageServer


@click.command()
@click.option("--port", default=8765, show_default=True, type=click.IntRange(0, 65535), help="0: any free port.")
@click.option("--open", "opened", is_flag=True, help="Open the address in a browser.")
@click.option("--static", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Write files instead.")
@click.option("--recipe", metavar="NAME", help="With --static: the recipe. Required if there are several.")
@click.option("--corpus", default="", help="With --static: only this corpus.")
@click.option("--lang", default="", help="With --static: only this language.")
@click.option(
    "--order",
    type=click.Choice(["id", "margin", "score"]),
    default="id",
    help="With --static: the order of the sentences.",
)
@click.option(
    "--limit",
    type=click.IntRange(1, 20_000),
    default=200,
    show_default=True,
    help="With --static: maximum number of sentences.",
)
@click.option("--card", is_flag=True, help="With --static: FOLDER is an exported data set; add the pages to it.")
def command(
    port: int, opened: bool, folder: Path | None, recipe: str | None, corpus: str, lang: str, order: PageOrder,
    limit: int, card: bool,
) -> None:  # fmt: skip
    """Show sentences, their labels and their provenance in a browser.

    The pages can only be reached from this machine, and the printed address works once, in one browser. The database is
    not changed. With --static, the pages are written to FOLDER as files that can be opened from disk or from a web
    server.
    """
    if folder is None and (recipe or corpus or lang or card):
        raise UsageError(
            "--recipe, --corpus, --lang and --card need --static",
            hint="choose them on the page, or add --static FOLDER",
        )
    with open_current() as database:
        if folder is None:
            serve(database.browse(port=port), opened)
        else:
            pages = database.write_pages(
                folder, recipe=recipe, corpus=corpus, lang=lang, order=order, limit=limit, card=card
            )
            show(pages)


def serve(server: PageServer, opened: bool) -> None:
    """Print the addresses of pages, and serve them until Ctrl+C.

    :param opened: open the first address in a browser.
    """
    with suppress(KeyboardInterrupt):
        show(server)
        # A program that reads the addresses from a pipe is waiting for them.
        sys.stdout.flush()
        if opened:
            click.launch(server.address)
        server.prepared()
        _collect_in_small_pieces()
        server.wait()


def _collect_in_small_pieces() -> None:
    """Keep collections of garbage from holding up a page: what is loaded stays, and little is left to gather."""
    gc.collect()
    gc.freeze()
    # A start gathers two hundred thousand objects first, which would take a quarter of a second in some page.
    gc.set_threshold(5_000, 10, 10)

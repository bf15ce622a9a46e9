"""``xprojdb browse``: pages on the database."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from xprojdb.cli.printing.output import open_store
from xprojdb.errors import UsageError
from xprojdb.extras import require

if TYPE_CHECKING:
    from xprojdb.browse.security import Doorkeeper

_PORT = 8765


@click.command()
@click.option("--port", default=_PORT, show_default=True, type=click.IntRange(0, 65535), help="0: any that is free.")
@click.option("--open", "opened", is_flag=True, help="Open the address in a browser.")
@click.option("--static", "folder", type=click.Path(path_type=Path), metavar="FOLDER", help="Write files instead.")
@click.option("--recipe", metavar="NAME", help="With --static: whose labels; needed when there are several.")
@click.option("--corpus", default="", help="With --static: only this corpus.")
@click.option("--lang", default="", help="With --static: only this language.")
@click.option("--order", type=click.Choice(["id", "margin", "score"]), default="id", help="With --static: which first.")
@click.option(
    "--limit", type=click.IntRange(1, 20_000), default=200, show_default=True, help="With --static: sentences."
)
@click.option(
    "--card", is_flag=True, help="With --static: FOLDER is an exported data set; put the pages beside its card."
)
def command(
    port: int, opened: bool, folder: Path | None, recipe: str | None, corpus: str, lang: str, order: str, limit: int,
    card: bool,
) -> None:  # fmt: skip
    """Show sentences, their labels and what is behind them in a browser.

    The pages are on this machine only: the printed address works once, in one browser. Nothing is written. With
    --static, they are written to FOLDER as files that open from a disk or from any web server.
    """
    for module in ("starlette", "jinja2", "uvicorn"):
        require(module, "browse")
    if folder is not None:
        _write(folder, recipe, corpus, lang, order, limit, card)
        return
    if recipe or corpus or lang or card:
        raise UsageError("--recipe, --corpus, --lang and --card are for --static", hint="choose them on the page")
    from xprojdb.browse.server import serve

    with open_store() as database:
        serve(database, port=port, reviewers=(), tell=lambda doorkeeper: _tell(doorkeeper, opened))


def _tell(doorkeeper: Doorkeeper, opened: bool) -> None:
    address = doorkeeper.address()
    click.echo(f"open {address}\nin one browser, once; Ctrl+C ends it")
    if opened:
        click.launch(address)


def _write(folder: Path, recipe: str | None, corpus: str, lang: str, order: str, limit: int, card: bool) -> None:
    from xprojdb.browse.files import write_files

    with open_store() as database:
        done = write_files(
            database, folder, recipe=recipe, corpus=corpus, lang=lang, order=order, limit=limit, card=card
        )
    click.echo(f"{done.sentences:,} sentences on {done.files:,} files in {done.folder}: open {done.folder}/index.html")

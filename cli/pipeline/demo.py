"""``xprojdb demo``: the whole product on the sample corpus, in under a minute."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.rule import Rule

from xprojdb.cli.printing.output import console, show

if TYPE_CHECKING:
    from xprojdb.api.results.base import Result


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default=Path("xprojdb-demo"))
def command(folder: Path) -> None:
    """Build, score and export a small data set from the sample corpus, in FOLDER (default: xprojdb-demo).

    The sample has 160 news-like sentences in English, German, Spanish and Swahili. The English gold entities are
    projected onto the other three languages over word alignments, and compared with the gold entities there. Needs no
    network.
    """
    import xprojdb
    from xprojdb.cli.printing.progress import stop_on_interrupt, watcher

    with stop_on_interrupt() as stop:
        for part in xprojdb.demo(folder, progress=watcher(), stop=stop):
            _show(part)
        if stop.requested:
            raise click.Abort
    _next_steps(folder)


def _show(part: str | Result) -> None:
    if isinstance(part, str):
        _heading(part)
    else:
        show(part)


def _heading(text: str) -> None:
    console().print(Rule(text, align="left", style="dim", characters="─"), width=100)


def _next_steps(folder: Path) -> None:
    database = folder / "demo.db"
    _heading("what is where")
    for path, what in (
        ("demo.db", "the database: every table behind the labels"),
        ("demo.toml", "the recipe: change a value and run it again, only what changed is computed"),
        ("conll", "LANG.SPLIT.conll, IOB2"),
        ("hf", f'datasets.load_dataset("{folder / "hf"}", "sw"), and the card README.md'),
    ):
        click.echo(f"  {folder / path}  {what}")
    _heading("what to type next")
    for line in (
        f"xprojdb --db {database} status",
        f"xprojdb --db {database} explain demo/sw/test-8",
        f"xprojdb --db {database} run {folder / 'demo.toml'}",
        f"xprojdb --db {database} evaluate --json",
        f"xprojdb --db {database} export hf {folder / 'certain'} --min-margin 0.2",
        f"xprojdb card {folder / 'hf'}",
    ):
        click.echo(f"  {line}")

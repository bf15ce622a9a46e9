"""``xprojdb export``: projected labels as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from xprojdb.cli.output import as_json, console, open_current, print_json, recipe_option, table


@click.group()
def command() -> None:
    """Write projected labels as CoNLL or as a Hugging Face data set."""


def choice_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which labels are exported."""
    for option in (
        click.option("--source", help="Only the labels from this language.  [default: the consensus of all]"),
        click.option("--langs", metavar="CODE,CODE,…", help="Target languages.  [default: all of the recipe]"),
        recipe_option,
    ):
        function = option(function)
    return function


def _options(function: Callable[..., None]) -> Callable[..., None]:
    return click.argument("folder", type=click.Path(path_type=Path))(choice_options(as_json(function)))


def choice(langs: str | None, source: str | None) -> dict[str, Any]:
    """What the options of :func:`choice_options` mean to the functions that export."""
    from xprojdb.languages import language

    targets = [language(code).code for code in (langs or "").split(",") if code]
    return {"targets": targets, "source": language(source).code if source else None}


@command.command()
@_options
@click.option("--columns", type=click.Choice(["2", "4"]), default="2", show_default=True, help="4: as CoNLL-2003.")
@click.option("--ids", "with_ids", is_flag=True, help="Put a comment with its id before each sentence.")
def conll(folder: Path, recipe: str | None, columns: str, with_ids: bool, **options: Any) -> None:
    """Write LANG.SPLIT.conll (IOB2) into FOLDER."""
    from xprojdb.exports.recorded import export_conll

    _export(export_conll, folder, recipe, options, columns=int(columns), with_ids=with_ids)


@command.command()
@_options
def hf(folder: Path, recipe: str | None, **options: Any) -> None:
    """Write FOLDER as a Hugging Face data set: Parquet, one configuration per language, and a card.

    ``datasets.load_dataset(FOLDER, "all")`` opens it. Text between the comments "hand-written" of an earlier card
    is kept.
    """
    from xprojdb.exports.recorded import export_dataset

    _export(export_dataset, folder, recipe, options)


def _export(write: Callable[..., Any], folder: Path, recipe: str | None, options: dict[str, Any], **more: Any) -> None:
    from xprojdb.engine.plans import load_plan

    chosen = choice(options["langs"], options["source"])
    with open_current() as database:
        report = write(database, load_plan(database, recipe), folder, **chosen, **more)
    if options["as_json"]:
        print_json(asdict(report))
        return
    shown = table(str(folder), "sentences>")
    for name, count in report.counts.items():
        shown.add_row(name, f"{count:,}")
    console().print(shown)

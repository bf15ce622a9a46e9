"""``xprojdb export``: projected labels as files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from xprojdb.cli.corrections.exchange import text
from xprojdb.cli.options.selection import selection_from, selection_options
from xprojdb.cli.plugin_commands import ExporterGroup
from xprojdb.cli.printing.output import as_json, listed, open_current, recipe_option, show


@click.group(cls=ExporterGroup)
def command() -> None:
    """Export projected labels as CoNLL, JSON lines, spaCy's DocBin or a Hugging Face data set.

    The table [export] of the recipe selects sentences and labels. Options override it.
    """


def label_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that select which labels are exported."""
    for option in (
        selection_options,
        click.option("--source", help="Only labels from this language.  [default: the consensus of all]"),
        click.option("--langs", "--lang", metavar="CODE,CODE,…", help="Target languages.  [default: all]"),
        recipe_option,
    ):
        function = option(function)
    return function


def label_arguments(options: dict[str, Any]) -> dict[str, Any]:
    """The values of :func:`label_options` as keyword arguments of the export functions."""
    selection = selection_from(options)
    return {**options, "langs": listed(options["langs"]), **selection}


def export_options(function: Callable[..., None]) -> Callable[..., None]:
    """All options of an export command."""
    return click.argument("folder", type=click.Path(path_type=Path))(label_options(as_json(function)))


@command.command()
@export_options
@click.option("--columns", type=click.Choice(["2", "4"]), default="2", show_default=True, help="4: as in CoNLL-2003.")
@click.option("--ids", is_flag=True, help="Write the id of each sentence in a comment before it.")
def conll(folder: Path, columns: str, as_json: bool, **options: Any) -> None:
    """Write LANG.SPLIT.conll (IOB2) to FOLDER."""
    with open_current() as database:
        show(database.export(folder, "conll", columns=4 if columns == "4" else 2, **label_arguments(options)), as_json)


@command.command()
@export_options
def jsonl(folder: Path, as_json: bool, **options: Any) -> None:
    """Write LANG.SPLIT.jsonl to FOLDER, one object per sentence."""
    with open_current() as database:
        show(database.export(folder, "jsonl", **label_arguments(options)), as_json)


@command.command()
@export_options
def spacy(folder: Path, as_json: bool, **options: Any) -> None:
    """Write LANG.SPLIT/0000.spacy and so on to FOLDER, for 'spacy train'."""
    with open_current() as database:
        show(database.export(folder, "spacy", **label_arguments(options)), as_json)


@command.command()
@export_options
def hf(folder: Path, as_json: bool, **options: Any) -> None:
    """Write FOLDER as a Hugging Face data set: Parquet, one configuration per language, and a card.

    datasets.load_dataset(FOLDER, "all") opens it. Text between the comments "hand-written" of an earlier card is kept.
    """
    with open_current() as database:
        show(database.export(folder, "hf", **label_arguments(options)), as_json)


command.add_command(text)


def export_command(format: str, folder: Path, as_json: bool, options: dict[str, Any]) -> None:
    """Write files in the format of a plug-in."""
    with open_current() as database:
        show(database.export(folder, format, **label_arguments(options)), as_json)

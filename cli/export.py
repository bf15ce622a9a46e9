"""``xprojdb export``: projected labels as files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.output import as_json, console, open_current, print_json, recipe_option, table
from xprojdb.cli.plugin_commands import ExporterGroup
from xprojdb.cli.selection_options import cut_options, given_cut

if TYPE_CHECKING:
    from xprojdb.exports.api import ExportReport
    from xprojdb.exports.formats.text_formats import TextFormat
    from xprojdb.planning.plan import Plan


@click.group(cls=ExporterGroup)
def command() -> None:
    """Write projected labels as CoNLL, JSON lines, spaCy's DocBin or a Hugging Face data set.

    Which sentences and labels is said by the table [export] of the recipe, and by options, which go before it.
    """


def choice_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options that say which labels are exported."""
    for option in (
        cut_options,
        click.option("--source", help="Only the labels from this language.  [default: the consensus of all]"),
        click.option("--langs", metavar="CODE,CODE,…", help="Target languages.  [default: all of the recipe]"),
        recipe_option,
    ):
        function = option(function)
    return function


def export_options(function: Callable[..., None]) -> Callable[..., None]:
    return click.argument("folder", type=click.Path(path_type=Path))(choice_options(as_json(function)))


def choice(plan: Plan, options: dict[str, Any]) -> dict[str, Any]:
    """What the options of :func:`choice_options` mean to the functions that export."""
    from xprojdb.config.recipe import export_table
    from xprojdb.text.languages import language

    targets = [language(code).code for code in (options["langs"] or "").split(",") if code]
    source = language(options["source"]).code if options["source"] else None
    return {"targets": targets, "source": source, "table": export_table(plan.recipe.text, given_cut(options))}


@command.command()
@export_options
@click.option("--columns", type=click.Choice(["2", "4"]), default="2", show_default=True, help="4: as CoNLL-2003.")
@click.option("--ids", "with_ids", is_flag=True, help="Put a comment with its id before each sentence.")
def conll(folder: Path, recipe: str | None, columns: str, with_ids: bool, **options: Any) -> None:
    """Write LANG.SPLIT.conll (IOB2) into FOLDER."""
    from xprojdb.exports.api import export_conll

    _export(export_conll, folder, recipe, options, columns=int(columns), with_ids=with_ids)


@command.command()
@export_options
def jsonl(folder: Path, recipe: str | None, **options: Any) -> None:
    """Write LANG.SPLIT.jsonl into FOLDER: an object a sentence."""
    from xprojdb.exports.api import export_jsonl

    _export(export_jsonl, folder, recipe, options)


@command.command()
@export_options
def spacy(folder: Path, recipe: str | None, **options: Any) -> None:
    """Write LANG.SPLIT/0000.spacy and so on into FOLDER, as "spacy train" reads them."""
    from xprojdb.exports.api import export_spacy

    _export(export_spacy, folder, recipe, options)


@command.command()
@export_options
def hf(folder: Path, recipe: str | None, **options: Any) -> None:
    """Write FOLDER as a Hugging Face data set: Parquet, one configuration per language, and a card.

    ``datasets.load_dataset(FOLDER, "all")`` opens it. Text between the comments "hand-written" of an earlier card
    is kept.
    """
    from xprojdb.exports.api import export_dataset

    _export(export_dataset, folder, recipe, options)


def _export(write: Callable[..., Any], folder: Path, recipe: str | None, options: dict[str, Any], **more: Any) -> None:
    from xprojdb.planning.store import load_plan

    with open_current() as database:
        plan = load_plan(database, recipe)
        report = write(database, plan, folder, **choice(plan, options), **more)
    if options["as_json"]:
        print_json(asdict(report))
    else:
        _show(report)


def export_command(form: TextFormat, folder: Path, recipe: str | None, options: dict[str, Any]) -> None:
    """Write files of a format that a plug-in brings."""
    from xprojdb.exports.api import export_files

    _export(partial(export_files, form=form), folder, recipe, options)


def _show(report: ExportReport) -> None:
    shown = table(report.destination, "sentences>")
    for name, count in report.counts.items():
        shown.add_row(name, f"{count:,}")
    console().print(shown)
    for name, count in (report.removed or {}).items():
        click.echo(f"{name} took out {count:,} of {report.found:,} sentences")
    if report.dropped:
        click.echo(f"{report.dropped:,} labels were dropped from sentences that were kept")

"""``xprojdb import labels``: labels for stored sentences."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from xprojdb.cli.options.importing import ColumnType
from xprojdb.cli.printing.output import as_json, listed, open_current, show

_COLUMN = ColumnType()
_ENCODINGS = click.Choice(["auto", "iob1", "iob2", "bioes"])


def place_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options for which stored sentences the rows of a file belong to."""
    for option in reversed(
        (
            click.option("--lang", required=True, help="Language of the sentences, by any of its codes."),
            click.option("--corpus", help="Corpus of the sentences.  [default: any]"),
            click.option("--part", help="With --by-line: only sentences of this part of the corpus."),
            click.option(
                "--format", default="auto", show_default=True, help="Format of the FILE. auto: by its content."
            ),
            click.option(
                "--by-line", is_flag=True, help="The first row is the first sentence of the import, and so on."
            ),
            click.option(
                "--snap", is_flag=True, help="Extend a label that cuts a word to the whole word, and count it."
            ),
        )
    ):
        function = option(function)
    return function


def places_from(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the options of :func:`place_options` from all options, and return them as keyword arguments."""
    return {name: options.pop(name) for name in ("lang", "corpus", "part", "format", "by_line", "snap")}


def reader_options(function: Callable[..., None]) -> Callable[..., None]:
    """The options of label readers; each format uses some of them."""
    for option in reversed(
        (
            click.option("--column", type=_COLUMN, help="CoNLL: column of the tags.  [default: the one with tags]"),
            click.option("--word-column", type=_COLUMN, help="CoNLL: column of the words.  [default: the first]"),
            click.option("--encoding", type=_ENCODINGS, help="How tags mark spans.  [default: auto]"),
            click.option("--words-field", help="JSON lines, data sets: field of the words."),
            click.option("--tags-field", help="JSON lines, data sets: field of the tags."),
            click.option("--label-names", metavar="TAG,TAG,…", help="Names of the tags, if they are numbers."),
            click.option("--text-field", help="JSON: field of the text."),
            click.option("--labels-field", help="Span JSON: field of the labels."),
            click.option("--id-field", help="JSON: field of the id."),
            click.option("--nested", type=click.Choice(["error", "outer", "inner"]), help="If spans overlap: refuse "
                         "the file, or keep one layer and count the others: the longest, or the longest of those "
                         "inside them.  [default: error]"),
            click.option("--layer", help="WebAnno TSV: layer of the labels."),
            click.option("--key", help="CoNLL-U: name of the tags in the last column."),
            click.option("--completed-by", help="Label Studio: only annotations of this user."),
            click.option("--text", type=_COLUMN, help="Table: column of the sentences."),
            click.option("--tags", type=_COLUMN, help="Table: column of the tags, separated by spaces."),
            click.option("--id", type=_COLUMN, help="Table: column of the ids."),
            click.option("--sheet", type=_COLUMN, help="Table: sheet of a spreadsheet."),
        )
    ):  # fmt: skip
        function = option(function)
    return function


def reading_from(options: dict[str, Any]) -> dict[str, Any]:
    """Remove the reader options from those of a command, and return them as keyword arguments."""
    options["annotator"] = options.pop("completed_by")
    options["label_names"] = listed(options["label_names"]) or None
    return {name: value for name, value in options.items() if value is not None}


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="Name of the set of labels. Created if it is new.")
@click.option("--annotator", default="imported", show_default=True, help="Whose labels they are.")
@place_options
@reader_options
@as_json
def labels(
    file: Path, name: str, annotator: str, as_json: bool, **options: Any
) -> None:  # fmt: skip
    """Add the labels in FILE to stored sentences: gold labels, those of a second annotator, or corrections.

    Reads every format with labels that the other import commands read. Sentences are found by the id with which they
    were imported or exported, otherwise by their words. Existing labels are kept. Labels that the annotators of a set
    agree on can be used as gold: 'evaluate', 'compare', 'tune' and 'export' take --gold NAME. Exports then prefer them
    to projected labels.
    """
    places, reading = places_from(options), reading_from(options)
    with open_current() as database:
        show(database.import_labels(file, name=name, annotator=annotator, **places, reading=reading), as_json)

"""``xprojdb import table``, ``spans`` and ``hf``: spreadsheets, annotation tools and data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

import click

from xprojdb.api.importing.formats import Column, SpanFormat
from xprojdb.cli.options.importing import ColumnType, corpus_options, tag_options
from xprojdb.cli.printing.output import listed, open_current, show

_COLUMN = ColumnType()


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any of its codes.")
@click.option(
    "--format",
    default="auto",
    show_default=True,
    help="Name of the format, such as conll, span-json or that of a plug-in. auto: by the content.",
)
@click.option("--snap", is_flag=True, help="Extend a span that cuts a word to the whole word, and count it.")
@corpus_options
def file(file: Path, as_json: bool, **options: Any) -> None:
    """Import a FILE in one language, in a format that xprojdb or a plug-in has a reader for.

    The other commands are for one kind of files each, and have options for it.
    """
    with open_current(create=True) as database:
        show(database.import_file(file, **options), as_json)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", help="Language of the sentences, by any of its codes, if one column is read.")
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="COLUMN|LANG=COLUMN",
    help="Column of the sentences, by its header or its number from 0. For a parallel table, use it once for each "
    "language.  [default: the one named after the language, or text]",
)
@click.option("--tags", type=_COLUMN, help="Column with the tags of the words, separated by spaces.")
@click.option(
    "--brackets",
    type=_COLUMN,
    help="Column of sentences with entities in brackets, such as [Goma]LOC.  [default: labelled, if there is one]",
)
@click.option("--id-column", type=_COLUMN, help="Column of the ids.  [default: id]")
@click.option("--split-column", type=_COLUMN, help="Column of the splits.  [default: split]")
@click.option("--header/--no-header", default=None, help="Whether the first row has names.  [default: detect]")
@click.option("--sheet", type=_COLUMN, help="Sheet of a spreadsheet, by name or number from 0.  [default: the first]")
@click.option("--delimiter", help="Cell delimiter of CSV.  [default: detect]")
@click.option("--pretokenized", is_flag=True, help="Words are separated by spaces already.")
@corpus_options
def table(file: Path, lang: str | None, texts: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Import a table FILE with one sentence per row: CSV, TSV, XLSX or ODS.

    Rows with a blank cell are skipped in all languages, and counted.
    """
    with open_current(create=True) as database:
        show(database.import_table(file, lang=lang, text=_columns(texts), **options), as_json)


def _columns(texts: Sequence[str]) -> Column | dict[str, Column] | None:
    pairs = [text.partition("=") for text in texts]
    if pairs and all(equals for _, equals, _ in pairs):
        return {code: _COLUMN.convert(column, None, None) for code, _, column in pairs}
    if len(texts) > 1:
        raise click.UsageError("use --lang and one --text COLUMN, or --text LANG=COLUMN for each language")
    return _COLUMN.convert(texts[0], None, None) if texts else None


@click.command()
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any of its codes.")
@click.option(
    "--format",
    type=click.Choice(get_args(SpanFormat)),
    default="auto",
    show_default=True,
    help="Format of the file. auto: by its content.",
)
@click.option("--snap", is_flag=True, help="Extend a span that cuts a word to the whole word, and count it.")
@click.option(
    "--nested",
    type=click.Choice(["error", "outer", "inner"]),
    help="If spans overlap: refuse the file, or keep one layer and count the others: the longest, or the longest of "
    "those inside them.  [default: error]",
)
@click.option(
    "--split-lines/--whole-texts",
    default=None,
    help="Whether each line of a text is a sentence.  [default: only in brat's files]",
)
@click.option("--text-field", help="Field of the text in JSON.  [default: text]")
@click.option("--labels-field", help="Field of the labels in span JSON.  [default: the one that has any]")
@click.option("--annotator", help="Label Studio: read only annotations of this user, by number or e-mail.")
@click.option("--layer", help="Layer of WebAnno TSV with the labels.  [default: named entities]")
@click.option("--key", help="Name of the tags in the last column of CoNLL-U.  [default: NE]")
@corpus_options
def spans(path: Path, as_json: bool, **options: Any) -> None:
    """Import texts that an annotation tool labelled by character offsets.

    Span JSON of doccano, Prodigy and spaCy; Label Studio's JSON; WebAnno TSV 3 of INCEpTION; CoNLL-U with NE=; brat's
    .ann with .txt, one document or a FOLDER of them; answers of XQuAD, MLQA and SQuAD, as spans ANSWER, one question at
    a time. A span that cuts a word is refused with its place.
    """
    with open_current(create=True) as database:
        show(database.import_spans(path, **options), as_json)


@click.command()
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any of its codes.")
@click.option("--words-field", help="Column of the words.  [default: tokens or words]")
@click.option("--tags-field", help="Column of the tags.  [default: ner_tags, tags or labels]")
@click.option("--text-field", help="Column of untokenized text.  [default: text or sentence]")
@click.option("--id-field", help="Column of the ids.  [default: sentences are numbered]")
@click.option(
    "--label-names",
    metavar="TAG,TAG,…",
    help="Names of the tags, if they are numbers.  [default: as the data set says]",
)
@tag_options
@corpus_options
def hf(path: Path, label_names: str | None, as_json: bool, **options: Any) -> None:
    """Import a data set of the datasets library: a FOLDER of save_to_disk, an Arrow or a Parquet FILE.

    All splits of a FOLDER are imported, unless --split names one. For a column "translation", use
    'xprojdb import parallel'.
    """
    with open_current(create=True) as database:
        show(database.import_hf(path, label_names=listed(label_names), **options), as_json)

"""``xprojdb import table``, ``spans`` and ``hf``: what people have in spreadsheets, annotation tools and data sets."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from xprojdb.cli.import_options import ColumnType, Options, corpus_options, import_all, listed, tag_options

_COLUMN = ColumnType()


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", help="Language of the sentences, by any code, when one column is read.")
@click.option(
    "--text",
    "texts",
    multiple=True,
    metavar="COLUMN|LANG=COLUMN",
    help="Column of the sentences, by its header or its number from 0; give it once for each language to read a "
    "parallel table.  [default: the one named after the language, or text]",
)
@click.option("--tags", type=_COLUMN, help="Column with a tag for each word, parted by spaces.")
@click.option("--id-column", type=_COLUMN, help="Column of the ids.  [default: id]")
@click.option("--split-column", type=_COLUMN, help="Column of the splits.  [default: split]")
@click.option("--header/--no-header", default=None, help="Whether the first row has names.  [default: found out]")
@click.option("--sheet", type=_COLUMN, help="Sheet of a spreadsheet, by name or number from 0.  [default: the first]")
@click.option("--delimiter", help="What parts the cells of CSV.  [default: found out]")
@click.option("--pretokenized", is_flag=True, help="Words are separated by spaces already.")
@corpus_options
def table(file: Path, lang: str | None, texts: tuple[str, ...], **options: Any) -> None:
    """Import a table FILE with a sentence a row: CSV, TSV, XLSX or ODS.

    Rows with a blank cell are left out, in all languages alike, and counted.
    """
    _refuse_other(file, "import table")
    names = ("tags", "header", "sheet", "delimiter", "pretokenized")
    reading: Options = {name: options.pop(name) for name in names}
    reading |= {"id": options.pop("id_column"), "split_column": options.pop("split_column")}
    import_columns(file, _columns(lang, texts), reading, options)


def import_columns(
    file: Path, columns: Sequence[tuple[str, int | str | None]], reading: Options, options: Options
) -> None:
    """Import columns of one table: one, or parallel ones.

    :param columns: the language of each, and which it is.
    """
    from xprojdb.text.languages import language

    coded = [(language(lang).code, column) for lang, column in columns]
    files = []
    for code, column in coded:
        others = tuple(other if other is not None else known for known, other in coded if known != code)
        files.append((code, file, reading | {"text": column, "beside": others}))
    import_all(files, "table", options, parallel=len(files) > 1)


def _columns(lang: str | None, texts: Sequence[str]) -> list[tuple[str, int | str | None]]:
    if lang is not None and len(texts) < 2:
        return [(lang, _COLUMN.convert(texts[0], None, None) if texts else None)]
    pairs = [text.partition("=") for text in texts]
    if lang is not None or not pairs or not all(equals for _, equals, _ in pairs):
        raise click.UsageError("give --lang and one --text COLUMN, or --text LANG=COLUMN for each language")
    return [(code, _COLUMN.convert(column, None, None)) for code, _, column in pairs]


_SPANS = ("span-json", "label-studio", "webanno", "conllu", "brat")


@click.command()
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", *_SPANS]),
    default="auto",
    show_default=True,
    help="Format of the file; auto goes by the content.",
)
@click.option("--snap", is_flag=True, help="Let a span that cuts a word grow to the whole word, and count it.")
@click.option(
    "--nested",
    type=click.Choice(["error", "outer"]),
    help="Of spans that overlap, refuse the file, or keep the longest and count the others.  [default: error]",
)
@click.option(
    "--split-lines/--whole-texts",
    default=None,
    help="Whether each line of a text is a sentence.  [default: in brat's files alone]",
)
@click.option("--text-field", help="Field of the text in JSON.  [default: text]")
@click.option("--labels-field", help="Field of the labels in span JSON.  [default: the one that has any]")
@click.option("--annotator", help="Whose annotations of Label Studio are read, by number or e-mail.")
@click.option("--layer", help="Layer of WebAnno TSV with the labels.  [default: that of named entities]")
@click.option("--key", help="What the tags of CoNLL-U are called in its last column.  [default: NE]")
@corpus_options
def spans(path: Path, lang: str, form: str, snap: bool, **options: Any) -> None:
    """Import texts that an annotation tool labelled by character offsets.

    Span JSON of doccano, Prodigy and spaCy; Label Studio's JSON; WebAnno TSV 3 of INCEpTION; CoNLL-U with NE=; brat's
    .ann beside .txt, one document or a FOLDER of them. A span that cuts a word is refused with its place.
    """
    _refuse_other(path, "import spans")
    names = ("nested", "split_lines", "text_field", "labels_field", "annotator", "layer", "key")
    reading: Options = {name: options.pop(name) for name in names} | {"snap": snap or None}
    if path.is_dir():
        files = sorted(path.glob("*.ann"))
        if not files:
            raise click.UsageError(f"there is no .ann file in {path}")
        import_all([(lang, file, reading | {"part": file.stem}) for file in files], "brat", options)
        return
    import_all([(lang, _annotations(path, form), reading)], _span_format(path, form), options)


def _span_format(path: Path, form: str) -> str:
    from xprojdb.readers.registry import recognise

    if form != "auto":
        return form
    known = recognise(path)
    if known is not None and known.name in _SPANS:
        return known.name
    return "brat" if path.with_suffix(".ann").is_file() else "span-json"


def _annotations(path: Path, form: str) -> Path:
    """The file that changes when labels do: of brat's two, the one with annotations."""
    return path.with_suffix(".ann") if _span_format(path, form) == "brat" else path


@click.command()
@click.argument("path", metavar="FILE|FOLDER", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@click.option("--words-field", help="Column of the words.  [default: tokens or words]")
@click.option("--tags-field", help="Column of the tags.  [default: ner_tags, tags or labels]")
@click.option("--text-field", help="Column of untokenised text.  [default: text or sentence]")
@click.option("--id-field", help="Column of the ids.  [default: sentences are numbered]")
@click.option("--label-names", metavar="TAG,TAG,…", help="The tag behind each number.  [default: as the data set says]")
@tag_options
@corpus_options
def hf(path: Path, lang: str, label_names: str | None, **options: Any) -> None:
    """Import a data set of the datasets library: a FOLDER of save_to_disk, an Arrow or a Parquet FILE.

    Every split of a FOLDER that holds several is imported, unless --split names one. A column "translation" is read by
    xprojdb import parallel.
    """
    from xprojdb.readers.hf import splits_of

    _refuse_other(path, "import hf")
    names = ("words_field", "tags_field", "text_field", "id_field", "encoding", "strict")
    reading: Options = {name: options.pop(name) for name in names}
    reading["label_names"] = listed(label_names) or None
    splits = splits_of(path) if path.is_dir() else []
    if options["split"] in splits:
        splits = [options["split"]]
    elif splits and options["split"]:
        raise click.UsageError(f"the splits of {path} are {', '.join(splits)}")
    files = [(lang, path / name, reading | {"split": name, "part": name}) for name in splits] or [(lang, path, reading)]
    import_all(files, "hf", options)


def _refuse_other(path: Path, name: str) -> None:
    from xprojdb.readers.registry import refuse_other

    refuse_other(path, name)

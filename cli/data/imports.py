"""``xprojdb import``: files into the database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.corrections.exchange import tags, translations
from xprojdb.cli.corrections.labels import labels
from xprojdb.cli.data import import_formats, import_pairs
from xprojdb.cli.options.groups import Group
from xprojdb.cli.options.importing import ColumnType, corpus_options, tag_options
from xprojdb.cli.printing.output import as_json, listed, open_current, show

if TYPE_CHECKING:
    from xprojdb.readers import Format


@click.group(cls=Group)
def command() -> None:
    """Import sentences into the database. Creates the database if there is none.

    Importing the same file again adds nothing, a file that has grown adds its new sentences, and a file that has
    changed is refused. If there is anything wrong with a file, nothing of it is stored.
    """


def _conll_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--column",
            type=ColumnType(),
            help="Column of the tags: its number from 0, or from the end, or its name in the first line.  "
            "[default: the one with tags]",
        ),
        click.option("--word-column", type=ColumnType(), help="Column of the words.  [default: the first]"),
        click.option("--separator", help="Column separator.  [default: tab, else white space]"),
        click.option("--unlabelled", is_flag=True, help="Ignore the tags."),
    ):
        function = option(function)
    return tag_options(function)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any of its codes.")
@_conll_options
@corpus_options
def conll(file: Path, unlabelled: bool, as_json: bool, **options: Any) -> None:
    """Import a CoNLL FILE, one word per line with its tag: CoNLL-2002 and -2003, MasakhaNER, WikiANN."""
    with open_current(create=True) as database:
        show(database.import_conll(file, labelled=not unlabelled, **options), as_json)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any of its codes.")
@click.option("--pretokenized", is_flag=True, help="Words are separated by spaces already.")
@click.option("--plain", is_flag=True, help="Import each line as it is, even if the file looks like another format.")
@corpus_options
def text(file: Path, as_json: bool, **options: Any) -> None:
    """Import a plain text FILE, one sentence per line."""
    with open_current(create=True) as database:
        show(database.import_text(file, **options), as_json)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any of its codes.")
@click.option("--words-field", help="Field with the words.  [default: tokens or words]")
@click.option("--tags-field", help="Field with the tags.  [default: ner_tags, tags or labels]")
@click.option("--text-field", help="Field with the text.  [default: text or sentence]")
@click.option("--id-field", help="Field with the id.  [default: id]")
@click.option("--split-field", help="Field with the split.  [default: split]")
@click.option("--label-names", metavar="TAG,TAG,…", help="Names of the tags, if they are numbers.")
@tag_options
@corpus_options
def jsonl(file: Path, label_names: str | None, as_json: bool, **options: Any) -> None:
    """Import a FILE of JSON lines, one object per sentence, or of one JSON array."""
    names = label_names.split(",") if label_names else None
    with open_current(create=True) as database:
        show(database.import_jsonl(file, label_names=names, **options), as_json)


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="LANG=FILE LANG=FILE … | FILE")
@click.option("--langs", metavar="CODE,CODE,…", help="Languages to read, if one FILE holds them all.")
@click.option(
    "--format",
    default="auto",
    show_default=True,
    help="conll, text, jsonl, memory (TMX, XLIFF), hf, table. auto: by the content.",
)
@click.option(
    "--machine",
    metavar="NAME",
    help="A machine of this name translated the first FILE, or the first of --langs, into the others. FILES may lack "
    "some sentences.",
)
@click.option("--no-ids", is_flag=True, help="Ignore the ids of the FILES, and number the sentences line by line.")
@click.option("--snap", is_flag=True, help="Extend a span that cuts a word to the whole word, and count it.")
@corpus_options
def parallel(
    files: tuple[str, ...], langs: str | None, format: Format, machine: str | None, no_ids: bool, snap: bool,
    as_json: bool, **options: Any,
) -> None:  # fmt: skip
    """Import translations: the same sentences in several languages.

    Either FILES that hold the same sentences line by line, as in Moses, or one FILE that holds all languages: TMX,
    XLIFF, a table with a column for each, or a data set with a column "translation".
    """
    if len(files) == 1 and langs:
        with open_current(create=True) as database:
            imported = database.import_multilingual(
                files[0], langs=listed(langs), format=format, ids=not no_ids, machine=machine, **options
            )
        show(imported, as_json)
        return
    pairs = [file.split("=", 1) for file in files]
    if langs or len(pairs) < 2 or any(len(pair) < 2 for pair in pairs):
        example = "such as en=news.en.txt de=news.de.txt, or one file with --langs en,de"
        raise click.UsageError(f"name at least two files as LANG=FILE, {example}")
    corpus = options.pop("corpus")
    with open_current(create=True) as database:
        paths = [(lang, Path(file)) for lang, file in pairs]
        reading: dict[str, Any] = {"format": format, "ids": not no_ids, "snap": snap, "machine": machine}
        imported = database.import_parallel(corpus, paths, **reading, **options)
        show(imported, as_json)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--corpus", required=True, help="Name of the corpus with the translations.")
@click.option("--langs", required=True, metavar="LEFT,RIGHT", help="Languages of the left and the right words.")
@click.option("--name", required=True, help="Name of the alignments, for recipes.")
@click.option("--part", help="Only translations of this part.  [default: all]")
@click.option("--ids", is_flag=True, help="Each line starts with the id of the left sentence and a tab.")
@as_json
def alignments(file: Path, langs: str, as_json: bool, **options: Any) -> None:
    """Import a FILE of word alignments, one translation per line: 0-0 1-2, or with scores 0-0:0.97 1-2:0.4.

    Lines are in the order in which the sentences were imported, unless they have ids. To use the alignments in a
    recipe, set [align] aligner = "imported" and name = "…".
    """
    with open_current() as database:
        show(database.import_alignments(file, langs=listed(langs), **options), as_json)


@command.command()
@click.argument("name", metavar="masakhaner2|masakhaner|pan-x|europarl-ner|conll2003")
@click.option(
    "--path", "folder", type=click.Path(path_type=Path), help="A local copy.  [default: download from the Hub]"
)
@click.option("--revision", help="Branch, tag or commit on the Hub.  [default: the one with Parquet files]")
@click.option("--langs", metavar="CODE,CODE,…", help="Languages.  [default: all]")
@click.option("--splits", metavar="NAME,NAME,…", help="train, validation or test.  [default: all]")
@click.option("--corpus", help="Name of the corpus.  [default: the name of the benchmark]")
@as_json
def benchmark(
    name: str,
    folder: Path | None,
    revision: str | None,
    langs: str | None,
    splits: str | None,
    corpus: str | None,
    as_json: bool,
) -> None:
    """Import a published benchmark, with its license, citation, label scheme and published scores.

    'evaluate' and 'compare' show the published scores beside those of the database.
    """
    from xprojdb.hub import quiet_progress

    if not sys.stderr.isatty():
        quiet_progress()
    with open_current(create=True) as database:
        imported = database.import_benchmark(
            name, path=folder, revision=revision, langs=listed(langs), splits=listed(splits), corpus=corpus
        )
    show(imported, as_json)


_FORMATS = (import_formats.file, import_formats.table, import_formats.spans, import_formats.hf)
for _format in (*_FORMATS, import_pairs.nli, labels, tags, translations):
    command.add_command(_format)

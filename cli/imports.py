"""``xprojdb import``: files into the database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli import import_formats
from xprojdb.cli.import_options import (
    ColumnType,
    Options,
    corpus_options,
    import_all,
    listed,
    show_report,
    tag_options,
    told,
)
from xprojdb.cli.output import as_json, open_current, print_json

if TYPE_CHECKING:
    from xprojdb.readers import Format

__all__ = ["command", "show_report"]


@click.group()
def command() -> None:
    """Read sentences into the database, which is made when there is none.

    The same file again adds nothing, a grown file adds what is new, a changed one is refused. When anything is wrong
    with a file, nothing of it is stored.
    """


def _conll_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--column", type=ColumnType(),
            help="Column of the tags: its number from 0, or from the end, or its name in the first line.  "
            "[default: the one with tags]",
        ),
        click.option("--word-column", type=ColumnType(), help="Column of the words.  [default: the first]"),
        click.option("--separator", help="What parts the columns.  [default: tab, else white space]"),
        click.option("--unlabelled", is_flag=True, help="Read the words alone."),
    ):  # fmt: skip
        function = option(function)
    return tag_options(function)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@_conll_options
@corpus_options
def conll(file: Path, lang: str, unlabelled: bool, **options: Any) -> None:
    """Import a CoNLL FILE: CoNLL-2002 and -2003, MasakhaNER, WikiANN; a word a line, tags in a column."""
    names = ("column", "word_column", "separator", "encoding", "strict")
    reading = {name: options.pop(name) for name in names} | {"labelled": not unlabelled}
    _refuse_other(file, "import conll")
    import_all([(lang, file, reading)], "conll", options)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@click.option("--pretokenized", is_flag=True, help="Words are separated by spaces already.")
@click.option("--plain", is_flag=True, help="Take each line as it is, even when the file looks like another format.")
@corpus_options
def text(file: Path, lang: str, pretokenized: bool, plain: bool, **options: Any) -> None:
    """Import a plain text FILE, a sentence a line."""
    if not plain:
        _refuse_other(file, "import text")
    import_all([(lang, file, {"pretokenized": pretokenized})], "text", options)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@click.option("--words-field", help="Field of the words.  [default: tokens or words]")
@click.option("--tags-field", help="Field of the tags.  [default: ner_tags, tags or labels]")
@click.option("--text-field", help="Field of the text.  [default: text or sentence]")
@click.option("--id-field", help="Field of the id.  [default: id]")
@click.option("--split-field", help="Field of the split.  [default: split]")
@click.option("--label-names", metavar="TAG,TAG,…", help="The tag behind each number, when tags are numbers.")
@tag_options
@corpus_options
def jsonl(file: Path, lang: str, label_names: str | None, **options: Any) -> None:
    """Import a FILE of JSON lines, an object a line, or of one JSON array."""
    names = ("words_field", "tags_field", "text_field", "id_field", "split_field", "encoding", "strict")
    reading: Options = {name: options.pop(name) for name in names}
    reading["label_names"] = label_names.split(",") if label_names else None
    _refuse_other(file, "import jsonl")
    import_all([(lang, file, reading)], "jsonl", options)


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="LANG=FILE LANG=FILE … | FILE")
@click.option("--langs", metavar="CODE,CODE,…", help="Languages to read, when one FILE holds them all.")
@click.option(
    "--format",
    "form",
    default="auto",
    show_default=True,
    help="conll, text, jsonl, memory (TMX, XLIFF), hf, table; auto goes by the content.",
)
@click.option("--no-ids", is_flag=True, help="Number the sentences, whatever TMX or XLIFF calls its units.")
@corpus_options
def parallel(files: tuple[str, ...], langs: str | None, form: Format, no_ids: bool, **options: Any) -> None:
    """Import sentences in several languages that say the same, as human translations.

    Either FILES that hold the same sentences line by line, as Moses has them, or one FILE that holds all languages:
    TMX, XLIFF, a table with a column for each, or a data set with a column "translation".
    """
    if len(files) == 1 and langs:
        _one_file(Path(files[0]), listed(langs), form, no_ids, options)
        return
    given = [file.split("=", 1) for file in files]
    if langs or no_ids or len(given) < 2 or any(len(pair) < 2 for pair in given):
        example = "such as en=news.en.txt de=news.de.txt, or one file with --langs en,de"
        raise click.UsageError(f"give two files or more as LANG=FILE, {example}")
    import_all([(lang, Path(file), {}) for lang, file in given], form, options, parallel=True)


def _one_file(path: Path, langs: list[str], form: Format, no_ids: bool, options: Options) -> None:
    from xprojdb.readers.registry import format_of
    from xprojdb.text.languages import language

    codes = tuple(language(lang).code for lang in langs)
    chosen = format_of(path) if form == "auto" else form
    reading: dict[str, Options] = {"memory": {"languages": codes, "ids": not no_ids}, "hf": {"languages": codes}}
    wanted = reading.get(chosen)
    if chosen == "table":
        import_formats.import_columns(path, [(code, None) for code in codes], {}, options)
    elif wanted is None:
        raise click.UsageError(f"{path} is no file of several languages; give files as LANG=FILE")
    else:
        import_all([(code, path, wanted) for code in codes], chosen, options, parallel=True)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--corpus", required=True, help="Name of the corpus whose translations are aligned.")
@click.option("--langs", required=True, metavar="LEFT,RIGHT", help="Languages of the left and of the right words.")
@click.option("--name", required=True, help="What the alignments are called in recipes.")
@click.option("--part", help="Only the translations of this part.  [default: all of the two languages]")
@click.option("--ids", is_flag=True, help="Each line begins with the id of the left sentence and a tab.")
@as_json
def alignments(file: Path, langs: str, as_json: bool, **options: Any) -> None:
    """Import a FILE of word alignments, a translation a line: 0-0 1-2, or with scores 0-0:0.97 1-2:0.4.

    Lines are in the order in which the sentences were imported, unless they have ids. A recipe uses them with
    [align] aligner = "imported" and their name.
    """
    from xprojdb.importing.alignments import AlignmentFile, import_alignments
    from xprojdb.text.languages import language

    codes = [language(code.strip()).code for code in langs.split(",")]
    if len(codes) != 2:
        raise click.UsageError("give two languages, such as --langs en,de")
    described = AlignmentFile(file, langs=(codes[0], codes[1]), **options)
    with open_current() as database:
        report = import_alignments(database, described, command=click.get_current_context().command_path)
    if as_json:
        print_json(asdict(report))
    else:
        click.echo(f"{report.name}: {report.lines} translations, {report.added} new, with {report.links} links")


@command.command()
@click.argument("name", metavar="masakhaner2|masakhaner|pan-x|europarl-ner|conll2003")
@click.option(
    "--path", "folder", type=click.Path(path_type=Path), help="A copy in its published layout.  [default: from the Hub]"
)
@click.option("--revision", help="Branch, tag or commit on the Hub.  [default: the one that has Parquet files]")
@click.option("--langs", metavar="CODE,CODE,…", help="Languages.  [default: all]")
@click.option("--splits", metavar="NAME,NAME,…", help="Of train, validation, test.  [default: all]")
@click.option("--corpus", help="Name of the corpus.  [default: that of the benchmark]")
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
    """Import a published benchmark, with its licence, citation, label scheme and published scores.

    "evaluate" and "compare" show the published scores of its languages beside those of the database.
    """
    from xprojdb.hub import quiet_progress
    from xprojdb.importing.benchmarks import import_benchmark
    from xprojdb.readers.benchmarks import benchmark as find_benchmark
    from xprojdb.readers.benchmarks.fetch import fetch_benchmark

    if folder and revision:
        raise click.UsageError("--revision is of the Hub; --path names a copy")
    wanted, version = find_benchmark(name), None
    codes, parts = listed(langs), listed(splits)
    if folder is None:
        if not sys.stderr.isatty():
            quiet_progress()
        fetched = fetch_benchmark(wanted, codes, parts, revision)
        folder, version = fetched.folder, fetched.revision
    with open_current(create=True) as database:
        command = click.get_current_context().command_path
        report = import_benchmark(
            database, wanted, folder, langs=codes, splits=parts, name=corpus, version=version, command=command
        )
    told(report, as_json)


def _refuse_other(path: Path, name: str) -> None:
    from xprojdb.readers.registry import refuse_other

    refuse_other(path, name)


for _each in (import_formats.table, import_formats.spans, import_formats.hf):
    command.add_command(_each)

"""``xprojdb import``: files into the database."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from xprojdb.cli.output import as_json, console, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.importing.files import CorpusFile, ImportReport
    from xprojdb.readers import Format

Options = dict[str, Any]


@click.group()
def command() -> None:
    """Read sentences into the database, which is made when there is none.

    The same file again adds nothing, a grown file adds what is new, a changed one is refused. When anything is wrong
    with a file, nothing of it is stored.
    """


def _corpus_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(
        (
            click.option("--corpus", required=True, help="Name of the corpus; made when it is new."),
            click.option("--split", help="train, validation or test.  [default: from the file's name]"),
            click.option("--part", help="Name of the file within corpus and language.  [default: the split]"),
            click.option("--scheme", help="conll, wikiann, masakhaner or ontonotes; labels outside it are refused."),
            click.option("--version", help="Version of the corpus."),
            click.option("--licence", help="Its licence, as an SPDX name."),
            click.option("--citation", help="How to cite it."),
            click.option("--url", help="Where it comes from."),
            as_json,
        )
    ):
        function = option(function)
    return function


def _tag_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option(
            "--encoding", type=click.Choice(["auto", "iob1", "iob2", "bioes"]), default="auto", show_default=True,
            help="How the tags mark spans.",
        ),
        click.option("--strict", is_flag=True, help="Refuse tags that break the encoding instead of repairing them."),
    ):  # fmt: skip
        function = option(function)
    return function


def _conll_options(function: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--column", default=-1, show_default=True, help="Column of the tags, from 0, or from the end."),
        click.option("--word-column", default=0, show_default=True, help="Column of the words."),
        click.option("--separator", help="What parts the columns.  [default: tab, else white space]"),
        click.option("--unlabelled", is_flag=True, help="Read the words alone."),
    ):
        function = option(function)
    return _tag_options(function)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@_conll_options
@_corpus_options
def conll(file: Path, lang: str, unlabelled: bool, **options: Any) -> None:
    """Import a CoNLL FILE: CoNLL-2002 and -2003, MasakhaNER, WikiANN; a word a line, tags in a column."""
    names = ("column", "word_column", "separator", "encoding", "strict")
    reading = {name: options.pop(name) for name in names} | {"labelled": not unlabelled}
    _import([(lang, file)], "conll", reading, options)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@click.option("--pretokenized", is_flag=True, help="Words are separated by spaces already.")
@_corpus_options
def text(file: Path, lang: str, pretokenized: bool, **options: Any) -> None:
    """Import a plain text FILE, a sentence a line."""
    _import([(lang, file)], "text", {"pretokenized": pretokenized}, options)


@command.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--lang", required=True, help="Language, by any code.")
@click.option("--words-field", help="Field of the words.  [default: tokens or words]")
@click.option("--tags-field", help="Field of the tags.  [default: ner_tags, tags or labels]")
@click.option("--text-field", help="Field of the text.  [default: text or sentence]")
@click.option("--id-field", help="Field of the id.  [default: id]")
@click.option("--split-field", help="Field of the split.  [default: split]")
@click.option("--label-names", metavar="TAG,TAG,…", help="The tag behind each number, when tags are numbers.")
@_tag_options
@_corpus_options
def jsonl(file: Path, lang: str, label_names: str | None, **options: Any) -> None:
    """Import a JSON lines FILE, an object a line."""
    names = ("words_field", "tags_field", "text_field", "id_field", "split_field", "encoding", "strict")
    reading: Options = {name: options.pop(name) for name in names}
    reading["label_names"] = label_names.split(",") if label_names else None
    _import([(lang, file)], "jsonl", reading, options)


@command.command()
@click.argument("files", nargs=-1, required=True, metavar="LANG=FILE LANG=FILE …")
@click.option(
    "--format",
    "form",
    type=click.Choice(["auto", "conll", "text", "jsonl"]),
    default="auto",
    show_default=True,
    help="Format of the files; auto goes by their suffix.",
)
@_corpus_options
def parallel(files: tuple[str, ...], form: Format, **options: Any) -> None:
    """Import FILES that hold the same sentences in several languages, line by line, as human translations."""
    given = [file.split("=", 1) for file in files]
    if len(given) < 2 or any(len(pair) < 2 for pair in given):
        raise click.UsageError("give two files or more as LANG=FILE, such as en=news.en.txt de=news.de.txt")
    _import([(lang, Path(file)) for lang, file in given], form, {}, options, parallel=True)


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
    codes, parts = _listed(langs), _listed(splits)
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
    _told(report, as_json)


def _listed(text: str | None) -> list[str]:
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def _import(
    files: list[tuple[str, Path]], form: Format, reading: Options, options: Options, parallel: bool = False
) -> None:
    from xprojdb.importing.files import CorpusInfo, import_files

    as_json = options.pop("as_json")
    split, part = options.pop("split"), options.pop("part")
    info = CorpusInfo(options.pop("corpus"), **options)
    described = [_file(lang, path, form, reading, split, part) for lang, path in files]
    with open_current(create=True) as database:
        command = click.get_current_context().command_path
        report = import_files(database, info, described, parallel=parallel, command=command)
    _told(report, as_json)


def _told(report: ImportReport, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
    else:
        show_report(report)


def _file(lang: str, path: Path, form: Format, reading: Options, split: str | None, part: str | None) -> CorpusFile:
    from xprojdb.importing.files import corpus_file

    return corpus_file(path, lang, form=form, split=split, part=part, **reading)


def show_report(report: ImportReport) -> None:
    shown = table("file", "language", "part", "sentences>", "new>", "new entities>")
    for file in report.files:
        numbers = (str(file.sentences), str(file.added), str(file.entities))
        shown.add_row(escape(Path(file.path).name), file.lang, escape(file.part), *numbers)
    console().print(shown)
    if report.links:
        click.echo(f"{report.links} new links between translations")
    if not report.added and not report.links:
        click.echo("nothing new")

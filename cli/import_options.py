"""What the import commands share: their options, and the report that they end with."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from xprojdb.cli.output import as_json, console, open_current, print_json, table

if TYPE_CHECKING:
    from xprojdb.importing.files import CorpusFile, FileReport, ImportReport
    from xprojdb.readers import Format

    _Type = click.ParamType[int | str]
else:
    # Generic in the newest click alone.
    _Type = click.ParamType

Options = dict[str, Any]


class ColumnType(_Type):
    """A column by its number, counted from 0 or from the end, or by its name."""

    name = "column"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> int | str:
        return int(value) if re.fullmatch(r"-?\d{1,6}", str(value), re.ASCII) else str(value)


def corpus_options(function: Callable[..., None]) -> Callable[..., None]:
    """Options of every command that makes sentences."""
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


def tag_options(function: Callable[..., None]) -> Callable[..., None]:
    """How tags mark spans."""
    for option in (
        click.option(
            "--encoding", type=click.Choice(["auto", "iob1", "iob2", "bioes"]), default="auto", show_default=True,
            help="How the tags mark spans.",
        ),
        click.option("--strict", is_flag=True, help="Refuse tags that break the encoding instead of repairing them."),
    ):  # fmt: skip
        function = option(function)
    return function


def listed(text: str | None) -> list[str]:
    """The items of a list with commas."""
    return [item.strip() for item in (text or "").split(",") if item.strip()]


def import_all(
    files: Sequence[tuple[str, Path, Options]],
    form: Format,
    options: Options,
    parallel: bool = False,
) -> None:
    """Import files into a corpus and tell what came of it.

    :param files: language, path and reader's options of each; ``split`` and ``part`` in them come first.
    :param options: those of :func:`corpus_options`.
    """
    from xprojdb.importing.files import CorpusInfo, import_files

    as_json = options.pop("as_json")
    split, part = options.pop("split"), options.pop("part")
    info = CorpusInfo(options.pop("corpus"), **options)
    beside: Options = {"split": split, "part": part}
    described = [_file(lang, path, form, beside | reading) for lang, path, reading in files]
    with open_current(create=True) as database:
        command = click.get_current_context().command_path
        report = import_files(database, info, described, parallel=parallel, command=command)
    told(report, as_json)


def told(report: ImportReport, as_json: bool) -> None:
    """Print a report, for people or for machines."""
    if as_json:
        print_json(asdict(report))
    else:
        show_report(report)


def _file(lang: str, path: Path, form: Format, reading: Options) -> CorpusFile:
    from xprojdb.importing.files import corpus_file

    return corpus_file(path, lang, form=form, **reading)


def show_report(report: ImportReport) -> None:
    """Print a report for people."""
    shown = table("file", "language", "part", "sentences>", "new>", "new entities>")
    for file in report.files:
        numbers = (str(file.sentences), str(file.added), str(file.entities))
        shown.add_row(escape(Path(file.path).name), file.lang, escape(file.part), *numbers)
    console().print(shown)
    _show_notes(report.files)
    if report.links:
        click.echo(f"{report.links} new links between translations")
    if not report.added and not report.links:
        click.echo("nothing new")


def _show_notes(files: Sequence[FileReport]) -> None:
    """What was left out or mended; once where the languages of one file say the same."""
    lines = []
    for file in files:
        for note in file.notes.values():
            place = f", the first at line {note.line}" if note.line is not None else ""
            lines.append(f"{Path(file.path).name}: {note.message}: {note.count}{place}")
    for line in dict.fromkeys(lines):
        click.echo(line)

"""Print the rows of a query in any format: table, CSV, JSON, Parquet."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from xprojdb.cli.printing.output import console
from xprojdb.cli.streams import print_exactly

if TYPE_CHECKING:
    from xprojdb.api.results.rows import Rows

Command = Callable[..., None]

_FORMATS = ("table", "csv", "json", "jsonl", "parquet")


def format_options(command: Command) -> Command:
    """The options that choose the format of rows and where to write them."""
    for option in (
        click.option("--output", "-o", type=click.Path(path_type=Path), help="Write to this file.  [default: stdout]"),
        click.option(
            "--escape-formulas", is_flag=True, help="CSV: put ' before what a spreadsheet would take for a formula."
        ),
        click.option("--json", "format", flag_value="json", help="Short for --format json."),
        click.option(
            "--format",
            type=click.Choice(_FORMATS),
            default="table",
            show_default=True,
            help="Format of the rows. Parquet needs --output.",
        ),
    ):
        command = option(command)
    return command


def check_format(format: str, output: Path | None, escape_formulas: bool) -> None:
    """Refuse what cannot be printed before running a query."""
    if escape_formulas and format != "csv":
        raise click.UsageError("--escape-formulas only applies to CSV: add --format csv")
    if format == "parquet" and output is None:
        raise click.UsageError("Parquet is binary: choose a file with --output")


def print_rows(rows: Rows, format: str, output: Path | None, escape_formulas: bool) -> None:
    """Write rows in a format, to a file or to the terminal."""
    if format == "table":
        _print_table(rows, output)
    elif output is not None:
        rows.write(output, cast(Any, format), escape_formulas=escape_formulas)
    else:
        for piece in rows.text(cast(Any, format), escape_formulas=escape_formulas):
            print_exactly(piece)


def _print_table(rows: Rows, output: Path | None) -> None:
    if output is None:
        console().print(rows)
        return
    from xprojdb.exports.outputs import output_file

    out = console()
    with out.capture() as captured:
        out.print(rows)
    with output_file(output) as file:
        file.write(captured.get().encode("utf-8"))

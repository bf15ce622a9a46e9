"""Print the answer to a query in every form: table, CSV, JSON, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from xprojdb.cli.output import console, table
from xprojdb.cli.streams import print_exactly
from xprojdb.cli.values import plain
from xprojdb.errors import UsageError
from xprojdb.printable import escaped_formula, escaped_json

if TYPE_CHECKING:
    from xprojdb.provenance.query import QueryResult

Write = Callable[[str], object]
Command = Callable[..., None]

_FORMATS = ("table", "csv", "json", "jsonl", "parquet")


def form_options(command: Command) -> Command:
    """The options for the format of an answer and where it is written."""
    for option in (
        click.option(
            "--output", "-o", type=click.Path(path_type=Path), help="Write to this file.  [default: the terminal]"
        ),
        click.option(
            "--escape-formulas", is_flag=True, help="CSV: put ' before what a spreadsheet would take for a formula."
        ),
        click.option("--json", "form", flag_value="json", help="As --format json."),
        click.option(
            "--format",
            "form",
            type=click.Choice(_FORMATS),
            default="table",
            show_default=True,
            help="How to write the rows; Parquet needs --output.",
        ),
    ):
        command = option(command)
    return command


def check_form(form: str, output: Path | None, escape_formulas: bool = False) -> None:
    """Refuse what cannot be printed, before anything is asked."""
    if escape_formulas and form != "csv":
        raise click.UsageError("--escape-formulas is of CSV: --format csv")
    if form == "parquet" and output is None:
        raise click.UsageError("Parquet is no text: name a file with --output")


def write_answer(answer: QueryResult, form: str, output: Path | None, escape_formulas: bool = False) -> None:
    """Write an answer in a form, to a file or to the terminal.

    :raises UsageError: when rows are to be objects, and two columns have one name.
    """
    if form in ("json", "jsonl", "parquet"):
        _check_names(answer)
    write = partial(_write_csv, formulas=not escape_formulas) if form == "csv" else _WRITERS.get(form)
    if form == "parquet":
        assert output is not None
        _write_parquet(answer, output)
    elif output is None:
        assert write is not None
        write(answer, _print if form == "table" else print_exactly)
    else:
        assert write is not None
        _to_file(answer, write, output)


def _check_names(answer: QueryResult) -> None:
    for name in answer.columns:
        if answer.columns.count(name) > 1:
            raise UsageError(f"two columns are called {name!r}", hint="name them with AS", column=name)


def _print(text: str) -> None:
    click.echo(text, nl=False)


def _to_file(answer: QueryResult, write: Callable[[QueryResult, Write], None], output: Path) -> None:
    from xprojdb.exports.outputs import output_file

    with output_file(output) as file:
        write(answer, lambda text: file.write(text.encode("utf-8")))


def _write_table(answer: QueryResult, write: Write) -> None:
    shown = table(*answer.columns)
    for block in answer.blocks:
        for row in block:
            shown.add_row(*("–" if value is None else str(plain(value)) for value in row))
    out = console()
    with out.capture() as captured:
        out.print(shown)
    write(captured.get())


def _write_csv(answer: QueryResult, write: Write, *, formulas: bool = True) -> None:
    for rows in chain([[answer.columns]], answer.blocks):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(
            [plain(value) if formulas else _no_formula(plain(value)) for value in row] for row in rows
        )
        write(text.getvalue())


def _no_formula(value: Any) -> Any:
    return escaped_formula(value) if isinstance(value, str) else value


def _write_jsonl(answer: QueryResult, write: Write) -> None:
    for block in answer.blocks:
        write("".join(escaped_json(json.dumps(row, ensure_ascii=False)) + "\n" for row in _named(answer, block)))


def _write_json(answer: QueryResult, write: Write) -> None:
    rows = [row for block in answer.blocks for row in _named(answer, block)]
    write(escaped_json(json.dumps(rows, indent=2, ensure_ascii=False)) + "\n")


def _named(answer: QueryResult, block: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, map(plain, row), strict=True)) for row in block]


def _write_parquet(answer: QueryResult, output: Path) -> None:
    from xprojdb.exports.outputs import output_file
    from xprojdb.extras import require

    arrow, parquet = require("pyarrow", "export"), require("pyarrow.parquet", "export")
    rows = [row for block in answer.blocks for row in block]
    columns = [_column(arrow, [row[place] for row in rows]) for place in range(len(answer.columns))]
    buffer = arrow.BufferOutputStream()
    parquet.write_table(arrow.Table.from_arrays(columns, names=list(answer.columns)), buffer)
    with output_file(output) as file:
        file.write(buffer.getvalue().to_pybytes())


def _column(arrow: Any, values: list[Any]) -> Any:
    """Values of one type as they are; of several types, or of one that Arrow lacks, as texts."""
    try:
        return arrow.array(values)
    except (arrow.ArrowException, ValueError, TypeError, OverflowError):
        return arrow.array([None if value is None else str(plain(value)) for value in values], arrow.string())


_WRITERS: Mapping[str, Callable[[QueryResult, Write], None]] = {
    "table": _write_table,
    "json": _write_json,
    "jsonl": _write_jsonl,
}

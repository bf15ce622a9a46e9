"""Print the answer to a query in every form: table, CSV, JSON, Parquet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.markup import escape

from xprojdb.cli.output import console, table

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


def check_form(form: str, output: Path | None) -> None:
    """Refuse what cannot be printed, before anything is asked."""
    if form == "parquet" and output is None:
        raise click.UsageError("Parquet is no text: name a file with --output")


def write_answer(answer: QueryResult, form: str, output: Path | None) -> None:
    """Write an answer in a form, to a file or to the terminal."""
    if form == "parquet":
        assert output is not None
        _write_parquet(answer, output)
    elif output is None:
        _WRITERS[form](answer, lambda text: click.echo(text, nl=False))
    else:
        _to_file(answer, _WRITERS[form], output)


def _to_file(answer: QueryResult, write: Callable[[QueryResult, Write], None], output: Path) -> None:
    from xprojdb.exports.atomic import atomic_file

    with atomic_file(output) as file:
        write(answer, lambda text: file.write(text.encode("utf-8")))


def _write_table(answer: QueryResult, write: Write) -> None:
    shown = table(*answer.columns)
    for block in answer.blocks:
        for row in block:
            shown.add_row(*("–" if value is None else escape(str(value)) for value in row))
    out = console()
    with out.capture() as captured:
        out.print(shown)
    write(captured.get())


def _write_csv(answer: QueryResult, write: Write) -> None:
    for rows in chain([[answer.columns]], answer.blocks):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        write(text.getvalue())


def _write_jsonl(answer: QueryResult, write: Write) -> None:
    for block in answer.blocks:
        write("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _named(answer, block)))


def _write_json(answer: QueryResult, write: Write) -> None:
    rows = [row for block in answer.blocks for row in _named(answer, block)]
    write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")


def _named(answer: QueryResult, block: Sequence[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(answer.columns, row, strict=True)) for row in block]


def _write_parquet(answer: QueryResult, output: Path) -> None:
    from xprojdb.exports.atomic import atomic_file
    from xprojdb.extras import require

    arrow, parquet = require("pyarrow", "export"), require("pyarrow.parquet", "export")
    with atomic_file(output) as file:
        buffer = arrow.BufferOutputStream()
        writer = None
        for block in answer.blocks:
            rows = arrow.Table.from_pylist(_named(answer, block), writer and writer.schema)
            writer = writer or parquet.ParquetWriter(buffer, rows.schema)
            writer.write_table(rows)
        writer = writer or parquet.ParquetWriter(
            buffer, arrow.schema([(name, arrow.null()) for name in answer.columns])
        )
        writer.close()
        file.write(buffer.getvalue().to_pybytes())


_WRITERS: Mapping[str, Callable[[QueryResult, Write], None]] = {
    "table": _write_table,
    "csv": _write_csv,
    "json": _write_json,
    "jsonl": _write_jsonl,
}

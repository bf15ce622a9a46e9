"""The rows of a query, streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rich.console import RenderableType

from xprojdb.api.results.base import Result, Row
from xprojdb.api.results.display.values import plain
from xprojdb.api.results.writing.parquet import array_of, write_parquet
from xprojdb.errors import UsageError
from xprojdb.extras import require
from xprojdb.printable import escaped_formula, escaped_json

if TYPE_CHECKING:
    import pyarrow

    from xprojdb.provenance.query import QueryResult

TextFormat = Literal["csv", "json", "jsonl"]
RowFormat = Literal["csv", "json", "jsonl", "parquet"]
Block = Sequence[tuple[Any, ...]]


class Rows(Result):
    """The result of a query.

    Rows are read from the database as they are used: :meth:`blocks` and :meth:`write` do not keep them in memory; every
    other method keeps all of them, and can be called again.

    :param columns: the names of the columns.
    :param stream: the rows in blocks, which can be read once.
    """

    def __init__(self, columns: Sequence[str], stream: Iterator[Block]) -> None:
        self.columns = tuple(columns)
        self._stream: Iterator[Block] | None = stream
        self._rows: list[tuple[Any, ...]] | None = None

    @classmethod
    def of(cls, query: AbstractContextManager[QueryResult]) -> Rows:
        """The rows of a query that is not open yet; it stays open until its last row is read."""
        stream = _opened(query)
        (columns,) = next(stream)
        # A short result is read now, so that nothing stays open.
        first = [block for block in (next(stream, None), next(stream, None)) if block is not None]
        return cls(columns, chain(first, stream))

    def blocks(self) -> Iterator[Block]:
        """The rows in blocks; unless they are already in memory, this can be used once.

        :raises UsageError: when they have already been read.
        """
        if self._rows is not None:
            yield self._rows
            return
        if self._stream is None:
            raise UsageError("the rows of this query have already been read", hint="run the query again")
        stream, self._stream = self._stream, None
        yield from stream

    @property
    def rows(self) -> list[tuple[Any, ...]]:
        """All rows."""
        if self._rows is None:
            self._rows = [row for block in self.blocks() for row in block]
        return self._rows

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    def to_dict(self) -> list[Row]:
        """The rows as dictionaries.

        :raises UsageError: when two columns have the same name.
        """
        self._check_names()
        return _named(self.columns, self.rows)

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table; a column with several types becomes a string column."""
        arrow = require("pyarrow", "export")
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        return arrow.Table.from_arrays([array_of(arrow, list(column)) for column in columns], names=list(self.columns))

    def text(self, format: TextFormat, *, escape_formulas: bool = False) -> Iterator[str]:
        """The rows as text, piece by piece.

        :param escape_formulas: in CSV, put ``'`` before what a spreadsheet would take for a formula.
        :raises UsageError: when rows become objects, and two columns have the same name.
        """
        if format == "csv":
            return _csv(self, escape_formulas)
        self._check_names()
        return _json(self) if format == "json" else _json_lines(self)

    def write(self, file: str | Path, format: RowFormat, *, escape_formulas: bool = False) -> None:
        """Write the rows to a file, which appears once it is complete.

        :param escape_formulas: in CSV, put ``'`` before what a spreadsheet would take for a formula.
        :raises ExportError: when it cannot be written.
        :raises MissingExtra: for Parquet without pyarrow.
        :raises UsageError: for another format, or when rows become objects and two columns have the same name.
        """
        from xprojdb.exports.outputs import output_file

        if format not in get_args(RowFormat):
            raise UsageError(f"there is no format {format!r}", hint=f"choose from {', '.join(get_args(RowFormat))}")
        if format == "parquet":
            self._check_names()
            with output_file(Path(file)) as stream:
                write_parquet(self.columns, self.blocks(), stream)
            return
        pieces = (piece.encode("utf-8") for piece in self.text(format, escape_formulas=escape_formulas))
        with output_file(Path(file)) as stream:
            for piece in pieces:
                stream.write(piece)

    def _check_names(self) -> None:
        for name in self.columns:
            if self.columns.count(name) > 1:
                raise UsageError(f"two columns are called {name!r}", hint="name them with AS", column=name)

    def __rich__(self) -> RenderableType:
        from xprojdb.api.results.display.rendering import add_column, table

        shown = table()
        for name in self.columns:
            add_column(shown, name)
        for row in self.rows:
            shown.add_row(*("–" if value is None else str(plain(value)) for value in row))
        return shown

    def __repr__(self) -> str:
        return f"<Rows {', '.join(self.columns)}>"


def _opened(query: AbstractContextManager[QueryResult]) -> Iterator[Block]:
    """The column names as a block of one row, then the rows."""
    with query as answer:
        yield [answer.columns]
        yield from answer.blocks


def _named(columns: Sequence[str], block: Block) -> list[Row]:
    return [dict(zip(columns, map(plain, row), strict=True)) for row in block]


def _csv(rows: Rows, escape_formulas: bool) -> Iterator[str]:
    for block in chain([[rows.columns]], rows.blocks()):
        text = io.StringIO()
        cells = ([plain(value) for value in row] for row in block)
        written = ([_no_formula(cell) for cell in row] for row in cells) if escape_formulas else cells
        csv.writer(text, lineterminator="\n").writerows(written)
        yield text.getvalue()


def _no_formula(value: Any) -> Any:
    return escaped_formula(value) if isinstance(value, str) else value


def _json_lines(rows: Rows) -> Iterator[str]:
    for block in rows.blocks():
        lines = (json.dumps(row, ensure_ascii=False) for row in _named(rows.columns, block))
        yield "".join(escaped_json(line) + "\n" for line in lines)


def _json(rows: Rows) -> Iterator[str]:
    yield escaped_json(json.dumps(rows.to_dict(), indent=2, ensure_ascii=False)) + "\n"

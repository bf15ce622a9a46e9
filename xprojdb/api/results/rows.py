"""The rows that a query gives, streamed."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from rich.console import RenderableType

from xprojdb.api.results.base import Result, Row
from xprojdb.errors import UsageError
from xprojdb.extras import require

if TYPE_CHECKING:
    import pyarrow

    from xprojdb.provenance.query import QueryResult

RowFormat = Literal["csv", "json", "jsonl", "parquet"]
Block = Sequence[tuple[Any, ...]]


class Rows(Result):
    """The answer to a query.

    Rows are read from the database as they are used: :meth:`blocks` and :meth:`write` keep none of them in memory;
    every other method keeps all, and can be called again.

    :param columns: the names of the columns.
    :param stream: the rows in blocks, to be read once.
    """

    def __init__(self, columns: Sequence[str], stream: Iterator[Block]) -> None:
        self.columns = tuple(columns)
        self._stream: Iterator[Block] | None = stream
        self._rows: list[tuple[Any, ...]] | None = None

    @classmethod
    def of(cls, query: AbstractContextManager[QueryResult]) -> Rows:
        """The rows of a query that is not open yet; it is open until its last row is read."""
        stream = _opened(query)
        (columns,) = next(stream)
        # A short answer is read now, so that nothing stays open behind it.
        first = [block for block in (next(stream, None), next(stream, None)) if block is not None]
        return cls(columns, chain(first, stream))

    def blocks(self) -> Iterator[Block]:
        """The rows in blocks; unless they are in memory already, they can be read in this way once.

        :raises UsageError: when they have been read before.
        """
        if self._rows is not None:
            yield self._rows
            return
        if self._stream is None:
            raise UsageError("the rows of this query have been read already", hint="ask the query again")
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
        """The rows as dictionaries."""
        return _named(self.columns, self.rows)

    def to_arrow(self) -> pyarrow.Table:
        """The rows as an Arrow table."""
        arrow = require("pyarrow", "export")
        columns = zip(*self.rows, strict=True) if self.rows else ((),) * len(self.columns)
        return arrow.Table.from_arrays([arrow.array(list(column)) for column in columns], names=list(self.columns))

    def text(self, format: Literal["csv", "json", "jsonl"]) -> Iterator[str]:
        """The rows as text, piece by piece."""
        return _WRITERS[format](self)

    def write(self, file: str | Path, format: RowFormat) -> None:
        """Write the rows into a file, which appears when it is whole.

        :raises ExportError: when it cannot be written.
        :raises MissingExtra: for Parquet without pyarrow.
        """
        from xprojdb.exports.atomic import atomic_file

        if format not in get_args(RowFormat):
            raise UsageError(f"there is no format {format!r}", hint=f"there are {', '.join(get_args(RowFormat))}")
        with atomic_file(Path(file)) as stream:
            if format == "parquet":
                stream.write(_parquet(self))
            else:
                for piece in self.text(format):
                    stream.write(piece.encode("utf-8"))

    def __rich__(self) -> RenderableType:
        from rich.text import Text

        from xprojdb.api.results.rendering import add_row, table

        shown = table()
        for name in self.columns:
            shown.add_column(Text(name), overflow="fold")
        for row in self.rows:
            add_row(shown, *("–" if value is None else str(value) for value in row))
        return shown

    def __repr__(self) -> str:
        return f"<Rows {', '.join(self.columns)}>"


def _opened(query: AbstractContextManager[QueryResult]) -> Iterator[Block]:
    """The names of the columns as a block of one row, then the rows."""
    with query as answer:
        yield [answer.columns]
        yield from answer.blocks


def _named(columns: Sequence[str], block: Block) -> list[Row]:
    return [dict(zip(columns, row, strict=True)) for row in block]


def _csv(rows: Rows) -> Iterator[str]:
    for block in chain([[rows.columns]], rows.blocks()):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(block)
        yield text.getvalue()


def _json_lines(rows: Rows) -> Iterator[str]:
    for block in rows.blocks():
        yield "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in _named(rows.columns, block))


def _json(rows: Rows) -> Iterator[str]:
    yield json.dumps(rows.to_dict(), indent=2, ensure_ascii=False) + "\n"


_WRITERS: Mapping[str, Callable[[Rows], Iterator[str]]] = {"csv": _csv, "json": _json, "jsonl": _json_lines}


def _parquet(rows: Rows) -> bytes:
    arrow, parquet = require("pyarrow", "export"), require("pyarrow.parquet", "export")
    buffer = arrow.BufferOutputStream()
    writer = None
    for block in rows.blocks():
        part = arrow.Table.from_pylist(_named(rows.columns, block), writer and writer.schema)
        writer = writer or parquet.ParquetWriter(buffer, part.schema)
        writer.write_table(part)
    writer = writer or parquet.ParquetWriter(buffer, arrow.schema([(name, arrow.null()) for name in rows.columns]))
    writer.close()
    return bytes(buffer.getvalue().to_pybytes())

"""Parquet of rows that come in blocks, in constant memory: the type of a column is known at the last row only."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from xprojdb.api.results.display.values import plain
from xprojdb.extras import require

if TYPE_CHECKING:
    import pyarrow


def write_parquet(columns: Sequence[str], blocks: Iterable[Sequence[tuple[Any, ...]]], file: BinaryIO | Any) -> None:
    """Write rows.

    :param blocks: the rows, which are kept in a temporary file until the type of each column is known.
    :param file: takes bytes.
    :raises MissingExtra: without pyarrow.
    """
    arrow, parquet = require("pyarrow", "export"), require("pyarrow.parquet", "export")
    with tempfile.TemporaryFile() as kept:
        schemas = [_keep(arrow, kept, columns, block) for block in blocks]
        schema = _common(arrow, columns, schemas)
        kept.seek(0)
        with parquet.ParquetWriter(_Sink(file), schema) as writer:
            for batch in _kept(arrow, kept, len(schemas)):
                writer.write_table(_converted(arrow, batch, schema))


class _Sink:
    """What Arrow takes for a file: some that we write to can neither be sought nor closed by others."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.closed = False

    def write(self, data: Any) -> int:
        """Pass bytes on."""
        self._file.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held."""

    def close(self) -> None:
        """Whoever opened the file closes it."""
        self.closed = True


def _keep(arrow: Any, kept: BinaryIO, columns: Sequence[str], block: Sequence[tuple[Any, ...]]) -> pyarrow.Schema:
    values = zip(*block, strict=True) if block else ((),) * len(columns)
    batch = arrow.RecordBatch.from_arrays([array_of(arrow, list(column)) for column in values], names=list(columns))
    with arrow.ipc.new_stream(kept, batch.schema) as writer:
        writer.write_batch(batch)
    return batch.schema


def _kept(arrow: Any, kept: BinaryIO, count: int) -> Iterator[pyarrow.RecordBatch]:
    for _ in range(count):
        yield from arrow.ipc.open_stream(kept)


def _common(arrow: Any, columns: Sequence[str], schemas: Sequence[pyarrow.Schema]) -> pyarrow.Schema:
    """The type of each column that all blocks have room in; texts where there is none."""
    fields = []
    for place, name in enumerate(columns):
        alike = [arrow.schema([arrow.field("value", schema.field(place).type)]) for schema in dict.fromkeys(schemas)]
        try:
            kind = arrow.unify_schemas(alike, promote_options="permissive").field(0).type if alike else arrow.null()
        except (arrow.ArrowException, ValueError, TypeError):
            kind = arrow.string()
        fields.append(arrow.field(name, kind))
    return arrow.schema(fields)


def _converted(arrow: Any, batch: pyarrow.RecordBatch, schema: pyarrow.Schema) -> pyarrow.Table:
    arrays = [_as(arrow, column, field.type) for column, field in zip(batch.columns, schema, strict=True)]
    return arrow.Table.from_arrays(arrays, schema=schema)


def _as(arrow: Any, column: Any, kind: Any) -> Any:
    if column.type == kind:
        return column
    if arrow.types.is_string(kind):
        return _texts(arrow, column.to_pylist())
    return column.cast(kind)


def array_of(arrow: Any, values: list[Any]) -> Any:
    """Values of one type as they are; of several types, or of one that Arrow lacks, as texts."""
    try:
        return arrow.array(values)
    except (arrow.ArrowException, ValueError, TypeError, OverflowError):
        return _texts(arrow, values)


def _texts(arrow: Any, values: list[Any]) -> Any:
    return arrow.array([None if value is None else str(plain(value)) for value in values], arrow.string())

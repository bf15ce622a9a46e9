"""Write Parquet from blocks of rows in constant memory: column types are known only after the last row."""

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

    :param blocks: the rows; they are spooled to a temporary file until the type of each column is known.
    :param file: accepts bytes.
    :raises MissingExtra: without pyarrow.
    """
    arrow, parquet = require("pyarrow", "export"), require("pyarrow.parquet", "export")
    with tempfile.TemporaryFile() as spool:
        schemas = [_spool(arrow, spool, columns, block) for block in blocks]
        schema = _common(arrow, columns, schemas)
        spool.seek(0)
        with parquet.ParquetWriter(_Sink(file), schema) as writer:
            for batch in _spooled(arrow, spool, len(schemas)):
                writer.write_table(_converted(arrow, batch, schema))


class _Sink:
    """A file as Arrow expects it: ours may not be seekable, and Arrow must not close them."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.closed = False

    def write(self, data: Any) -> int:
        """Pass bytes on."""
        self._file.write(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is buffered."""

    def close(self) -> None:
        """Whoever opened the file closes it."""
        self.closed = True


def _spool(arrow: Any, spool: BinaryIO, columns: Sequence[str], block: Sequence[tuple[Any, ...]]) -> pyarrow.Schema:
    values = zip(*block, strict=True) if block else ((),) * len(columns)
    batch = arrow.RecordBatch.from_arrays([array_of(arrow, list(column)) for column in values], names=list(columns))
    with arrow.ipc.new_stream(spool, batch.schema) as writer:
        writer.write_batch(batch)
    return batch.schema


def _spooled(arrow: Any, spool: BinaryIO, count: int) -> Iterator[pyarrow.RecordBatch]:
    for _ in range(count):
        yield from arrow.ipc.open_stream(spool)


def _common(arrow: Any, columns: Sequence[str], schemas: Sequence[pyarrow.Schema]) -> pyarrow.Schema:
    """For each column the type that can hold the values of all blocks; text if there is none."""
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
    """Values of one type unchanged; values of several types, or of one that Arrow lacks, as text."""
    try:
        return arrow.array(values)
    except (arrow.ArrowException, ValueError, TypeError, OverflowError):
        return _texts(arrow, values)


def _texts(arrow: Any, values: list[Any]) -> Any:
    return arrow.array([None if value is None else str(plain(value)) for value in values], arrow.string())

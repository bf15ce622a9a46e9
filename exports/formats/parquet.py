"""Stream batches of rows into Parquet files of bounded size."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from xprojdb.exports.atomic import close_safely, discard, reporting
from xprojdb.exports.manifest import SplitSummary
from xprojdb.exports.rows.schema import ExportSchema
from xprojdb.extras import require

if TYPE_CHECKING:
    import pyarrow as pa


class ShardedSplit:
    """One split, written as ``<folder>/<split>-00000-of-00003.parquet`` and so on.

    :param root: the folder of the whole data set.
    :param folder: the folder of this split inside it.
    :param split: its name.
    :param schema: what the rows look like.
    :param rows_per_group: sentences per Parquet row group, which is held in memory.
    :param rows_per_shard: sentences per file.
    """

    def __init__(
        self, root: Path, folder: str, split: str, schema: ExportSchema, rows_per_group: int, rows_per_shard: int
    ) -> None:
        self._root = root
        self._folder = folder
        self._split = split
        self._schema = schema
        self._group = min(rows_per_group, rows_per_shard)
        self._groups_per_shard = max(1, rows_per_shard // self._group)
        self._tags = np.zeros(2 * len(schema.labels) + 1, dtype=np.int64)
        self._sentences = 0
        self.sha256: dict[str, str] = {}

    def write(self, batches: Iterable[Any]) -> SplitSummary:
        """Write all batches; the files do not depend on how the rows were batched.

        :raises ExportError: when a batch does not match the schema, or the disk is full.
        """
        (self._root / self._folder).mkdir(parents=True, exist_ok=True)
        where = f"{self._folder}/{self._split}"
        groups = _regrouped((self._schema.table(batch, where) for batch in batches), self._group)
        drafts: list[Path] = []
        group = next(groups, None)
        while group is not None or not drafts:
            draft = self._root / self._folder / f"{self._split}-{len(drafts):05d}.partial"
            group = self._write_shard(draft, group, groups)
            drafts.append(draft)
        return self._finish(drafts)

    def _write_shard(self, path: Path, group: pa.Table | None, groups: Iterator[pa.Table]) -> pa.Table | None:
        """Fill one file, starting with a row group; returns the row group that starts the next file."""
        written = 0
        with _ParquetFile(path, self._schema) as file:
            while group is not None and written < self._groups_per_shard:
                self._count(group)
                file.write(group)
                written += 1
                group = next(groups, None)
        return group

    def _count(self, group: pa.Table) -> None:
        tags = group["ner_tags"].combine_chunks().flatten().to_numpy()
        self._tags += np.bincount(tags, minlength=len(self._tags))
        self._sentences += group.num_rows

    def _finish(self, drafts: list[Path]) -> SplitSummary:
        names, size = [], 0
        for number, draft in enumerate(drafts):
            name = f"{self._folder}/{self._split}-{number:05d}-of-{len(drafts):05d}.parquet"
            draft.rename(self._root / name)
            self.sha256[name] = file_sha256(self._root / name)
            size += _uncompressed_bytes(self._root / name)
            names.append(name)
        entities = dict(zip(self._schema.labels, self._tags[1::2].tolist(), strict=True))
        return SplitSummary(self._sentences, int(self._tags.sum()), entities, size, tuple(names))


class _ParquetFile:
    """A Parquet file; when writing fails, it is closed without a footer and without a second error."""

    def __init__(self, path: Path, schema: ExportSchema) -> None:
        self._path = path
        self._schema = schema
        self._writers = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> _ParquetFile:
        with reporting(self._path):
            self._stream: BinaryIO = self._path.open("xb", buffering=1 << 20)
            # Fixed options: the same rows give the same bytes.
            self._writer = require("pyarrow.parquet", "export").ParquetWriter(
                self._stream,
                self._schema.arrow,
                version="2.6",
                compression="snappy",
                use_dictionary=[
                    "ner_tags.list.element",
                    "tokens.list.element",
                    "lang",
                    "entities.list.element.annotation",
                ],
                write_statistics=["id", "lang"],
                # Words of a sentence each: the default of 1,024 would encode fifty sentences at a time.
                write_batch_size=1 << 16,
            )
        return self

    def write(self, group: pa.Table) -> None:
        """Write a row group in the background; an error is raised by the next call or on exit."""
        self._wait()
        self._writing = self._writers.submit(self._writer.write_table, group, row_group_size=group.num_rows)

    def _wait(self) -> None:
        """Wait for the row group being written."""
        writing, self._writing = self._writing, None
        if writing is not None:
            with reporting(self._path):
                writing.result()

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        try:
            if failure is None:
                self._wait()
                with reporting(self._path):
                    self._writer.close()
                    close_safely(self._stream)
        finally:
            self._writers.shutdown()
            with suppress(OSError, require("pyarrow", "export").ArrowException):
                self._writer.close()
            discard(self._stream)


def _regrouped(tables: Iterable[pa.Table], rows: int) -> Iterator[pa.Table]:
    """Regroup a stream of tables into tables of exactly this many rows; the last may have fewer."""
    pa = require("pyarrow", "export")
    held, count = [], 0
    for table in tables:
        held.append(table)
        count += table.num_rows
        if count < rows:
            continue
        joined = pa.concat_tables(held)
        whole = count - count % rows
        for begin in range(0, whole, rows):
            yield joined.slice(begin, rows).combine_chunks()
        held, count = [joined.slice(whole)], count - whole
    if count:
        yield pa.concat_tables(held).combine_chunks()


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _uncompressed_bytes(path: Path) -> int:
    metadata = require("pyarrow.parquet", "export").read_metadata(path)
    return sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))

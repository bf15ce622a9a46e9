"""CPU seconds that Parquet takes to encode an exported data set from memory, by settings.

    python benchmarks/parquet_encoding.py FOLDER
    python benchmarks/parquet_encoding.py FILE.conll.gz...

FOLDER was written by ``xprojdb export hf``; of column files, only the words and texts are encoded. Each setting is
encoded five times, on one thread; the best counts. The first row has the settings of the export.
"""

from __future__ import annotations

import gzip
import io
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 20_000
#: the settings of :mod:`xprojdb.exports.formats.parquet`
WRITTEN: dict[str, Any] = {
    "version": "2.6",
    "compression": "snappy",
    "use_dictionary": [
        "ner_tags.list.element",
        "tokens.list.element",
        "lang",
        "entities.list.element.annotation",
    ],
    "write_statistics": ["id", "lang"],
    "write_batch_size": 1 << 16,
}
WORDS_PLAIN = ["ner_tags.list.element", "lang", "entities.list.element.annotation"]
CHANGES: dict[str, dict[str, Any]] = {
    "as written": {},
    "1,024 words at a time": {"write_batch_size": 1024},
    "without statistics": {"write_statistics": False},
    "zstd, level 1": {"compression": "zstd", "compression_level": 1},
    "dictionaries for all columns": {"use_dictionary": True},
    "no dictionary for words": {"use_dictionary": WORDS_PLAIN},
    "not compressed": {"compression": "none"},
    "neither": {"use_dictionary": WORDS_PLAIN, "compression": "none"},
}


def read(paths: Sequence[Path]) -> pa.Table:
    """The sentences of exported folders or of column files."""
    if paths[0].is_dir():
        return pa.concat_tables([pq.read_table(path) for folder in paths for path in sorted(folder.rglob("*.parquet"))])
    texts = [gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes() for path in paths]
    sentences = [block.splitlines() for text in texts for block in text.decode().split("\n\n") if block.strip()]
    words = [[line.split()[0] for line in lines if line.strip()] for lines in sentences]
    return pa.table({"tokens": words, "text": [" ".join(sentence) for sentence in words]})


def encoded(groups: list[pa.Table], settings: dict[str, Any]) -> tuple[float, int]:
    """CPU seconds and bytes."""
    stream, began = io.BytesIO(), time.process_time()
    with pq.ParquetWriter(stream, groups[0].schema, **settings) as writer:
        for group in groups:
            writer.write_table(group, row_group_size=group.num_rows)
    return time.process_time() - began, stream.tell()


def main() -> None:
    pa.set_cpu_count(1)
    table = read([Path(name) for name in sys.argv[1:]])
    groups = [table.slice(first, ROWS).combine_chunks() for first in range(0, table.num_rows, ROWS)]
    print(f"{table.num_rows:,} sentences")
    print(f"{'encoding':<30}{'CPU s':>8}{'MB':>8}")
    for name, change in CHANGES.items():
        seconds, size = min(encoded(groups, {**WRITTEN, **change}) for _ in range(5))
        print(f"{name:<30}{seconds:>8.3f}{size / 1e6:>8.1f}", flush=True)


if __name__ == "__main__":
    main()

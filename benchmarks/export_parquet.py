"""Sentences a second into a Hugging Face folder, next to a bare pyarrow writer on the same rows.

python benchmarks/export_parquet.py [sentences]
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from xprojdb.exports.formats.huggingface import SplitRows, write_dataset

LABELS = ("PER", "ORG", "LOC", "DATE")
BATCH = 10_000


def batch(seed: int) -> pa.RecordBatch:
    """Ten thousand sentences of 5 to 35 words out of 50 000, one tag in eight not O."""
    draw = np.random.default_rng(seed)
    lengths = draw.integers(5, 36, BATCH)
    offsets = pa.array(np.concatenate([[0], lengths.cumsum()]), pa.int32())
    words = pa.DictionaryArray.from_arrays(
        pa.array((50_000 * draw.random(lengths.sum()) ** 3).astype(np.int32)),
        pa.array([f"word{number}" for number in range(50_000)]),
    ).cast(pa.string())
    tags = pa.array(np.where(draw.random(lengths.sum()) < 0.125, draw.integers(1, 9, lengths.sum()), 0))
    columns = {
        "id": pa.array([f"s{seed}-{row}" for row in range(BATCH)]),
        "tokens": pa.ListArray.from_arrays(offsets, words),
        "ner_tags": pa.ListArray.from_arrays(offsets, tags),
        "lang": pa.array(["deu"] * BATCH),
    }
    return pa.RecordBatch.from_pydict(columns)


def repeated(batches: list[pa.RecordBatch], sentences: int) -> Iterator[pa.RecordBatch]:
    """The same few batches over and over: reading them costs nothing."""
    for number in range(sentences // BATCH):
        yield batches[number % len(batches)]


def bare(folder: Path, rows: Iterator[pa.RecordBatch]) -> None:
    """What writing costs without checks, counts and checksums."""
    first = next(rows)
    with pq.ParquetWriter(folder / "bare.parquet", first.schema) as writer:
        writer.write_batch(first)
        for part in rows:
            writer.write_batch(part)


def export(folder: Path, rows: Iterator[pa.RecordBatch]) -> None:
    """The export itself."""
    write_dataset(folder / "out", [SplitRows("train", rows)], labels=LABELS, recipe_digest="0" * 64, query={})


def seconds(work: Callable[[Path, Iterator[pa.RecordBatch]], None], rows: Iterator[pa.RecordBatch]) -> float:
    """Wall time of one piece of work in a folder of its own."""
    with tempfile.TemporaryDirectory() as folder:
        begin = time.perf_counter()
        work(Path(folder), rows)
        return time.perf_counter() - begin


def main() -> None:
    """Print the table."""
    sentences = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    pa.set_cpu_count(1)
    batches = [batch(seed) for seed in range(5)]
    plain = seconds(bare, repeated(batches, sentences))
    lists = [part.to_pydict() for part in batches]
    print(f"{'input':<28}{'sentences/s':>12}{'x bare':>8}")
    print(f"{'bare pyarrow writer':<28}{sentences / plain:>12,.0f}{1:>8.2f}")
    for name, rows in (("Arrow record batches", batches), ("dicts of Python lists", lists)):
        taken = seconds(export, repeated(rows, sentences))
        print(f"{name:<28}{sentences / taken:>12,.0f}{plain / taken:>8.2f}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")


if __name__ == "__main__":
    main()

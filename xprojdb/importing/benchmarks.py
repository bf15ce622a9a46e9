"""Import a published benchmark: its files, license, citation and label scheme, and its name for comparisons."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from xprojdb.db import Database
from xprojdb.importing.corpus_files import CorpusFile, CorpusInfo, corpus_file
from xprojdb.importing.files import ImportReport, import_files
from xprojdb.readers.benchmarks import Benchmark, BenchmarkFile, find_files


def import_benchmark(
    database: Database,
    benchmark: Benchmark,
    folder: Path,
    *,
    langs: Sequence[str] = (),
    splits: Sequence[str] = (),
    name: str | None = None,
    version: str | None = None,
    command: str = "import benchmark",
    watch: Callable[[str, int], None] | None = None,
) -> ImportReport:
    """Import a copy of a benchmark in any of its published layouts; files that are already stored are not read again.

    Sentences have the same ids in every layout, so a clone of the git repository and a download from the Hub are equal.

    :param folder: the copy.
    :param langs: by any of their codes; empty: all that are there.
    :param splits: empty: all.
    :param name: name of the corpus; by default that of the benchmark.
    :param version: version of the copy, such as a commit.
    :returns: what was added.
    :raises UsageError: when there is no such language or split.
    :raises InputError: when a file is missing or cannot be read; then nothing is stored.
    """
    files = [_described(found_file) for found_file in find_files(benchmark, folder, langs, splits)]
    info = CorpusInfo(
        name or benchmark.name,
        version=version,
        license=benchmark.license,
        citation=benchmark.citation,
        url=benchmark.url,
        scheme=benchmark.scheme,
        benchmark=benchmark.name,
    )
    parallel = benchmark.parallel and len({file.lang for file in files}) > 1
    return import_files(database, info, files, parallel=parallel, command=command, watch=watch)


def _described(file: BenchmarkFile) -> CorpusFile:
    return corpus_file(file.path, file.lang, form=file.format, split=file.split, part=file.part, **file.reading)

"""Download a benchmark from the Hub, as Parquet, into the cache of the Hub's client."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from xprojdb.errors import UsageError
from xprojdb.extras import require
from xprojdb.hub import asking
from xprojdb.readers.benchmarks.catalog import Benchmark
from xprojdb.readers.benchmarks.layouts import published_names


@dataclass(frozen=True, slots=True)
class Fetched:
    """A downloaded copy of a benchmark.

    :param revision: its commit.
    """

    folder: Path
    revision: str


def fetch_benchmark(
    benchmark: Benchmark, langs: Sequence[str] = (), splits: Sequence[str] = (), revision: str | None = None
) -> Fetched:
    """Download the files of some languages and splits; files in the cache are not downloaded again.

    :param langs: by any of their codes; empty: all.
    :param splits: empty: all.
    :param revision: branch, tag or commit of the repository; by default the one with Parquet files.
    :raises UsageError: when the benchmark is not on the Hub, or has no such language.
    :raises HubError: when the Hub cannot be reached.
    """
    if benchmark.hub is None:
        hint = f"download it from {benchmark.url}, and name its folder with --path"
        raise UsageError(f"{benchmark.title} is not on the Hub", hint=hint, benchmark=benchmark.name)
    patterns = [
        layout.pattern.format(lang=lang, split=name)
        for lang in published_names(benchmark, langs)
        for layout in benchmark.layouts
        for split, name in layout.splits.items()
        if layout.format == "parquet" and (not splits or split in splits)
    ]
    hub = require("huggingface_hub", "hub")
    chosen = revision or benchmark.revision
    with asking(benchmark.hub):
        commit = hub.HfApi(library_name="xprojdb").dataset_info(benchmark.hub, revision=chosen).sha
        folder = hub.snapshot_download(benchmark.hub, repo_type="dataset", revision=commit, allow_patterns=patterns)
    return Fetched(Path(folder), str(commit))

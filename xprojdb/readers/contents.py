"""The files that make up the content of one import."""

from __future__ import annotations

from pathlib import Path

from xprojdb.readers.huggingface import folders as hf
from xprojdb.readers.spans import brat


def content_files(path: Path) -> list[Path]:
    """The files behind a path: itself, the shards of a data set, or a brat document with its annotations.

    :raises ReadError: when the folder of a data set is incomplete.
    """
    if hf.is_data_set(path):
        return hf.data_files(path)
    if path.suffix == ".ann":
        return [path, brat.companion(path)]
    return [path]

"""The files that the content of one import is in."""

from __future__ import annotations

from pathlib import Path

from xprojdb.readers.huggingface import folders as hf
from xprojdb.readers.spans import brat


def content_files(path: Path) -> list[Path]:
    """The files behind a path: itself; a data set's shards; a document of brat with its annotations.

    :raises ReadError: when a folder of a data set is not whole.
    """
    if hf.is_data_set(path):
        return hf.data_files(path)
    if path.suffix == ".ann":
        return [path, brat.companion(path)]
    return [path]

"""Readers: each streams a file as checked records, whatever its format, and knows nothing of databases."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xprojdb.readers.columns.conll import read_conll
from xprojdb.readers.files import read_lines
from xprojdb.readers.gate import checked
from xprojdb.readers.huggingface.parquet import read_parquet
from xprojdb.readers.json.lines import read_jsonl
from xprojdb.readers.notes import Notes
from xprojdb.readers.parallel.text import read_text
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.registry import format_of, reader, readers
from xprojdb.text.languages import language as find_language

__all__ = [
    "Notes",
    "ReadError",
    "Record",
    "format_of",
    "read",
    "read_conll",
    "read_jsonl",
    "read_lines",
    "read_parquet",
    "read_text",
    "readers",
]

#: the name of a reader, or ``"auto"``
Format = str


def read(
    path: str | os.PathLike[str],
    language: str,
    format: Format = "auto",
    notes: Notes | None = None,
    **options: Any,
) -> Iterator[Record]:
    """Stream a corpus file with the reader of its format; whatever is left out is counted.

    :param path: a plain or gzip file.
    :param language: of the sentences, by any of its codes.
    :param format: the name of a reader, see :func:`readers`; ``"auto"``: by the content, or if that is ambiguous, by
        the suffix.
    :param notes: counts what is left out or repaired.
    :param options: options of the reader.
    :returns: the records in file order.
    :raises UsageError: when the language is unknown, the file is a folder of no format, or the reader has no such
        option.
    :raises ReadError: when the file cannot be read.
    """
    code, file = find_language(language).code, Path(path)
    chosen = reader(format_of(file) if format == "auto" else format)
    counted = notes if notes is not None else Notes()
    return checked(chosen.read(file, code, counted, **options), file, counted)

"""Readers: each streams a file as checked records, whatever its format, and knows no database."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xprojdb import entry_points
from xprojdb.errors import UsageError
from xprojdb.readers.conll import read_conll
from xprojdb.readers.json_lines import read_jsonl
from xprojdb.readers.parallel import read_parallel
from xprojdb.readers.parquet import read_parquet
from xprojdb.readers.plugin import Reader
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.text import read_text
from xprojdb.text.languages import language as find_language

__all__ = [
    "ReadError",
    "Record",
    "format_of",
    "read",
    "read_conll",
    "read_jsonl",
    "read_parallel",
    "read_parquet",
    "read_text",
]

#: ``auto``, or the name of a reader: a plug-in of the group ``xprojdb.readers``
Format = str


def read(path: str | os.PathLike[str], language: str, format: Format = "auto", **options: Any) -> Iterator[Record]:
    """Stream a corpus file with the reader of its format.

    :param path: plain or gzip.
    :param language: of the sentences, by any code.
    :param format: ``"auto"`` goes by the suffix (``.conll``, ``.conll02``, ``.conll03``, ``.bio``, ``.iob``, ``.iob2``,
        ``.tsv``; ``.txt``; ``.jsonl``; each also with ``.gz``; ``.parquet``).
    :param options: of :func:`read_conll`, :func:`read_text`, :func:`read_jsonl` or :func:`read_parquet`.
    :returns: the records in file order.
    :raises UsageError: when the language is unknown, the suffix says no format, or the reader has no such option.
    :raises ReadError: when the file cannot be read.
    """
    code = find_language(language).code
    chosen = format_of(Path(path)) if format == "auto" else format
    reader: Reader = entry_points.load("readers", chosen)
    options |= reader.options(code)
    known = set(inspect.signature(reader.read).parameters) - {"path"}
    for option in options.keys() - known:
        raise UsageError(
            f"the {chosen} reader has no option {option!r}",
            hint=f"it has {', '.join(sorted(known - {'language'}))}",
            option=option,
            format=chosen,
        )
    return reader.read(path, **options)


def format_of(path: Path) -> Format:
    """The format that a file's suffix says.

    :raises UsageError: when it says none.
    """
    suffix = path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix
    suffixes = {suffix: name for name, reader in entry_points.loaded("readers") for suffix in reader.suffixes}
    if suffix.lower() not in suffixes:
        formats = ", ".join(entry_points.plugins("readers"))
        hint = f"choose one with --format ({formats}), or use one of {', '.join(suffixes)}"
        raise UsageError(f"the suffix of {path.name!r} says no format", hint=hint, path=str(path), suffix=suffix)
    return suffixes[suffix.lower()]

"""The readers by name, and which of them a file is for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from xprojdb import entry_points
from xprojdb.errors import UsageError
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.tables.rows import evenness, find_delimiter

# Rows with equally many cells beyond which a text is taken for a table.
_EVEN_ROWS = 3


@cache
def readers() -> Mapping[str, Reader]:
    """The readers by name, plug-ins of the group ``xprojdb.readers``, in the order in which they look at content."""
    return dict(sorted(entry_points.loaded("readers"), key=lambda named: (named[1].rank, named[0])))


def reader(name: str) -> Reader:
    """The reader of a format.

    :raises PluginError: when there is none of that name.
    """
    chosen: Reader = entry_points.load("readers", name)
    return chosen


def recognise(path: Path) -> Reader | None:
    """The reader whose format the content of a file or folder has beyond doubt; None where there is none."""
    if not path.exists():
        return None
    head = Head(path)
    if not head.data and not path.is_dir():
        return None
    return next((reader for reader in readers().values() if reader.sniff(head)), None)


def format_of(path: Path) -> str:
    """The name of the format of a file: by its content, and where that is not plain, by its suffix.

    :raises UsageError: when there is no such file, and the suffix says no format.
    """
    known = recognise(path)
    if known is not None:
        return known.name
    named = _by_suffix(path)
    if named is not None:
        return named.name
    if path.is_file():
        return "table" if _is_even(Head(path)) else "text"
    suffixes = ", ".join(suffix for reader in readers().values() for suffix in reader.suffixes)
    hint = f"give format={', '.join(map(repr, readers()))}, or use one of {suffixes}"
    raise UsageError(f"the suffix of {path.name!r} says no format", hint=hint, path=str(path), suffix=path.suffix)


def refuse_other(path: Path, command: str) -> None:
    """Refuse a file that another command reads.

    :param command: the one that was given, such as ``import text``.
    :raises UsageError: which names the right one.
    """
    known = recognise(path)
    if command == "import text" and known is None:
        named = _by_suffix(path)
        known = named if named is not None and named.name != "text" else None
        if known is None and path.is_file() and _is_even(Head(path)):
            known = readers()["table"]
    if known is None or known.command == command:
        return
    if command != "import text" and known.name == "conll":
        return
    escape = ", or --plain to take each line as it is" if command == "import text" else ""
    raise UsageError(
        f"{path} looks like {known.title}",
        hint=f"use xprojdb {known.command}{escape}",
        path=str(path),
        format=known.name,
        command=known.command,
    )


def _by_suffix(path: Path) -> Reader | None:
    suffix = (path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix).lower()
    return next((reader for reader in readers().values() if suffix in reader.suffixes), None)


def _is_even(head: Head) -> bool:
    lines = [f"{line}\n" for line in head.lines]
    return len(lines) >= _EVEN_ROWS and find_delimiter(lines) == "\t" and evenness(lines, "\t")[0] == 1

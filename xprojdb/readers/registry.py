"""The readers by name, and which of them a file is for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from xprojdb import entry_points
from xprojdb.errors import InputError, UsageError
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.tables.rows import evenness, find_delimiter

# A text with at least this many rows of equal length counts as a table.
_EVEN_ROWS = 3


@cache
def readers() -> Mapping[str, Reader]:
    """The readers by name, plug-ins of the group ``xprojdb.readers``, in the order in which they check content."""
    return dict(sorted(entry_points.loaded("readers"), key=lambda named: (named[1].rank, named[0])))


def reader(name: str) -> Reader:
    """The reader of a format.

    :raises PluginError: when there is no such reader.
    """
    chosen: Reader = entry_points.load("readers", name)
    return chosen


def recognize(path: Path) -> Reader | None:
    """The reader whose format a file or folder clearly has, judging by its content; None if there is none."""
    if not path.exists():
        return None
    head = Head(path)
    if not head.data and not path.is_dir():
        return None
    return next((reader for reader in readers().values() if reader.sniff(head)), None)


def format_of(path: Path) -> str:
    """The name of a file's format, by its content or, if that is ambiguous, by its suffix.

    :raises InputError: when there is no such file, and the suffix does not determine a format.
    :raises UsageError: when it is a folder of no format.
    """
    recognised = recognize(path)
    if recognised is not None:
        return recognised.name
    named = _by_suffix(path)
    if named is not None:
        return named.name
    if path.is_file():
        return "table" if _is_even(Head(path)) else "text"
    if path.is_dir():
        raise UsageError(f"{path} is a folder", hint=folder_hint(path), path=str(path))
    raise InputError(f"there is no file {path}", hint="check the path", file=str(path))


def folder_hint(path: Path) -> str:
    """What to do with a folder that is no data set."""
    files = (own for own in sorted(path.iterdir()) if own.is_file() and _by_suffix(own) is not None)
    return "name a file in it" + next((f", such as {own}" for own in files), "")


def refuse_other(path: Path, command: str) -> None:
    """Refuse a file that another command reads.

    :param command: the command in use, such as ``import text``.
    :raises UsageError: naming the right one.
    """
    other = recognize(path)
    if command == "import text" and other is None:
        named = _by_suffix(path)
        other = named if named is not None and named.name != "text" else None
        if other is None and path.is_file() and _is_even(Head(path)):
            other = readers()["table"]
    if other is None or other.command == command:
        return
    if command != "import text" and other.name == "conll":
        return
    escape = ", or --plain to import each line as it is" if command == "import text" else ""
    raise UsageError(
        f"{path} looks like {other.title}",
        hint=f"use xprojdb {other.command}{escape}",
        path=str(path),
        format=other.name,
        command=other.command,
    )


def _by_suffix(path: Path) -> Reader | None:
    suffix = (path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix).lower()
    return next((reader for reader in readers().values() if suffix in reader.suffixes), None)


def _is_even(head: Head) -> bool:
    lines = [f"{line}\n" for line in head.lines]
    return len(lines) >= _EVEN_ROWS and find_delimiter(lines) == "\t" and evenness(lines, "\t")[0] == 1

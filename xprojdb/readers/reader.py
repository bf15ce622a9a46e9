"""What a reader, and so a plug-in of the group ``xprojdb.readers``, is: how it recognizes files and reads them."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

from xprojdb.errors import UsageError
from xprojdb.readers.files import open_bytes
from xprojdb.readers.notes import Notes
from xprojdb.readers.records import ReadError, Record

_HEAD = 1 << 16


class Head:
    """The beginning of a file, decompressed, from which its format is recognized.

    :ivar data: its first 64 KiB; empty for a folder.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.data = b"" if path.is_dir() else _read(path)

    @cached_property
    def text(self) -> str:
        """The data as UTF-8, or UTF-16 if it says so, up to its last complete line."""
        if self.data[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return self.data.decode("utf-16", "replace")
        text = self.data.decode("utf-8-sig", "replace")
        return text[: text.rfind("\n") + 1] or text if len(self.data) == _HEAD else text

    @cached_property
    def lines(self) -> list[str]:
        """Its lines that are not blank."""
        return [line for line in self.text.splitlines() if line.strip()]

    @cached_property
    def object(self) -> Mapping[str, Any] | None:
        """The first object of JSON lines or of an array of objects, if any."""
        text = self.text.lstrip().removeprefix("[").lstrip()
        if not text.startswith("{"):
            return None
        try:
            value, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


def _read(path: Path) -> bytes:
    try:
        with open_bytes(path) as stream:
            return stream.read(_HEAD)
    except (ReadError, zlib.error):
        return b""


@dataclass(frozen=True, slots=True)
class Reader:
    """A file format.

    :param name: its name in options and in the database.
    :param title: a description for people.
    :param command: the command that imports it.
    :param options: a dataclass of its options, all with defaults.
    :param sniff: whether the beginning of a file matches the format.
    :param stream: reads a file: called with path, stored language code, options and notes.
    :param suffixes: file name suffixes that indicate the format if the content does not.
    :param rank: more specific formats have lower ranks, and are tried first.
    """

    name: str
    title: str
    command: str
    options: type[Any]
    sniff: Callable[[Head], bool]
    stream: Callable[[Path, str, Any, Notes], Iterator[Record]]
    suffixes: tuple[str, ...] = ()
    rank: int = 0

    def option_names(self) -> set[str]:
        """What it can be told."""
        return {field.name for field in fields(self.options)}

    def configure(self, **options: Any) -> Any:
        """The options, checked by name.

        :raises UsageError: when the reader has no such option.
        """
        names = self.option_names()
        for option in options.keys() - names:
            raise UsageError(
                f"the {self.name} reader has no option {option!r}",
                hint=f"its options: {', '.join(sorted(names)) or 'none'}",
                option=option,
                format=self.name,
            )
        return self.options(**options)

    def read(self, path: Path, language: str, notes: Notes | None = None, **options: Any) -> Iterator[Record]:
        """Stream the records of a file, in file order.

        :param language: of the sentences, by its stored code.
        :param notes: counts what is left out or repaired.
        :raises UsageError: when the reader has no such option.
        :raises ReadError: when the file cannot be read.
        """
        return self.stream(path, language, self.configure(**options), notes if notes is not None else Notes())


def as_keywords(options: Any) -> dict[str, Any]:
    """The options of a dataclass as keyword arguments."""
    return {field.name: getattr(options, field.name) for field in fields(options)}

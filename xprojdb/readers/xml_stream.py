"""Read XML as a stream of events; it may not declare entities, and nothing is fetched."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Generic, TypeVar
from xml.parsers import expat

from xprojdb.readers.files import open_bytes
from xprojdb.readers.records import ReadError

_CHUNK = 1 << 18
Item = TypeVar("Item")


class XmlStream(ABC, Generic[Item]):
    """Converts XML events to items, which subclasses append to :attr:`ready`.

    :ivar ready: items that were completed and not yet returned.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ready: list[Item] = []
        self._xml = expat.ParserCreate()
        self._xml.buffer_text = True
        self._xml.StartElementHandler = self.start
        self._xml.EndElementHandler = self.end
        self._xml.CharacterDataHandler = self.data
        self._xml.EntityDeclHandler = self._entity

    @abstractmethod
    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element begins."""

    @abstractmethod
    def data(self, text: str) -> None:
        """A piece of text."""

    @abstractmethod
    def end(self, name: str) -> None:
        """An element ends."""

    @property
    def line(self) -> int:
        """The line of the current event."""
        return self._xml.CurrentLineNumber

    def items(self) -> Iterator[Item]:
        """The items of the file, in order.

        :raises ReadError: when it cannot be read, is not XML, or declares entities.
        """
        with open_bytes(self.path) as stream:
            while True:
                data = stream.read(_CHUNK)
                self._feed(data)
                yield from self.ready
                self.ready = []
                if not data:
                    return

    def error(self, reason: str, message: str, hint: str | None = None) -> ReadError:
        """An error at the current event."""
        line, column = self.line, self._xml.CurrentColumnNumber + 1
        return ReadError.at(self.path, reason, message, line=line, column=column, hint=hint)

    def _feed(self, data: bytes) -> None:
        try:
            self._xml.Parse(data, not data)
        except expat.ExpatError as error:
            message = f"not XML: {expat.ErrorString(error.code)}"
            place = {"line": error.lineno, "column": error.offset + 1}
            raise ReadError.at(self.path, "xml", message, hint="check the file with xmllint", **place) from error
        except (ValueError, LookupError) as error:
            raise ReadError.at(self.path, "xml", f"not readable XML: {error}", line=1) from error

    def _entity(self, name: str, *_: object) -> None:
        hint = "remove the entity declarations from the file"
        raise self.error("entity", f"the file declares an entity, {name!r}", hint)

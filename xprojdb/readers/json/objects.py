"""JSON files as a stream of objects, one per line or the elements of one array, whatever the file is called."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from xprojdb.readers.files import open_bytes
from xprojdb.readers.records import ReadError
from xprojdb.text.normalization import normal_form

_CHUNK = 1 << 20
_LONGEST = 1 << 26
_GAP = re.compile(r"[ \t\r\n]*")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


def read_objects(path: Path, *, normalize: bool = False) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Stream the objects of JSON lines or of one array, plain or gzip, in constant memory.

    :param normalize: convert the text to NFC before it is parsed, which shifts any offsets in it.
    :returns: the line on which each object starts, counted from 1, and the object.
    :raises ReadError: when the file cannot be read, or contains anything but objects.
    """
    with open_bytes(path) as stream:
        text = _Text(path, stream, normalize)
        text.skip_space()
        yield from _elements(text) if text.peek() == "[" else _lines(text)


class _Text:
    """A file as text, of which only the unread part is kept.

    :ivar line: the current line, counted from 1.
    :ivar begin: where in the buffer the last value started.
    """

    def __init__(self, path: Path, stream: IO[bytes], normalize: bool) -> None:
        self.path = path
        self.stream = stream
        self.normalize = normalize
        self.decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self.buffer = ""
        self.at = 0
        self.begin = 0
        self.line = 1
        self.ended = False
        self.parser = json.JSONDecoder()

    def more(self) -> bool:
        """Read on, at least as much as is left; False at the end."""
        if self.ended:
            return False
        if len(self.buffer) - self.at > _LONGEST:
            message = f"{_LONGEST >> 20} MiB without the end of an object"
            raise ReadError.at(self.path, "no-boundary", message, line=self.line)
        data = self.stream.read(max(_CHUNK, len(self.buffer) - self.at))
        if data[:2] in _UTF16 and not self.buffer:
            hint = "convert it: iconv -f UTF-16 -t UTF-8 FILE"
            raise ReadError.at(self.path, "binary", "this is not UTF-8: a byte order mark of UTF-16", line=1, hint=hint)
        self.ended = not data
        try:
            piece = self.decoder.decode(data, final=self.ended)
        except UnicodeDecodeError as error:
            line = self.line + self.buffer.count("\n", self.at) + data.count(b"\n", 0, error.start)
            message = f"the byte 0x{error.object[error.start]:02X} is not UTF-8"
            hint = "convert it, if it is Latin-1: iconv -f LATIN1 -t UTF-8 FILE"
            raise ReadError.at(self.path, "not-utf-8", message, line=line, hint=hint) from error
        self.buffer = self.buffer[self.at :] + piece
        self.at = 0
        return True

    def skip_space(self) -> None:
        """Move on to the next visible character, or to the end."""
        while True:
            end = _match_gap(self.buffer, self.at)
            self.line += self.buffer.count("\n", self.at, end)
            self.at = end
            if end < len(self.buffer) or not self.more():
                return

    def peek(self) -> str:
        """The next character, or an empty string at the end."""
        return self.buffer[self.at : self.at + 1]

    def value(self) -> tuple[int, Any]:
        """The value that starts here, and its line."""
        line = self.line
        while True:
            try:
                value, end = self.parser.raw_decode(self.buffer, self.at)
                break
            except json.JSONDecodeError as error:
                if not self.more():
                    raise self.error(f"not JSON: {error.msg}", error.pos) from error
            except (ValueError, RecursionError) as error:
                raise self.error(f"not JSON that can be read: {_fault(error)}", self.at) from error
        self.line += self.buffer.count("\n", self.at, end)
        self.begin, self.at = self.at, end
        return line, value

    def error(self, message: str, at: int, hint: str | None = None) -> ReadError:
        """An error at a position in the unread part."""
        line = self.line + self.buffer.count("\n", self.at, at)
        column = at - self.buffer.rfind("\n", 0, at)
        return ReadError.at(self.path, "json", message, line=line, column=column, hint=hint)


def _match_gap(text: str, at: int) -> int:
    match = _GAP.match(text, at)
    return match.end() if match else at


def _fault(error: Exception) -> str:
    return "it is nested too deeply" if isinstance(error, RecursionError) else "it has an integer of too many digits"


def _elements(text: _Text) -> Iterator[tuple[int, Mapping[str, Any]]]:
    text.at += 1
    text.skip_space()
    if text.peek() != "]":
        while True:
            yield _object(text)
            text.skip_space()
            if text.peek() != ",":
                break
            text.at += 1
            text.skip_space()
    if text.peek() != "]":
        raise text.error("not JSON: the array does not end", text.at)
    text.at += 1
    text.skip_space()
    if text.peek():
        hint = "a file is either one array, or has one object per line"
        raise text.error("not JSON: there is something after the array", text.at, hint)


def _lines(text: _Text) -> Iterator[tuple[int, Mapping[str, Any]]]:
    while text.peek():
        line, value = _object(text)
        text.skip_space()
        if text.peek() and text.line == line:
            raise text.error("not JSON: Extra data", text.at)
        yield line, value


def _object(text: _Text) -> tuple[int, Mapping[str, Any]]:
    line, value = text.value()
    if not isinstance(value, dict):
        hint = "each element must be an object: {…}"
        column = text.begin - text.buffer.rfind("\n", 0, text.begin)
        raise ReadError.at(text.path, "json", "not an object", line=line, column=column, hint=hint)
    return line, _normal(value) if text.normalize else value


def _normal(value: Any) -> Any:
    """A value with its strings in NFC."""
    if isinstance(value, str):
        return normal_form("NFC", value)
    if isinstance(value, list):
        return [item if type(item) is str and item.isascii() else _normal(item) for item in value]
    if isinstance(value, dict):
        return {_normal(name): _normal(item) for name, item in value.items()}
    return value

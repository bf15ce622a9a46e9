"""Read text files in constant memory: plain or gzip, UTF-8 only, in NFC, with line numbers for errors."""

from __future__ import annotations

import gzip
import re
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from xprojdb.readers.records import ReadError
from xprojdb.text.normalization import normal_form

_CHUNK = 1 << 20
_LONGEST_BLOCK = 1 << 24
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# ASCII control characters, except tab, newline and carriage return. Those of U+0080 to U+009F, the traces of a wrong
# conversion, stay: they occur in published benchmarks, whose words must not be changed.
_CONTROLS = bytes([*range(9), 11, 12, *range(14, 32), 127])
_FAULT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
# Where files with byte order marks were concatenated.
_INNER_BOM = re.compile("^\ufeff+", re.MULTILINE)
_BLANK_LINES = re.compile(rb"\n[ \t]+(?=\n)")


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file for reading, decompressing gzip.

    :raises ReadError: when it is missing, a folder, not permitted, or found to be damaged while it is read.
    """
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            yield cast("IO[bytes]", gzip.GzipFile(fileobj=raw)) if packed else raw
    except FileNotFoundError as error:
        raise ReadError.at(path, "missing", "there is no such file", hint="check the path") from error
    except IsADirectoryError as error:
        raise ReadError.at(path, "folder", "this is a folder", hint="name the files in it individually") from error
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        message = f"the gzip file is damaged ({error})"
        raise ReadError.at(path, "gzip", message, hint="download or compress the file again") from error
    except OSError as error:
        raise ReadError.at(path, "unreadable", f"cannot be read ({error.strerror or error})") from error


def read_blocks(path: Path, boundary: bytes) -> Iterator[tuple[int, str]]:
    """Read a file in large blocks that end at a boundary.

    In the text, lines end with a single newline, and blank lines contain no white space.

    :param path: a plain or gzip file.
    :param boundary: ``b"\\n"`` to end at any line, ``b"\\n\\n"`` to end at a blank line.
    :returns: the number of the first line, counted from 1, and the text, which ends with the boundary unless it is the
        last.
    :raises ReadError: when the file cannot be opened, is not UTF-8 or has control characters.
    """
    line = 1
    with open_bytes(path) as stream:
        for block in _cut(stream, path, boundary):
            yield line, _decode(block, path, line)
            line += block.count(b"\n")


def _cut(stream: IO[bytes], path: Path, boundary: bytes) -> Iterator[bytes]:
    rest = b""
    for piece in _pieces(stream, path):
        data = _plain_lines(rest + piece, boundary)
        cut = data.rfind(boundary) + len(boundary)
        if cut < len(boundary):
            cut = 0
        if len(data) - cut > _LONGEST_BLOCK:
            raise ReadError.at(path, "no-boundary", f"{_LONGEST_BLOCK >> 20} MiB without the end of a sentence")
        if cut:
            yield data[:cut]
        rest = data[cut:]
    if rest:
        yield rest.removesuffix(b"\r")


def _pieces(stream: IO[bytes], path: Path) -> Iterator[bytes]:
    first = stream.read(_CHUNK)
    if first.startswith(_UTF16):
        raise _binary(path, 1, "a byte order mark of UTF-16", "convert it: iconv -f UTF-16 -t UTF-8 FILE")
    yield first.removeprefix(_BOM)
    while piece := stream.read(_CHUNK):
        yield piece


def _plain_lines(data: bytes, boundary: bytes) -> bytes:
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n")
    if len(boundary) > 1 and (b"\n " in data or b"\n\t" in data):
        data = _BLANK_LINES.sub(b"\n", data)
    return data


def _decode(block: bytes, path: Path, line: int) -> str:
    suspect = len(block.translate(None, _CONTROLS)) != len(block) or b"\r" in block
    try:
        text = block.decode("utf-8")
    except UnicodeDecodeError as error:
        if b"\0" in block:
            raise _binary(path, line + block.count(b"\n", 0, block.index(b"\0")), "a NUL byte") from error
        raise _not_utf8(block, path, line, error.start) from error
    if suspect:
        _refuse_controls(text, path, line)
    if "\ufeff" in text:
        text = _INNER_BOM.sub("", text)
    return text if unicodedata.is_normalized("NFC", text) else normal_form("NFC", text)


def _binary(path: Path, line: int, what: str, hint: str = "name a text file in UTF-8") -> ReadError:
    return ReadError.at(path, "binary", f"this is not a text file: {what}", line=line, hint=hint)


def _not_utf8(block: bytes, path: Path, line: int, start: int) -> ReadError:
    begin = block.rfind(b"\n", 0, start) + 1
    byte = block[start]
    return ReadError.at(
        path,
        "not-utf-8",
        f"the byte 0x{byte:02X} is not UTF-8",
        line=line + block.count(b"\n", 0, start),
        column=len(block[begin:start].decode("utf-8")) + 1,
        hint="convert it, if it is Latin-1: iconv -f LATIN1 -t UTF-8 FILE",
        byte=byte,
    )


def _refuse_controls(text: str, path: Path, line: int) -> None:
    match = _FAULT.search(text)
    if match is None:
        return
    if "\0" in text:
        raise _binary(path, line + text.count("\n", 0, text.index("\0")), "a NUL byte")
    at = line + text.count("\n", 0, match.start())
    column = match.start() - text.rfind("\n", 0, match.start())
    message = f"the control character U+{ord(match[0]):04X}"
    hint = "remove it: tr -d '\\000-\\010\\013-\\037\\177' < FILE"
    raise ReadError.at(path, "control-character", message, line=at, column=column, hint=hint)


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read a file line by line, without newlines.

    :returns: the line's number, counted from 1, and the line.
    :raises ReadError: as for :func:`read_blocks`.
    """
    for first, block in read_blocks(path, b"\n"):
        yield from enumerate(block.removesuffix("\n").split("\n"), first)

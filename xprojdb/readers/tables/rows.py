"""The rows of CSV files and spreadsheets, as strings."""

from __future__ import annotations

import csv
import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any, Literal, NamedTuple

from xprojdb.extras import require
from xprojdb.readers.files import open_bytes
from xprojdb.readers.records import ReadError

_DELIMITERS = "\t,;|"
_SAMPLE = 50
#: how ZIP files (XLSX, ODS) and older spreadsheets (XLS) start
SPREADSHEETS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """A row with the line on which it starts, counted from 1; for spreadsheets, the row number."""

    line: int
    cells: Sequence[str]


def table_rows(path: Path, sheet: int | str | None = None, delimiter: str | None = None) -> Iterator[Row]:
    """Stream the rows of a table of any kind.

    :param sheet: sheet of a spreadsheet; by default the first.
    :param delimiter: cell delimiter of CSV; by default detected.
    :raises ReadError: when the file cannot be read.
    :raises MissingExtra: when it is a spreadsheet and the library for it is not installed.
    """
    with open_bytes(path) as stream:
        magic = stream.read(4)
        if magic not in SPREADSHEETS:
            stream.seek(0)
            yield from _csv_rows(path, stream, delimiter)
            return
    yield from _sheet_rows(path, sheet)


def _csv_rows(path: Path, stream: IO[bytes], delimiter: str | None) -> Iterator[Row]:
    lines = _lines(path, stream)
    head = list(islice(lines, _SAMPLE))
    chosen = delimiter or find_delimiter(head)
    # Tab-separated texts that do not come from a spreadsheet can have unbalanced quotes without special meaning.
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL
    if chosen == "\t" and evenness(head, chosen, csv.QUOTE_NONE) > evenness(head, chosen):
        quoting = csv.QUOTE_NONE
    reader = csv.reader(chain(head, lines), delimiter=chosen, quoting=quoting, strict=True)
    line = 1
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            hint = "check the quotes around here, or set --delimiter"
            raise ReadError.at(path, "csv", f"not a table: {error}", line=line, hint=hint) from error
        if cells is None:
            return
        yield Row(line, cells)
        line = reader.line_num + 1


def _lines(path: Path, stream: IO[bytes]) -> Iterator[str]:
    for number, data in enumerate(stream, 1):
        if number == 1:
            if data[:2] in _UTF16:
                hint = "convert it: iconv -f UTF-16 -t UTF-8 FILE"
                raise ReadError.at(path, "binary", "this is UTF-16, not UTF-8", line=1, hint=hint)
            data = data.removeprefix(b"\xef\xbb\xbf")
        try:
            yield data.decode("utf-8")
        except UnicodeDecodeError as error:
            column = len(data[: error.start].decode("utf-8")) + 1
            message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
            hint = "save the table as UTF-8, or convert it: iconv -f LATIN1 -t UTF-8 FILE"
            raise ReadError.at(path, "not-utf-8", message, line=number, column=column, hint=hint) from error


def find_delimiter(lines: Sequence[str]) -> str:
    """The delimiter that splits the lines most evenly: tab, comma, semicolon or bar."""
    return max(_DELIMITERS, key=lambda delimiter: evenness(lines, delimiter))


def evenness(lines: Sequence[str], delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> tuple[float, int]:
    """The share of rows with the most common number of cells, and that number; 0 if that is one cell."""
    widths: Counter[int] = Counter()
    try:
        for row in csv.reader(lines, delimiter=delimiter, quoting=quoting, strict=True):
            widths[len(row)] += bool(row)
    except csv.Error:
        # Even if the last line ends within quotes: that row is one of many.
        widths[0] += 1
    if not widths.total():
        return 0.0, 0
    width, count = widths.most_common(1)[0]
    return (count / widths.total(), width) if width > 1 else (0.0, 0)


def _sheet_rows(path: Path, sheet: int | str | None) -> Iterator[Row]:
    calamine = require("python_calamine", "tables")
    try:
        book = calamine.CalamineWorkbook.from_path(str(path))
        name = _sheet_name(path, book.sheet_names, sheet)
        data = book.get_sheet_by_name(name)
        for number, cells in enumerate(data.iter_rows(), 1):
            yield Row(number, [_text(cell) for cell in cells])
    except ReadError:
        raise
    except BaseException as error:
        # A panic of the Rust library is not an Exception.
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        message = f"not a readable spreadsheet: {str(error)[:200] or type(error).__name__}"
        raise ReadError.at(path, "spreadsheet", message, hint="open and save it again, as XLSX or ODS") from error


def _sheet_name(path: Path, names: Sequence[str], sheet: int | str | None) -> str:
    if isinstance(sheet, str) and sheet in names:
        return sheet
    if not isinstance(sheet, str) and names and -len(names) <= (sheet or 0) < len(names):
        return names[sheet or 0]
    raise ReadError.at(
        path, "sheet", f"there is no sheet {sheet!r}", hint=f"the sheets are {', '.join(names) or 'none'}"
    )


def _text(cell: Any) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)

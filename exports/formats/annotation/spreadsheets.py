"""Spreadsheets for people without a tool: a sentence a row, its entities in brackets, and room for a verdict."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from xprojdb.exports.atomic import Opener
from xprojdb.exports.errors import ExportError
from xprojdb.exports.formats.annotation.sentence import PlacedSentence, placed_sentences, write_texts
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.content import Content
from xprojdb.extras import require
from xprojdb.text.brackets import bracketed

COLUMNS = ("id", "split", "source", "labelled", "verdict", "note")
#: what a worksheet can hold
_MOST_ROWS, _LONGEST_CELL = 1_048_576, 32_767


class _Delimited:
    """A table as text."""

    name: ClassVar[str]
    delimiter: ClassVar[str]
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file."""
        yield write_texts(content, f".{self.name}", self._pieces(content), folder, opener)

    def _pieces(self, content: Content) -> Iterator[tuple[int, str]]:
        yield 0, self._row(COLUMNS)
        for sentence in placed_sentences(content):
            yield 1, self._row(_cells(sentence))

    def _row(self, cells: Sequence[str]) -> str:
        out = io.StringIO()
        csv.writer(out, delimiter=self.delimiter, lineterminator="\n").writerow(cells)
        return out.getvalue()


class Csv(_Delimited):
    """Write LANG.SPLIT.csv: id, split, source, labelled ([Goma]LOC), verdict, note."""

    name: ClassVar[str] = "csv"
    delimiter: ClassVar[str] = ","


class Tsv(_Delimited):
    """Write LANG.SPLIT.tsv: id, split, source, labelled ([Goma]LOC), verdict, note."""

    name: ClassVar[str] = "tsv"
    delimiter: ClassVar[str] = "\t"


class Xlsx:
    """Write LANG.SPLIT.xlsx: id, split, source, labelled ([Goma]LOC), verdict, note."""

    name: ClassVar[str] = "xlsx"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file.

        :raises MissingExtra: when openpyxl is not installed.
        :raises ExportError: when a sheet cannot hold a sentence, or all of them.
        """
        path = folder / content.file_name(".xlsx")
        sheet = require("openpyxl", "tables").Workbook(write_only=True)
        rows = sheet.create_sheet("sentences")
        rows.append(COLUMNS)
        count = 0
        for count, sentence in enumerate(placed_sentences(content), start=1):
            rows.append(_checked(path, count, sentence, require("openpyxl.cell", "tables").WriteOnlyCell, rows))
        data = io.BytesIO()
        sheet.save(data)
        with opener(path) as file:
            file.write(data.getvalue())
        yield WrittenFile(path, count, file.sha256)


def _cells(sentence: PlacedSentence) -> list[str]:
    source = sentence.sources[0] if sentence.sources else ""
    return [sentence.id, sentence.split, source, bracketed(sentence.words, [x.span for x in sentence.labels]), "", ""]


def _checked(path: Path, number: int, sentence: PlacedSentence, cell: Any, rows: Any) -> list[Any]:
    """The cells of a row; text that begins with "=" stays text."""
    cells = _cells(sentence)
    longest = max(cells, key=len)
    if number >= _MOST_ROWS or len(longest) > _LONGEST_CELL:
        what = (
            f"the sentence {sentence.id} is too long" if number < _MOST_ROWS else f"{number:,} sentences are too many"
        )
        hint = "export to CSV, which has no limit"
        raise ExportError(f"{what} for a worksheet: {path} was not written", hint=hint, path=path, id=sentence.id)
    formatted = [cell(rows, value=value) for value in cells]
    for written in formatted:
        written.data_type = "s"
    return formatted

"""Tables: CSV, TSV, XLSX and ODS with one sentence per row, in one or several languages."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from xprojdb.readers.label_names import label_fault
from xprojdb.readers.notes import Notes
from xprojdb.readers.parallel.plain import plain_record
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record, RecordError, check_text, check_words
from xprojdb.readers.tables.rows import SPREADSHEETS, Row, table_rows
from xprojdb.text.brackets import BracketError, parse_brackets
from xprojdb.text.languages import UnknownLanguage
from xprojdb.text.languages import language as find_language
from xprojdb.text.spans import Encoding, Span, TagError, is_tag, spans_from_tags

Column = int | str
_TEXTS = frozenset({"text", "sentence", "sentences", "source", "target", "original", "translation"})
_OTHERS = frozenset({"id", "split", "tokens", "words", "tags", "ner_tags", "labels", "note", "notes"})
_SAMPLE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """Options for tables. A column is named by its header, or by its number, counted from 0.

    :param text: the column of the sentences; by default the one named after the language, or ``text``, or the only one.
    :param beside: columns of other languages: rows that are blank in one of them are left out, too.
    :param tags: a column with the tags of the words, separated by spaces; then so are the words of the text.
    :param brackets: the column of sentences with entities in brackets, such as ``[Goma]LOC``; by default the one named
        ``labelled``, if no column of sentences or tags is asked for.
    :param id: the column of the ids; by default the one named ``id``.
    :param split_column: the column of the splits; by default the one named ``split``.
    :param header: whether the first row has names; None: detect.
    :param sheet: sheet of a spreadsheet, by name or number from 0; by default the first.
    :param delimiter: cell delimiter of CSV; by default the one that splits the first rows most evenly.
    :param pretokenized: whether words are already separated by spaces.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    """

    text: Column | None = None
    beside: tuple[Column, ...] = ()
    tags: Column | None = None
    brackets: Column | None = None
    id: Column | None = None
    split_column: Column | None = None
    header: bool | None = None
    sheet: Column | None = None
    delimiter: str | None = None
    pretokenized: bool = False
    encoding: Encoding = "auto"


def read_table(
    path: Path, language: str, options: TableOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the sentences of a table; rows with a blank cell are left out and counted.

    CSV, plain or gzip, is read in constant memory; a spreadsheet is held in memory completely.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when the file cannot be read, has no such column, or a column of labels that is not read.
    """
    chosen, counted = options or TableOptions(), notes if notes is not None else Notes()
    rows = table_rows(path, chosen.sheet, chosen.delimiter)
    head = list(islice(rows, _SAMPLE))
    table = _Table(path, language, chosen, counted, head)
    has_sentence = False
    for row in chain(table.body, rows):
        record = table.record(row)
        if record is not None:
            has_sentence = True
            yield record
    if not has_sentence:
        raise ReadError.at(path, "empty", "there is no sentence in this file", hint="check that it is the right file")


class _Table:
    """Which columns of a table have what."""

    def __init__(self, file: Path, language: str, options: TableOptions, notes: Notes, head: Sequence[Row]) -> None:
        self.file = file
        self.language = language
        self.options = options
        self.notes = notes
        visible = [row for row in head if any(cell.strip() for cell in row.cells)]
        if not visible:
            raise ReadError.at(file, "empty", "there is no row in this table", hint="check that it is the right file")
        self.first = visible[0]
        self.names = self._header()
        self.body = [row for row in head if self.names is None or row is not self.first]
        self.width = len(self.first.cells)
        if self.names is not None:
            notes.add("header", "lines with names of columns left out", self.first.line)
        self.brackets = self._brackets()
        self.text = self._text() if self.brackets is None else self.brackets
        self.beside = [self._number(column) for column in options.beside]
        self.tags = None if options.tags is None else self._number(options.tags)
        self.id = self._number(options.id) if options.id is not None else self._named("id")
        self.split = self._number(options.split_column) if options.split_column is not None else self._named("split")
        self._refuse_labels()

    def _header(self) -> list[str] | None:
        """The names in the first row, if it has any."""
        cells = [cell.strip() for cell in self.first.cells]
        columns = [
            self.options.text,
            *self.options.beside,
            self.options.tags,
            self.options.id,
            self.options.split_column,
        ]
        by_name = any(isinstance(column, str) for column in columns)
        has_known_name = any(cell.casefold() in _TEXTS | _OTHERS or _code(cell) is not None for cell in cells)
        header = (by_name or has_known_name) if self.options.header is None else self.options.header
        return cells if header else None

    def _brackets(self) -> int | None:
        chosen = self.options
        if chosen.brackets is not None:
            return self._number(chosen.brackets)
        return self._named("labelled") if chosen.text is None and chosen.tags is None and not chosen.beside else None

    def _text(self) -> int:
        if self.options.text is not None:
            return self._number(self.options.text)
        names = self.names or []
        columns = [at for at, name in enumerate(names) if _code(name) == self.language]
        columns = columns or [
            at for at, name in enumerate(names) if name.casefold() in ("text", "sentence", "sentences")
        ]
        if len(columns) == 1:
            return columns[0]
        if self.width == 1:
            return 0
        hint = "name it with --text COLUMN, by its header or its number from 0"
        raise self._error("columns", f"which column has the sentences? {self._column_list()}", hint)

    def _number(self, column: Column) -> int:
        if isinstance(column, str):
            names = self.names or []
            columns = [at for at, name in enumerate(names) if name == column]
            columns = columns or [at for at, name in enumerate(names) if name.casefold() == column.casefold()]
            columns = columns or [at for at, name in enumerate(names) if _code(name) == column]
            if len(columns) == 1:
                return columns[0]
            what = f"{len(columns)} columns are called {column!r}" if columns else f"there is no column {column!r}"
            raise self._error("columns", f"{what}; {self._column_list()}", "columns are numbered from 0")
        if not -self.width <= column < self.width:
            raise self._error(
                "columns", f"there is no column {column}; {self._column_list()}", "columns are numbered from 0"
            )
        return column % self.width

    def _named(self, name: str) -> int | None:
        columns = [at for at, column_name in enumerate(self.names or []) if column_name.casefold() == name]
        return columns[0] if columns else None

    def _column_list(self) -> str:
        names = self.names or [f"{cell[:20]!r}" for cell in self.first.cells]
        return "the columns are " + ", ".join(f"{at} ({name})" for at, name in enumerate(names))

    def _refuse_labels(self) -> None:
        """Refuse a column of tags that is not read, since labels would be lost silently."""
        columns_read = {self.text, *self.beside, self.tags, self.id, self.split}
        for at in set(range(self.width)) - columns_read:
            row = next((row for row in self.body if at < len(row.cells) and _has_tags(row.cells[at])), None)
            if row is not None:
                name = self.names[at] if self.names else at
                hint = f"read it with --tags {name}, or delete the column"
                message = f"the column {name!r} looks like labels, but is not read"
                raise ReadError.at(self.file, "labels", message, line=row.line, hint=hint, field=name)

    def record(self, row: Row) -> Record | None:
        """The sentence of a row; None if a cell is blank."""
        cells = row.cells
        if len(cells) > self.width and any(cell.strip() for cell in cells[self.width :]):
            message = f"{len(cells)} cells, but the first row has {self.width}"
            raise self._error("columns", message, "put cells that contain the delimiter in quotes", row)
        needed = (self.text, *self.beside)
        if any(at >= len(cells) or not cells[at].strip() for at in needed):
            blank = not any(cell.strip() for cell in cells)
            code, what = ("blank-row", "blank rows") if blank else ("blank-cell", "rows with a blank cell")
            self.notes.add(code, f"{what} left out", row.line)
            return None
        try:
            return self._record(row)
        except (RecordError, TagError, BracketError) as error:
            reason = getattr(error, "reason", "tag") if isinstance(error, RecordError) else "tag"
            raise self._error(reason, error.message, error.hint, row) from error

    def _record(self, row: Row) -> Record | None:
        cell = row.cells[self.text]
        name, split = self._cell(row, self.id), self._cell(row, self.split)
        if self.brackets is not None:
            written, entities = parse_brackets(cell)
            self._check_labels(row, entities)
            return Record(check_words(written), tuple(entities), None, None, name, split, row.line)
        if self.tags is not None or self.options.pretokenized:
            words = check_words(_listed(cell))
            return Record(words, self._spans(row, len(words)), None, None, name, split, row.line)
        return plain_record(cell, self.language, name, split, row.line)

    def _spans(self, row: Row, n_words: int) -> tuple[Span, ...] | None:
        if self.tags is None:
            return None
        tags = _listed(row.cells[self.tags]) if self.tags < len(row.cells) else []
        if len(tags) != n_words:
            message = f"{len(tags)} tags for {n_words} words"
            raise self._error("length", message, "separate words and tags with spaces", row)
        spans = spans_from_tags(tags, self.options.encoding)
        self._check_labels(row, spans)
        return spans

    def _check_labels(self, row: Row, spans: Sequence[Span]) -> None:
        for span in spans:
            if fault := label_fault(span.label):
                raise self._error("label", f"the label {span.label!r} {fault}", "labels are single words", row)

    def _cell(self, row: Row, column: int | None) -> str | None:
        if column is None or column >= len(row.cells):
            return None
        return check_text(row.cells[column]) or None

    def _error(self, reason: str, message: str, hint: str | None = None, row: Row | None = None) -> ReadError:
        return ReadError.at(self.file, reason, message, line=(row or self.first).line, hint=hint)


def _code(name: str) -> str | None:
    """The language that a header names, if any."""
    try:
        return find_language(name).code if 2 <= len(name) <= 40 else None
    except UnknownLanguage:
        return None


def _listed(cell: str) -> list[str]:
    """The words of a cell: separated by spaces, or a list in Python syntax."""
    stripped = cell.strip()
    if stripped.startswith("[") and stripped.endswith("]"):
        try:
            value = ast.literal_eval(stripped)
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            value = None
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
    return stripped.split()


def _has_tags(cell: str) -> bool:
    tags = _listed(cell)
    return bool(tags) and all(is_tag(tag) for tag in tags) and any(tag != "O" for tag in tags)


def _sniff(head: Head) -> bool:
    return head.data[:4] in SPREADSHEETS


READER = Reader(
    name="table",
    title="CSV, TSV, XLSX or ODS with one sentence per row",
    command="import table",
    options=TableOptions,
    sniff=_sniff,
    stream=read_table,
    suffixes=(".csv", ".tsv", ".xlsx", ".ods", ".xls"),
    rank=90,
)

"""The layout of a column file, detected from its first sentences: header, columns of words, tags and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from xprojdb.readers.records import ReadError
from xprojdb.text.spans import is_tag

DOCSTART = "-DOCSTART-"
_COUNT = re.compile(r"\d{1,6}", re.ASCII)
_RANGE = re.compile(r"\d{1,6}[-.]\d{1,6}", re.ASCII)
_COMMENT = re.compile(r"#(?:[ \t]|(?:sent_)?id\s*=)")
_WORD_NAMES = frozenset({"token", "tokens", "word", "words", "form"})
_TAG_NAMES = re.compile(r"(?:ne|ner|named.?entit(?:y|ies)|iob2?|bio|label|tag)(?:[-_ ].*|s)?", re.IGNORECASE)
_CHUNKS = frozenset(("NP", "VP", "PP", "ADJP", "ADVP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"))
# A share rather than all, so that a malformed tag does not hide the column of tags.
_ENOUGH = 0.75

Column = int | str


class Row(NamedTuple):
    """A line with its number and its columns."""

    line: int
    text: str
    fields: list[str]


@dataclass(frozen=True, slots=True)
class ColumnOptions:
    """What the caller specifies about the columns; None is to be detected.

    :param tags: the column of the tags, by number from 0 or from the end, or by its name in the header.
    :param words: the column of the words, likewise.
    :param separator: column separator; None: a tab if the line has one, otherwise white space.
    :param labelled: whether there is a column of tags.
    """

    tags: Column | None = None
    words: Column | None = None
    separator: str | None = None
    labelled: bool = True


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a file.

    :param width: the number of columns.
    :param words: the column of the words, from 0.
    :param tags: the column of the tags; None reads only words.
    :param counts: a column that numbers the words of a sentence, if there is one.
    :param indented: whether every line starts with white space, which is not a column.
    :param header: the line with the column names, if there is one.
    """

    width: int
    delimiter: str
    words: int
    tags: int | None
    counts: int | None
    indented: bool
    header: int | None
    separator: str | None

    def fields(self, row: str) -> list[str]:
        """The columns of a line; none for a blank line."""
        return _split(row.lstrip(" \t") if self.indented else row, self.separator)

    def is_comment(self, row: str, fields: Sequence[str]) -> bool:
        """Whether a line is a comment and not the word ``#``, which has a tag and as many columns as other words."""
        if _COMMENT.match(row) is None:
            return False
        if self.counts is not None or len(fields) != self.width or self.width < 2:
            return True
        return not is_tag(fields[-1 if self.tags is None else self.tags])

    def is_extra(self, fields: Sequence[str]) -> bool:
        """Whether a line is a range of words (``2-3``) or an empty node (``8.1``) of CoNLL-U rather than a word."""
        return self.counts is not None and len(fields) > self.counts and bool(_RANGE.fullmatch(fields[self.counts]))


def learn_layout(file: Path, sentences: Sequence[Sequence[tuple[int, str]]], options: ColumnOptions) -> Layout | None:
    """Detect the layout.

    :param sentences: the numbered lines of the first sentences.
    :returns: None if there is no line with a word.
    :raises ReadError: when there is no such column, no tag, or several columns of tags and none was chosen.
    """
    lines = [line for sentence in sentences for line in sentence if line[1].strip()]
    indented = _is_indented(lines, options)
    rows = [list(_token_rows(sentence, options.separator, indented)) for sentence in sentences]
    every = [row for sentence in rows for row in sentence]
    if not every:
        return None
    header = _header(every)
    body = [[row for row in sentence if row is not header] for sentence in rows]
    every = [row for row in every if row is not header]
    if not every:
        return None
    _refuse_spaced_label(file, every, options)
    width = len(every[0].fields)
    regular = [[row for row in sentence if len(row.fields) == width] for sentence in body]
    names = header.fields if header is not None else None
    finder = _Columns(file, every[0], width, names, [sentence for sentence in regular if sentence])
    words, tags, counts = finder.find(options)
    delimiter = options.separator or ("\t" if "\t" in every[0].text.strip() else " ")
    line = header.line if header is not None else None
    return Layout(width, delimiter, words, tags, counts, indented, line, options.separator)


def _split(row: str, separator: str | None) -> list[str]:
    stripped = row.rstrip(" \t")
    if not stripped or stripped.isspace():
        return []
    if separator is None and "\t" not in stripped:
        return [part for part in stripped.split(" ") if part]
    return [part.strip(" ") for part in stripped.split(separator or "\t")]


def _is_indented(lines: Sequence[tuple[int, str]], options: ColumnOptions) -> bool:
    """Whether every line starts with white space and has enough columns after it."""
    least = 2 if options.labelled else 1
    rows = [text for _, text in lines if not text.startswith("#") and DOCSTART not in text]
    if not rows or not all(row[0] in " \t" for row in rows):
        return False
    return all(len(_split(row.lstrip(" \t"), options.separator)) >= least for row in rows)


def _token_rows(sentence: Sequence[tuple[int, str]], separator: str | None, indented: bool) -> Iterator[Row]:
    """The lines of a sentence that are neither comments nor document markers, as far as is known already."""
    for line, text in sentence:
        fields = _split(text.lstrip(" \t") if indented else text, separator)
        remark = _COMMENT.match(text) and not (len(fields) > 1 and is_tag(fields[-1]))
        wordless = not indented and text.startswith(" ")
        if fields and DOCSTART not in fields and not remark and fields[0] and not wordless:
            yield Row(line, text, fields)


def _header(rows: Sequence[Row]) -> Row | None:
    first = rows[0]
    if len(first.fields) < 2 or is_tag(first.fields[-1]):
        return None
    named_words = any(name.casefold() in _WORD_NAMES for name in first.fields[:2])
    named_tags = any(_TAG_NAMES.fullmatch(name) for name in first.fields[1:])
    return first if (named_words and named_tags) or first.fields[0] == "TOKEN" else None


def _refuse_spaced_label(file: Path, rows: Sequence[Row], options: ColumnOptions) -> None:
    """Refuse a label with a space, which makes a line of space-separated columns longer than others."""
    if not options.labelled:
        return
    least = min(len(row.fields) for row in rows)
    for row in rows:
        if is_spaced_label(row.text, row.fields, least):
            raise spaced_label(file, row.line, row.text, row.fields[least - 1 :])


def is_spaced_label(text: str, fields: Sequence[str], width: int) -> bool:
    """Whether a line has more columns than others because its label, in the last column, contains a space."""
    if "\t" in text or len(fields) <= width or width < 2:
        return False
    last = fields[width - 1]
    return last != "O" and is_tag(last) and not is_tag(fields[-1])


def spaced_label(file: Path, line: int, text: str, parts: Sequence[str]) -> ReadError:
    """The error for such a line."""
    label = " ".join(parts)[2:]
    column = text.rfind(" ".join(parts)) + 1
    hint = "labels are single words: use an underscore (First_Name), or separate the columns with tabs"
    message = f"the label {label!r} contains a space"
    return ReadError.at(file, "label", message, line=line, column=column or None, hint=hint, label=label)


@dataclass(frozen=True, slots=True)
class _Columns:
    """Detects the columns of words, tags and numbers."""

    file: Path
    first: Row
    width: int
    names: Sequence[str] | None
    sentences: Sequence[Sequence[Row]]

    def find(self, options: ColumnOptions) -> tuple[int, int | None, int | None]:
        if options.labelled and self.width == 1:
            hint = "use xprojdb import conll --unlabelled for words without tags, or xprojdb import text for sentences"
            raise self._error("there is only one column, without tags", hint)
        tags = self._number(options.tags) if options.tags is not None and options.labelled else None
        words = self._number(options.words) if options.words is not None else None
        counts = next((column for column in range(self.width) if column != words and self._counts(column)), None)
        if words is None:
            words = 1 if counts == 0 and self.width > 1 + options.labelled else 0
        if options.labelled and tags is None:
            tags = self._tags(words, counts)
        return words, tags, None if counts == tags else counts

    def _number(self, column: Column) -> int:
        if isinstance(column, str):
            if self.names is None or column not in self.names:
                names_text = f"there are {', '.join(self.names)}" if self.names else "the file has no column names"
                raise self._error(f"there is no column {column!r}: {names_text}", "use column numbers, counted from 0")
            return list(self.names).index(column)
        if not -self.width <= column < self.width:
            raise self._error(f"there is no column {column}: the line has {columns(self.width)}")
        return column % self.width

    def _counts(self, column: int) -> bool:
        """Whether a column numbers the words of nearly all sentences."""
        good = sum(_is_numbered([row.fields[column] for row in sentence]) for sentence in self.sentences)
        longer = any(len(sentence) > 1 for sentence in self.sentences) or self.width > 2
        return bool(self.sentences) and longer and good >= _ENOUGH * len(self.sentences)

    def _tags(self, words: int, counts: int | None) -> int:
        rows = [row.fields for sentence in self.sentences for row in sentence]
        if counts is not None:
            rows = [fields for fields in rows if not _RANGE.fullmatch(fields[counts])]
        tag_columns = [
            column
            for column in range(self.width)
            if column not in (words, counts) and _are_tags([fields[column] for fields in rows])
        ]
        if len(tag_columns) > 1:
            raise self._several(tag_columns)
        return tag_columns[0] if tag_columns else self.width - 1

    def _several(self, tag_columns: Sequence[int]) -> ReadError:
        listing = " and ".join(
            f"{column} ({self.names[column]})" if self.names else str(column) for column in tag_columns
        )
        hint = f"name the one to read, such as --column {tag_columns[0]}; columns are counted from 0"
        message = f"columns {listing} are {'both' if len(tag_columns) == 2 else 'all'} tags"
        return self._error(message, hint, "tag-columns", columns=tuple(tag_columns))

    def _error(self, message: str, hint: str | None = None, reason: str = "columns", **fields: object) -> ReadError:
        end = len(self.first.text.rstrip()) + 1
        return ReadError.at(self.file, reason, message, line=self.first.line, column=end, hint=hint, **fields)


def _are_tags(column: Sequence[str]) -> bool:
    """Whether nearly all values are tags, and not chunk tags."""
    values = Counter(column)
    tags = {tag: count for tag, count in values.items() if is_tag(tag)}
    labels = {tag[2:] for tag in tags if tag != "O"}
    if labels and labels <= _CHUNKS:
        return False
    return sum(tags.values()) >= _ENOUGH * values.total() > 0


def _is_numbered(values: Sequence[str]) -> bool:
    numbers = [value for value in values if not _RANGE.fullmatch(value)]
    if not numbers or not all(_COUNT.fullmatch(value) for value in numbers):
        return False
    start = int(numbers[0])
    return start in (0, 1) and [int(value) for value in numbers] == list(range(start, start + len(numbers)))


def columns(count: int) -> str:
    """A number of columns in words."""
    return "one column" if count == 1 else f"{count} columns"


def has_tags(file: Path, sentences: Sequence[Sequence[tuple[int, str]]]) -> bool:
    """Whether lines look like words with tags in a column."""
    try:
        layout = learn_layout(file, sentences, ColumnOptions())
    except ReadError as error:
        return error.reason in ("tag-columns", "label")
    if layout is None or layout.tags is None:
        return False
    rows = [layout.fields(text) for sentence in sentences for line, text in sentence if line != layout.header]
    return _are_tags([fields[layout.tags] for fields in rows if len(fields) == layout.width])

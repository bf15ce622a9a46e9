"""CoNLL-style columns: CoNLL-2002 and -2003, MasakhaNER, WikiANN and whatever else is one word a line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from xprojdb.readers.files import read_blocks
from xprojdb.readers.records import ReadError, Record
from xprojdb.text.spans import Encoding, Span, TagError, is_tag, spans_from_tags

_DOCSTART = "-DOCSTART-"
_ID = re.compile(r"#\s+(?:sent_)?id(?:\s*=\s*|\s+)(\S+)")
_LANGUAGE_PREFIX = re.compile(r"([a-z]{2,3}(?:-[a-z]+)*:).")
_SAMPLE = 50


def read_conll(
    path: str | os.PathLike[str],
    *,
    column: int = -1,
    word_column: int = 0,
    separator: str | None = None,
    encoding: Encoding = "auto",
    strict: bool = False,
    labelled: bool = True,
    strip_language_prefix: bool | None = None,
) -> Iterator[Record]:
    """Stream the sentences of a column file, plain or gzip, in memory that does not grow with it.

    Sentences are parted by blank lines; ``-DOCSTART-`` lines part them too and are left out. A line that begins with
    ``# `` and does not end in a tag is a comment, and ``# id = x`` names the sentence below it.

    :param column: the column of the tags, counted from 0, or from the end when negative.
    :param word_column: the column of the words.
    :param separator: what parts the columns; None is a tab where a line has one and white space elsewhere.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    :param strict: refuse tag sequences that the encoding does not allow, instead of repairing them.
    :param labelled: False reads the words alone, and one column is enough.
    :param strip_language_prefix: WikiANN's ``en:Word``; None strips it where each word of the first sentences has it.
    :returns: the records in file order.
    :raises ReadError: when the file cannot be read, has no sentence, or a line of it breaks the format.
    """
    file = Path(path)
    sentences = iter(_Sentences(file, column if labelled else None, word_column, separator))
    head = list(islice(sentences, _SAMPLE))
    if not head:
        raise ReadError.at(file, "empty", "there is no sentence in this file", hint="check that it is the right file")
    prefix = None
    if strip_language_prefix is not False:
        prefix = _common_prefix(file, head, required=strip_language_prefix is True)
    for sentence in chain(head, sentences):
        yield _record(file, sentence, prefix, encoding, strict)


class _Sentence(NamedTuple):
    line: int
    words: Sequence[str]
    tags: Sequence[str] | None
    external_id: str | None
    lines: Sequence[int] | None  # the line of each word, where they do not simply follow each other


def _record(file: Path, sentence: _Sentence, prefix: str | None, encoding: Encoding, strict: bool) -> Record:
    words = sentence.words if prefix is None else _strip_prefix(file, sentence, prefix)
    # The first word nearly always settles this, without joining all of them.
    if words[0].isspace() and "".join(words).isspace():
        raise ReadError.at(file, "blank", "a sentence of white space only", line=sentence.line)
    entities = _entities(file, sentence, encoding, strict)
    return Record(tuple(words), entities, external_id=sentence.external_id, line=sentence.line)


def _entities(file: Path, sentence: _Sentence, encoding: Encoding, strict: bool) -> tuple[Span, ...] | None:
    if sentence.tags is None:
        return None
    try:
        return spans_from_tags(sentence.tags, encoding, strict)
    except TagError as error:
        line = _line_of(sentence, error.position)
        detail = {"tag": error.tag, "position": error.position, "tag_reason": error.reason}
        raise ReadError.at(file, "tag", error.message, line=line, hint=error.hint, **detail) from error


def _line_of(sentence: _Sentence, position: int) -> int:
    return sentence.lines[position] if sentence.lines is not None else sentence.line + position


def _strip_prefix(file: Path, sentence: _Sentence, prefix: str) -> list[str]:
    words = []
    for position, word in enumerate(sentence.words):
        if not word.startswith(prefix) or word == prefix:
            message = f"the word {word!r} has not the prefix {prefix!r} of the words before it"
            hint = "add the prefix to this word, or remove it from the others"
            line = _line_of(sentence, position)
            raise ReadError.at(file, "language-prefix", message, line=line, column=1, hint=hint)
        words.append(word[len(prefix) :])
    return words


def _common_prefix(file: Path, head: Sequence[_Sentence], *, required: bool) -> str | None:
    """The prefix that all words of the first sentences share; that of the first word when one must be there."""
    first = head[0].words[0]
    found = _LANGUAGE_PREFIX.match(first)
    if required and found is None:
        message = f"the word {first!r} has no language prefix"
        raise ReadError.at(file, "language-prefix", message, line=head[0].line, column=1)
    if found is None or required:
        return found and found[1]
    words = (word for sentence in head for word in sentence.words)
    return found[1] if all(word.startswith(found[1]) and word != found[1] for word in words) else None


@dataclass(slots=True)
class _Sentences:
    """The sentences of a file as columns: in one step where they are regular, line by line where they are not."""

    file: Path
    column: int | None
    word_column: int
    separator: str | None
    width: int | None = None
    delimiter: str = "\t"
    external_id: str | None = None

    def __iter__(self) -> Iterator[_Sentence]:
        for line, block in read_blocks(self.file, b"\n\n"):
            for text in block.split("\n\n"):
                rows = text.lstrip("\n")
                line += len(text) - len(rows)
                yield from self._regular(line, rows) or self._irregular(line, rows)
                line += rows.count("\n") + 2

    def _regular(self, line: int, text: str) -> tuple[_Sentence] | None:
        """Split a sentence in one step when each line has the same columns with one delimiter between them.

        Each newline becomes a field of its own, so that they all land on every (width + 1)-th place exactly when no
        line has a column more or fewer: this is three times as fast as going line by line.
        """
        width, delimiter = self.width, self.delimiter
        if not text or width is None or _DOCSTART in text or text.startswith("# ") or "\n# " in text:
            return None
        flat = text.replace("\n", f"{delimiter}\n{delimiter}")
        if delimiter * 2 in flat or flat.startswith(delimiter) or flat.endswith(delimiter):
            return None
        if (delimiter == "\t" and " " in text) or (delimiter == " " and "\t" in text):
            return None
        fields = flat.split(delimiter)
        newlines = text.count("\n")
        if len(fields) != newlines * (width + 1) + width or fields[width :: width + 1].count("\n") != newlines:
            return None
        tags = None if self.column is None else fields[self.column % width :: width + 1]
        return (_Sentence(line, fields[self.word_column % width :: width + 1], tags, None, None),)

    def _irregular(self, line: int, text: str) -> Iterator[_Sentence]:
        words: list[str] = []
        tags: list[str] = []
        lines: list[int] = []
        for number, row in enumerate(text.split("\n"), line):
            fields = self._fields(row)
            if not fields or fields[0] == _DOCSTART:
                yield from self._finish(words, tags, lines)
                words, tags, lines = [], [], []
            elif not self._is_comment(row, fields):
                self._check(number, row, fields)
                words.append(fields[self.word_column])
                tags.append(fields[self.column] if self.column is not None else "O")
                lines.append(number)
        yield from self._finish(words, tags, lines)

    def _finish(self, words: list[str], tags: list[str], lines: list[int]) -> Iterator[_Sentence]:
        if words:
            yield _Sentence(lines[0], words, None if self.column is None else tags, self.external_id, lines)
        self.external_id = None

    def _fields(self, row: str) -> list[str]:
        stripped = row.rstrip(" \t")
        if not stripped:
            return []
        if self.separator is None and "\t" not in stripped:
            return [part for part in stripped.split(" ") if part]
        return [part.strip(" ") for part in stripped.split(self.separator or "\t")]

    def _is_comment(self, row: str, fields: Sequence[str]) -> bool:
        """Recognise ``# text`` and take the sentence's id from it; the word ``#`` has a tag behind it."""
        if not row.startswith("# "):
            return False
        if (self.width is None or len(fields) == self.width) and len(fields) > 1 and self._ends_as_token(fields):
            return False
        found = _ID.match(row)
        if found:
            self.external_id = found[1]
        return True

    def _ends_as_token(self, fields: Sequence[str]) -> bool:
        column = -1 if self.column is None else self.column
        return -len(fields) <= column < len(fields) and is_tag(fields[column])

    def _check(self, line: int, row: str, fields: Sequence[str]) -> None:
        if self.width is None:
            self._learn(line, row, fields)
        if len(fields) != self.width:
            message = f"{_columns(len(fields))}, where the lines before have {self.width}"
            hint = "blank lines part sentences; words with spaces in them need tabs between the columns"
            raise ReadError.at(self.file, "columns", message, line=line, column=len(row.rstrip()) + 1, hint=hint)
        for column in (self.word_column, self.column or 0):
            if not fields[column]:
                at = len(self.delimiter.join(fields[: column % self.width])) + 1
                raise ReadError.at(self.file, "empty-field", "nothing in this column", line=line, column=at)

    def _learn(self, line: int, row: str, fields: Sequence[str]) -> None:
        width = len(fields)
        end = len(row.rstrip()) + 1
        if self.column is not None and width == 1:
            hint = "import the words without tags: --unlabelled"
            raise ReadError.at(self.file, "columns", "one column only, and no tag", line=line, column=end, hint=hint)
        for column in (self.word_column, self.column or 0):
            if not -width <= column < width:
                message = f"there is no column {column}: the line has {_columns(width)}"
                raise ReadError.at(self.file, "columns", message, line=line, column=end)
        self.width = width
        self.delimiter = self.separator or ("\t" if "\t" in row.strip() else " ")


def _columns(count: int) -> str:
    return "one column" if count == 1 else f"{count} columns"

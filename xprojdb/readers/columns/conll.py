"""CoNLL-style columns: CoNLL-2002 and -2003, MasakhaNER, WikiANN and other formats with one word per line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

from xprojdb.readers.columns import conll_layout
from xprojdb.readers.columns.conll_layout import DOCSTART, Column, ColumnOptions, Layout, learn_layout
from xprojdb.readers.files import read_blocks
from xprojdb.readers.label_names import label_fault, trim_tag
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Head, Reader, as_keywords
from xprojdb.readers.records import ReadError, Record
from xprojdb.text.spans import Encoding, Span, TagError, spans_from_tags

_ID = re.compile(r"#\s*(?:sent_)?id\s*=\s*([^\t]*[^\s])|#\s+(?:sent_)?id\s+(\S+)")
_LANGUAGE_PREFIX = re.compile(r"([a-z]{2,3}(?:-[a-z]+)*:).")
# White space in Python that does not delimit columns.
_RARE_SPACES = (
    "\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
_SAMPLE = 50
_SAMPLE_LINES = 4_000
#: sentences with more words than this are noted; those of published corpora are well below
LONG = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class ConllOptions:
    """The options of :func:`read_conll`."""

    column: Column | None = None
    word_column: Column | None = None
    separator: str | None = None
    encoding: Encoding = "auto"
    strict: bool = False
    labelled: bool = True
    strip_language_prefix: bool | None = None


def read_conll(
    path: str | os.PathLike[str],
    *,
    column: Column | None = None,
    word_column: Column | None = None,
    separator: str | None = None,
    encoding: Encoding = "auto",
    strict: bool = False,
    labelled: bool = True,
    strip_language_prefix: bool | None = None,
    notes: Notes | None = None,
) -> Iterator[Record]:
    """Stream the sentences of a column file, plain or gzip, in constant memory.

    Blank lines separate sentences, and so do ``-DOCSTART-`` lines, which are skipped, as is a first line with column
    names. A line that starts with ``#`` and white space and does not end in a tag is a comment; ``# id = x`` names the
    sentence below it. Lines without a word, which occur in published corpora, are skipped if they have no label; ranges
    and empty nodes of CoNLL-U do not count as words.

    :param column: the column of the tags, counted from 0, or from the end if negative, or its name in the first line;
        None detects it, and raises an error if there are several.
    :param word_column: the column of the words, likewise; None: the first that is not a word number.
    :param separator: column separator; None: a tab if the line has one, otherwise white space.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    :param strict: refuse tag sequences that violate the encoding instead of repairing them.
    :param labelled: False reads only the words, and one column is enough.
    :param strip_language_prefix: WikiANN's ``en:Word``; None: if each word of the first sentences has it.
    :param notes: counts what is left out or repaired.
    :returns: the records in file order.
    :raises ReadError: when the file cannot be read, has no sentence, or a line is malformed.
    """
    file = Path(path)
    reading = _Reading(file, encoding, strict, notes if notes is not None else Notes())
    sentences = iter(_Sentences(file, ColumnOptions(column, word_column, separator, labelled), reading.notes))
    head = list(islice(sentences, _SAMPLE))
    if not head:
        raise ReadError.at(file, "empty", "there is no sentence in this file", hint="check that it is the right file")
    if strip_language_prefix is not False:
        reading.prefix = _common_prefix(file, head, required=strip_language_prefix is True)
    for sentence in chain(head, sentences):
        yield reading.record(sentence)


class _Sentence(NamedTuple):
    line: int
    words: list[str]
    tags: Sequence[str] | None
    external_id: str | None
    lines: Sequence[int] | None  # the line of each word, where there may be more or fewer than words

    def line_of(self, position: int) -> int:
        return self.lines[position] if self.lines is not None else self.line + position

    def only(self, positions: Sequence[int], words: list[str]) -> _Sentence:
        """Some of its words, replaced by the given ones."""
        tags = None if self.tags is None else [self.tags[place] for place in positions]
        lines = [self.line_of(place) for place in positions]
        return _Sentence(self.line, words, tags, self.external_id, lines)


@dataclass(slots=True)
class _Reading:
    """Converts sentences to records."""

    file: Path
    encoding: Encoding
    strict: bool
    notes: Notes
    prefix: str | None = None

    def record(self, sentence: _Sentence) -> Record:
        if self.prefix is not None:
            sentence = sentence._replace(words=self._strip_prefix(sentence, self.prefix))
        # Regular lines have one word each, without white space around it; this one check settles nearly all others.
        suspect = self.prefix is not None or sentence.lines is not None
        if suspect and "\n".join(sentence.words).split() != sentence.words:
            sentence = self._tidy(sentence)
        if len(sentence.words) > LONG:
            self._note_length(sentence)
        words, entities = tuple(sentence.words), self._entities(sentence)
        return Record(words, entities, external_id=sentence.external_id, line=sentence.line)

    def _strip_prefix(self, sentence: _Sentence, prefix: str) -> list[str]:
        for position, word in enumerate(sentence.words):
            if word and not word.startswith(prefix):
                message = f"the word {word!r} lacks the prefix {prefix!r} of the words before it"
                hint = "add the prefix to this word, or remove it from the others"
                line = sentence.line_of(position)
                raise ReadError.at(self.file, "language-prefix", message, line=line, column=1, hint=hint)
        return [word[len(prefix) :] for word in sentence.words]

    def _tidy(self, sentence: _Sentence) -> _Sentence:
        """Drop lines without a word, and white space around words."""
        positions, words = [], []
        for position, word in enumerate(sentence.words):
            stripped = word.strip()
            if not stripped:
                self._check_wordless(sentence, position)
                continue
            if stripped != word:
                message = "words with white space around them, which was left out"
                self.notes.add("trimmed-word", message, sentence.line_of(position))
            positions.append(position)
            words.append(stripped)
        if not words:
            hint = "delete it, in every file that is parallel to this one"
            raise ReadError.at(self.file, "blank", "a sentence of white space only", line=sentence.line, hint=hint)
        for position in sorted(set(range(len(sentence.words))) - set(positions)):
            self.notes.add("wordless-line", "lines without a word left out", sentence.line_of(position))
        return sentence.only(positions, words)

    def _check_wordless(self, sentence: _Sentence, position: int) -> None:
        tag = "O" if sentence.tags is None else trim_tag(sentence.tags[position])
        if tag not in ("O", ""):
            message = f"the tag {tag!r} has no word"
            hint = "write the word that is missing, or delete the line"
            line = sentence.line_of(position)
            raise ReadError.at(self.file, "empty-field", message, line=line, column=1, hint=hint, tag=tag)

    def _note_length(self, sentence: _Sentence) -> None:
        message = f"sentences of more than {LONG} words, the first of {len(sentence.words)} (are blank lines missing?)"
        self.notes.add("long-sentence", message, sentence.line)

    def _entities(self, sentence: _Sentence) -> tuple[Span, ...] | None:
        tags = sentence.tags
        if tags is None:
            return None
        try:
            spans = spans_from_tags(tags, self.encoding, self.strict)
        except TagError as error:
            trimmed = self._trimmed(sentence)
            if trimmed is None:
                raise self._bad_tag(sentence, error) from error
            return self._entities(trimmed)
        for span in spans:
            fault = label_fault(span.label)
            if fault is not None:
                trimmed = self._trimmed(sentence)
                if trimmed is None:
                    raise self._bad_label(sentence, span, fault)
                return self._entities(trimmed)
        return spans

    def _trimmed(self, sentence: _Sentence) -> _Sentence | None:
        """The sentence without invisible characters around its tags; None if there are none."""
        tags = [trim_tag(tag) for tag in sentence.tags or ()]
        changed = [place for place, tag in enumerate(tags) if tag != (sentence.tags or ())[place]]
        if not changed:
            return None
        for place in changed:
            message = "tags with invisible characters around them, which were left out"
            self.notes.add("trimmed-tag", message, sentence.line_of(place))
        return sentence._replace(tags=tags)

    def _bad_tag(self, sentence: _Sentence, error: TagError) -> ReadError:
        line = sentence.line_of(error.position)
        detail = {"tag": error.tag, "position": error.position, "tag_reason": error.reason}
        return ReadError.at(self.file, "tag", error.message, line=line, hint=error.hint, **detail)

    def _bad_label(self, sentence: _Sentence, span: Span, fault: str) -> ReadError:
        message = f"the label {span.label!r} {fault}"
        hint = "correct the tag; a label is one word"
        line = sentence.line_of(span.start)
        return ReadError.at(self.file, "label", message, line=line, hint=hint, label=span.label)


def _common_prefix(file: Path, head: Sequence[_Sentence], *, required: bool) -> str | None:
    """The prefix that all words of the first sentences share; if one is required, that of the first word."""
    words = [word for sentence in head for word in sentence.words if word]
    first = next((word for word in words if _LANGUAGE_PREFIX.match(word)), words[0] if words else "")
    match = _LANGUAGE_PREFIX.match(first)
    if required and match is None:
        message = f"the word {first!r} has no language prefix"
        raise ReadError.at(file, "language-prefix", message, line=head[0].line, column=1)
    if match is None or required:
        return match and match[1]
    return match[1] if all(word.startswith(match[1]) for word in words) else None


@dataclass(slots=True)
class _Sentences:
    """The sentences of a file as columns: in one step if they are regular, otherwise line by line."""

    file: Path
    columns: ColumnOptions
    notes: Notes
    layout: Layout | None = None
    external_id: str | None = None
    rare_spaces: bool = False

    def __iter__(self) -> Iterator[_Sentence]:
        for line, block in read_blocks(self.file, b"\n\n"):
            self.layout = self.layout or learn_layout(self.file, list(_first_sentences(line, block)), self.columns)
            if self.layout is None:
                continue
            self.rare_spaces = not block.isascii() and any(space in block for space in _RARE_SPACES)
            for text in block.split("\n\n"):
                rows = text.lstrip("\n")
                line += len(text) - len(rows)
                yield from self._regular(line, rows, self.layout) or self._irregular(line, rows, self.layout)
                line += rows.count("\n") + 2

    def _regular(self, line: int, text: str, layout: Layout) -> tuple[_Sentence] | None:
        """Split a sentence in one step if every line has the same columns with one delimiter between them.

        Each newline becomes a field of its own, so that newlines are at every (width + 1)-th position exactly if all
        lines have the same number of columns; this is three times as fast as going line by line.
        """
        width, delimiter = layout.width, layout.delimiter
        if DOCSTART in text or line <= (layout.header or 0):
            return None
        name, comments, text = _leading_comments(text, layout)
        line += comments
        if not text or text[0] == "#" or "\n#" in text:
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
        if layout.counts is not None and not "".join(fields[layout.counts :: width + 1]).isdigit():
            return None
        tags = None if layout.tags is None else fields[layout.tags :: width + 1]
        lines = range(line, line + newlines + 1) if self.rare_spaces else None
        return (_Sentence(line, fields[layout.words :: width + 1], tags, name, lines),)

    def _irregular(self, line: int, text: str, layout: Layout) -> Iterator[_Sentence]:
        words: list[str] = []
        tags: list[str] = []
        lines: list[int] = []
        for number, row in enumerate(text.split("\n"), line):
            fields = layout.fields(row)
            if not fields or DOCSTART in fields:
                yield from self._finish(words, tags, lines)
                words, tags, lines = [], [], []
            elif self._is_word(number, row, fields, layout):
                fields = self._checked(number, row, fields, layout)
                words.append(fields[layout.words])
                tags.append(fields[layout.tags] if layout.tags is not None else "O")
                lines.append(number)
        yield from self._finish(words, tags, lines)

    def _finish(self, words: list[str], tags: list[str], lines: list[int]) -> Iterator[_Sentence]:
        if words:
            labelled = self.columns.labelled
            yield _Sentence(lines[0], words, tags if labelled else None, self.external_id, lines)
        self.external_id = None

    def _is_word(self, line: int, row: str, fields: Sequence[str], layout: Layout) -> bool:
        if line == layout.header:
            self.notes.add("header", "lines with names of columns left out", line)
            return False
        if layout.is_extra(fields):
            self.notes.add("multiword-line", "lines of ranges and empty nodes, which are no words", line)
            return False
        if not layout.is_comment(row, fields):
            return True
        match = _ID.match(row)
        if match:
            self.external_id = match[1] or match[2]
        return False

    def _checked(self, line: int, row: str, fields: list[str], layout: Layout) -> list[str]:
        """The columns of a line, which must be as many as in other lines."""
        if len(fields) == layout.width - 1 and row[0] == " " and "\t" not in row:
            # The word is empty, and the line starts with the separator.
            return [*fields[: layout.words], "", *fields[layout.words :]]
        if len(fields) != layout.width:
            if self.columns.labelled and conll_layout.is_spaced_label(row, fields, layout.width):
                raise conll_layout.spaced_label(self.file, line, row, fields[layout.width - 1 :])
            message = f"{conll_layout.columns(len(fields))}, but the lines before have {layout.width}"
            hint = "sentences are separated by blank lines; words with spaces need tabs between columns"
            raise ReadError.at(self.file, "columns", message, line=line, column=len(row.rstrip()) + 1, hint=hint)
        if layout.tags is not None and not fields[layout.tags]:
            at = len(layout.delimiter.join(fields[: layout.tags])) + 1
            raise ReadError.at(self.file, "empty-field", "this column is empty", line=line, column=at)
        return fields


def _leading_comments(text: str, layout: Layout) -> tuple[str | None, int, str]:
    """The id that the comments above a sentence give it, their number, and the lines below them."""
    name, count = None, 0
    while text.startswith("#"):
        row, _, rest = text.partition("\n")
        fields = layout.fields(row)
        if layout.is_extra(fields) or not layout.is_comment(row, fields):
            break
        if match := _ID.match(row):
            name = match[1] or match[2]
        text, count = rest, count + 1
    return name, count, text


def _first_sentences(line: int, block: str) -> Iterator[list[tuple[int, str]]]:
    """The numbered lines of the first sentences of a block."""
    left, end = _SAMPLE_LINES, _SAMPLE_LINES * 200
    for text in block[: block.rfind("\n", 0, end) + 1 if len(block) > end else None].split("\n\n"):
        rows = text.split("\n")
        yield list(enumerate(rows[:left], line))
        left -= len(rows)
        line += len(rows) + 1
        if left <= 0:
            return


def _sniff(head: Head) -> bool:
    if b"\0" in head.data:
        return False
    return conll_layout.has_tags(head.path, list(_first_sentences(1, head.text.replace("\r\n", "\n"))))


READER = Reader(
    name="conll",
    title="one word per line, with tags in a column",
    command="import conll",
    options=ConllOptions,
    sniff=_sniff,
    stream=lambda path, _, options, notes: read_conll(path, **as_keywords(options), notes=notes),
    suffixes=(".conll", ".conll02", ".conll03", ".bio", ".iob", ".iob2", ".bioes", ".bmes"),
    rank=100,
)

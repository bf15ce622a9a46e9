"""CoNLL-U with named entities in its last column: ``NE=B-LOC``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xprojdb.readers.files import read_lines
from xprojdb.readers.label_names import label_fault, trim_tag
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record, RecordError, check_text, check_words, locate_words
from xprojdb.text.spans import Encoding, Span, TagError, spans_from_tags

_WORD = re.compile(r"[1-9]\d{0,5}", re.ASCII)
_EXTRA = re.compile(r"\d{1,6}[-.]\d{1,6}", re.ASCII)
_REMARK = re.compile(r"#\s*(sent_id|text|split)\s*=\s*(.*)")
_COLUMNS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ConlluOptions:
    """Options for CoNLL-U.

    :param key: the name of the tags in the last column, such as ``NE``.
    :param encoding: of the tags: see :func:`xprojdb.text.spans.spans_from_tags`.
    :param strict: refuse tag sequences that violate the encoding instead of repairing them.
    :param labelled: False reads only the words.
    """

    key: str = "NE"
    encoding: Encoding = "auto"
    strict: bool = False
    labelled: bool = True


def read_conllu(
    path: Path, language: str, options: ConlluOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the sentences of a CoNLL-U file; ranges and empty nodes do not count as words, and are noted.

    :param language: unused, since words are already separate.
    :raises ReadError: when the file cannot be read, a line is malformed, or no word of the file has a tag.
    """
    del language
    chosen, counted = options or ConlluOptions(), notes if notes is not None else Notes()
    reader = _Reader(path, chosen, counted)
    sentences = 0
    for line, row in read_lines(path):
        if row.startswith("#"):
            reader.remark(row)
        elif row.strip():
            reader.word(line, row)
        elif reader.words:
            sentences += 1
            yield reader.sentence()
    if reader.words:
        sentences += 1
        yield reader.sentence()
    if not sentences:
        raise ReadError.at(path, "empty", "there is no sentence in this file", hint="check that it is the right file")
    if chosen.labelled and not reader.tagged:
        hint = "name the key of the tags with --key, or use xprojdb import conll --word-column 1 --unlabelled"
        raise ReadError.at(path, "no-tags", f"no word has {chosen.key}= in its last column", hint=hint, key=chosen.key)


@dataclass(slots=True)
class _Reader:
    file: Path
    options: ConlluOptions
    notes: Notes
    line: int = 0
    tagged: bool = False
    remarks: dict[str, str] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)

    def remark(self, row: str) -> None:
        match = _REMARK.fullmatch(row)
        if match and match[2].strip():
            self.remarks[match[1]] = match[2].strip()

    def word(self, line: int, row: str) -> None:
        fields = row.split("\t")
        if len(fields) != _COLUMNS:
            message = f"{len(fields)} columns, but CoNLL-U has {_COLUMNS}, separated by tabs"
            raise self._error(line, "columns", message, "for files with other columns, use xprojdb import conll")
        if _EXTRA.fullmatch(fields[0]):
            self.notes.add("multiword-line", "lines of ranges and empty nodes, which are no words", line)
            return
        if not _WORD.fullmatch(fields[0]):
            raise self._error(line, "conllu", f"{fields[0][:20]!r} is not a word number")
        self.words.append(fields[1])
        self.tags.append(self._tag(fields[9]))
        self.lines.append(line)

    def _tag(self, misc: str) -> str:
        for pair in misc.split("|"):
            key, equals, value = pair.partition("=")
            if equals and key.strip() == self.options.key:
                self.tagged = True
                return trim_tag(value)
        return "O"

    def sentence(self) -> Record:
        """The sentence read so far, after which another one starts."""
        try:
            words = check_words(self.words)
            text = check_text(self.remarks["text"]) if "text" in self.remarks else None
        except RecordError as error:
            raise self._error(self.lines[error.word or 0], error.reason, error.message) from error
        offsets = locate_words(words, text) if text is not None else None
        record = Record(
            words,
            self._spans() if self.options.labelled else None,
            text,
            offsets,
            self.remarks.get("sent_id"),
            self.remarks.get("split"),
            self.lines[0],
        )
        self.words, self.tags, self.lines, self.remarks = [], [], [], {}
        return record

    def _spans(self) -> tuple[Span, ...]:
        try:
            spans = spans_from_tags(self.tags, self.options.encoding, self.options.strict)
        except TagError as error:
            raise self._error(self.lines[error.position], "tag", error.message, error.hint) from error
        for span in spans:
            if fault := label_fault(span.label):
                raise self._error(self.lines[span.start], "label", f"the label {span.label!r} {fault}")
        return spans

    def _error(self, line: int, reason: str, message: str, hint: str | None = None) -> ReadError:
        return ReadError.at(self.file, reason, message, line=line, hint=hint)


def _sniff(head: Head) -> bool:
    rows = [line.split("\t") for line in head.lines if not line.startswith("#")]
    if not rows or not all(len(row) == _COLUMNS and row[0][:1].isdecimal() for row in rows):
        return False
    return head.path.suffix == ".conllu" or any("NE=" in row[9] for row in rows)


READER = Reader(
    name="conllu",
    title="CoNLL-U with NE= in its last column",
    command="import spans",
    options=ConlluOptions,
    sniff=_sniff,
    stream=read_conllu,
    suffixes=(".conllu",),
    rank=80,
)

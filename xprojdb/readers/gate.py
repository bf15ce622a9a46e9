"""Refuse while reading what no export could write, whatever the format and the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from xprojdb.errors import UsageError
from xprojdb.file_names import SPLIT_HINT, is_split
from xprojdb.readers.columns.conll_layout import DOCSTART
from xprojdb.readers.label_names import label_fault
from xprojdb.readers.notes import Notes
from xprojdb.readers.records import LONGEST_ID, ReadError, Record

#: for names of corpora or parts, from which ids are composed
LONGEST_NAME = 200
_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def checked(records: Iterator[Record], file: Path, notes: Notes) -> Iterator[Record]:
    """Pass records on, refusing those that could be stored but not exported.

    Sentences that consist of a document marker are left out and counted.

    :raises ReadError: for a word that is white space or contains a line end, a malformed label, an id that is too long,
        or the name of a split that the ``datasets`` library does not accept.
    """
    splits: set[str | None] = {None}
    for record in records:
        if record.words[0] == DOCSTART:
            if len(record.words) == 1:
                notes.add("document-mark", f"sentences that are {DOCSTART} left out", record.line)
                continue
            raise _error(file, record, "word", f"the first word is {DOCSTART}, which separates documents")
        if "\n".join(record.words).split() != list(record.words):
            record = _trimmed(file, record, notes)
        for span in record.entities or ():
            if fault := label_fault(span.label):
                message = f"the label {span.label!r} of word {span.start} {fault}"
                raise _error(
                    file, record, "label", message, "correct it in the file; labels are single words", label=span.label
                )
        if record.external_id is not None and len(record.external_id) > LONGEST_ID // 4:
            _check_id(file, record, record.external_id)
        if record.split not in splits:
            _check_split(file, record, record.split or "")
            splits.add(record.split)
        yield record


def _trimmed(file: Path, record: Record, notes: Notes) -> Record:
    """A sentence without white space around its words, which no tool would show."""
    for position, word in enumerate(record.words):
        if not word.strip():
            raise _error(file, record, "white-space", f"word {position}, {word!r}, is white space")
        if _LINE_ENDS.search(word.strip()):
            raise _error(file, record, "white-space", f"word {position}, {word!r}, contains a line end")
    words = tuple(word.strip() for word in record.words)
    if words == record.words:
        return record
    notes.add("trimmed-word", "words with white space around them, which was left out", record.line)
    offsets = record.offsets
    if offsets is not None:
        leads = (len(word) - len(word.lstrip()) for word in record.words)
        offsets = tuple(offset + lead for offset, lead in zip(offsets, leads, strict=True))
    return replace(record, words=words, offsets=offsets)


def _check_id(file: Path, record: Record, name: str) -> None:
    size = len(name.encode("utf-8", "replace"))
    if size > LONGEST_ID:
        message = f"the id {name[:20]!r}… has {size} bytes; the maximum is {LONGEST_ID}"
        raise _error(file, record, "long-id", message, "shorten it in the file", size=size, longest=LONGEST_ID)


def _check_split(file: Path, record: Record, split: str) -> None:
    if not is_split(split):
        raise _error(file, record, "split", f"{split!r} cannot name a split", SPLIT_HINT, split=split)


def _error(file: Path, record: Record, reason: str, message: str, hint: str | None = None, **fields: Any) -> ReadError:
    return ReadError.at(file, reason, message, line=record.line, hint=hint, **fields)


def check_names(split: str | None, **names: str | None) -> None:
    """Check names that are given for a file.

    :param names: names that become part of ids, such as ``part="dev"``.
    :raises UsageError: when the split cannot be exported, or a name is too long.
    """
    if split is not None and not is_split(split):
        raise UsageError(f"{split!r} cannot name a split", hint=SPLIT_HINT, split=split)
    for what, name in names.items():
        size = len((name or "").encode("utf-8", "replace"))
        if size > LONGEST_NAME:
            message = f"the {what} {(name or '')[:20]!r}… has {size} bytes; at most {LONGEST_NAME} can be stored"
            raise UsageError(message, hint=f"use a shorter --{what}", size=size, longest=LONGEST_NAME)

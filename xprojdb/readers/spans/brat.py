"""brat's standoff files: a text and an ``.ann`` file with offsets into it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xprojdb.readers.files import open_bytes
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.spans.brat_words import exported_words
from xprojdb.readers.spans.char_spans import CharSpan, Labelled, SpanFitter, SpanOptions

_ENTITY = re.compile(r"(T\S*)\t(\S+) (\d{1,9}) (\d{1,9})(?:\t(.*))?", re.ASCII)
_PARTED = re.compile(r"T\S*\t\S+ \d+ \d+(?:;\d+ \d+)+", re.ASCII)
_OTHER = re.compile(r"[RE*AMN#]")
#: the remarks of our exports, which say who made a label
_ORIGIN = re.compile(r"#\d+\tAnnotatorNotes T\d+\t(?:projected|voted|gold|reviewed)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BratOptions(SpanOptions):
    """Options for brat files: by default each line of the text is a sentence."""

    split_lines: bool = True


def read_brat(
    path: Path, language: str, options: BratOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Read a brat document, given its ``.ann`` or its ``.txt`` file; the other one must be in the same folder.

    Sentences are named after the document and the line, unless a file ``.words.jsonl`` of our own export beside it says
    their ids and where their words are. Relations, events, attributes and notes are left out and
    counted.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when a file is missing, a line is malformed, or a label does not fit the text.
    """
    chosen, counted = options or BratOptions(), notes if notes is not None else Notes()
    text_file, ann_file = path.with_suffix(".txt"), path.with_suffix(".ann")
    text = _text(text_file)
    spans = list(_spans(ann_file, text, counted))
    fitter = SpanFitter(ann_file, language, chosen, counted)
    exported = exported_words(path.with_suffix(".words.jsonl"), text) if chosen.split_lines else None
    words = None if exported is None else exported.places
    empty = True
    for number, record in enumerate(fitter.records(Labelled(1, text, spans, words, path.stem)), 1):
        empty = False
        record = record if not chosen.split_lines else _placed(record, number)
        yield record if exported is None else exported.named(record)
    if empty:
        raise ReadError.at(text_file, "empty", "there is no sentence in this file")


def _placed(record: Record, number: int) -> Record:
    """A record with the line that its id ends in, or else its position."""
    line = (record.external_id or "").rpartition(".")[2]
    place = int(line) if line.isdecimal() else number
    return Record(record.words, record.entities, record.text, record.offsets, record.external_id, record.split, place)


def companion(path: Path) -> Path:
    """The other file of a document."""
    return path.with_suffix(".txt" if path.suffix == ".ann" else ".ann")


def _text(path: Path) -> str:
    """A text with unchanged line ends, since offsets count them."""
    with open_bytes(path) as stream:
        data = stream.read()
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"the byte 0x{data[error.start]:02X} is not UTF-8"
        hint = "convert it, if it is Latin-1: iconv -f LATIN1 -t UTF-8 FILE"
        raise ReadError.at(path, "not-utf-8", message, line=line, hint=hint) from error


def _spans(path: Path, text: str, notes: Notes) -> Iterator[CharSpan]:
    for line, row in enumerate(_text(path).removeprefix("\ufeff").splitlines(), 1):
        if not row.strip():
            continue
        match = _ENTITY.fullmatch(row)
        if match is None:
            _pass_over(path, line, row, notes)
            continue
        start, end = int(match[3]), int(match[4])
        surface = match[5]
        there = " ".join(text[start:end].split())
        if surface is not None and " ".join(surface.split()) != there:
            message = f"{match[1]} should be {surface[:40]!r}, but the text has {there[:40]!r}"
            hint = "offsets are counted in Unicode code points from 0; was the text changed?"
            raise ReadError.at(path, "span-text", message, line=line, hint=hint)
        yield CharSpan(start, end, match[2])


def _pass_over(path: Path, line: int, row: str, notes: Notes) -> None:
    if _PARTED.match(row):
        hint = "label each part separately"
        raise ReadError.at(path, "span-parts", "a label with several parts", line=line, hint=hint)
    if not _OTHER.match(row):
        hint = 'an entity is "T1", a tab, "LOC 2 6", a tab and the text'
        raise ReadError.at(path, "brat", f"{row[:40]!r} is not an annotation", line=line, column=1, hint=hint)
    if _ORIGIN.fullmatch(row):
        return
    notes.add("other-annotation", "annotations that are no entities (relations, events, remarks) left out", line)


def _sniff(head: Head) -> bool:
    rows = [row for row in head.lines if not row.startswith("#")]
    return head.path.suffix == ".ann" or (bool(rows) and all(map(_ENTITY.fullmatch, rows[:3])))


READER = Reader(
    name="brat",
    title="brat standoff: .ann with .txt",
    command="import spans",
    options=BratOptions,
    sniff=_sniff,
    stream=read_brat,
    suffixes=(".ann",),
    rank=70,
)

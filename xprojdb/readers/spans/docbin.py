"""spaCy's ``DocBin`` files: documents with words and named entities."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.extras import require
from xprojdb.readers.files import open_bytes
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.spans.char_spans import CharSpan, Labelled, SpanFitter, SpanOptions

#: the first keys of the packed object
_KEYS = (b"\xa7version", b"\xa5attrs")


@dataclass(frozen=True, slots=True, kw_only=True)
class DocBinOptions(SpanOptions):
    """Options for spaCy's files: those of every format of spans."""


def read_docbin(
    path: Path, language: str, options: DocBinOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Read the documents of a file, with their own words; ``user_data["id"]`` is the id.

    A document without any annotation of entities is an unlabelled sentence. A file is held in memory as a whole, as
    spaCy wrote it. Places in errors are numbers of documents.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when the file cannot be read, or has no document.
    :raises MissingExtra: when spaCy is not installed.
    """
    fitter = SpanFitter(path, language, options or DocBinOptions(), notes if notes is not None else Notes())
    empty = True
    for number, doc in enumerate(_docs(path), 1):
        empty = False
        yield from fitter.records(_labelled(number, doc))
    if empty:
        raise ReadError.at(path, "empty", "there is no document in this file", hint="check that it is the right file")


def _docs(path: Path) -> Iterator[Any]:
    vocab = require("spacy", "spacy").blank("xx").vocab
    with open_bytes(path) as stream:
        data = stream.read()
    try:
        yield from require("spacy.tokens", "spacy").DocBin().from_bytes(data).get_docs(vocab)
    except (zlib.error, ValueError, TypeError, KeyError, IndexError, AttributeError, UnicodeError) as error:
        hint = "write it again with DocBin.to_disk"
        raise ReadError.at(path, "docbin", f"spaCy cannot read this file: {error}", hint=hint) from error


def _labelled(number: int, doc: Any) -> Labelled:
    spans = None
    if doc.has_annotation("ENT_IOB"):
        spans = [CharSpan(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
    words = [(token.idx, token.idx + len(token)) for token in doc]
    name = doc.user_data.get("id")
    return Labelled(number, doc.text, spans, words, None if name is None else str(name))


def _sniff(head: Head) -> bool:
    try:
        start = zlib.decompressobj().decompress(head.data, 64)
    except zlib.error:
        return False
    return all(key in start for key in _KEYS)


READER = Reader(
    name="spacy",
    title="spaCy's DocBin",
    command="import spans",
    options=DocBinOptions,
    sniff=_sniff,
    stream=read_docbin,
    suffixes=(".spacy",),
    rank=15,
)

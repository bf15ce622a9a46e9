"""Plain text, one sentence per line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from xprojdb.readers.files import read_lines
from xprojdb.readers.reader import Reader, as_keywords
from xprojdb.readers.records import ReadError, Record
from xprojdb.text.languages import language as find_language
from xprojdb.text.words import split_words


@dataclass(frozen=True, slots=True, kw_only=True)
class TextOptions:
    """The options of :func:`read_text`."""

    pretokenized: bool = False
    blank: Literal["error", "skip"] = "error"


def read_text(
    path: str | os.PathLike[str],
    language: str,
    *,
    pretokenized: bool = False,
    blank: Literal["error", "skip"] = "error",
) -> Iterator[Record]:
    """Stream the sentences of a text file, plain or gzip; they are unlabelled.

    A blank line is an error unless ``blank`` is ``"skip"``: in parallel text, only the line number connects a sentence
    to its translation, so skipping a line would shift every sentence after it.

    :param language: of the text, by any of its codes; it determines how words are split.
    :param pretokenized: whether words are already separated by spaces; then records keep no text.
    :param blank: what to do with a blank line.
    :returns: the records in file order; ``line`` is correct even after a skipped line.
    :raises ReadError: when the file cannot be read, has a blank line or no sentence.
    :raises UnknownLanguage: when the language is not in the table.
    """
    file = Path(path)
    code = find_language(language).code
    has_sentence = False
    for number, line in read_lines(file):
        text = line.replace("\t", " ").strip()
        record = _record(text, code, number, pretokenized) if text else None
        if record is not None:
            has_sentence = True
            yield record
        elif blank == "error":
            hint = "fill in the line, or delete it, also in files that are parallel to this one"
            raise ReadError.at(file, "blank", "the line has no visible word", line=number, hint=hint)
    if not has_sentence:
        raise ReadError.at(file, "empty", "there is no sentence in this file", hint="check that it is the right file")


def _record(text: str, code: str, line: int, pretokenized: bool) -> Record | None:
    if pretokenized:
        return Record(tuple(part for part in text.split(" ") if part), line=line)
    words = split_words(text, code)
    if not words:
        return None
    offsets = tuple(word.start for word in words)
    return Record(tuple(word.word for word in words), text=text, offsets=offsets, line=line)


READER = Reader(
    name="text",
    title="one sentence per line",
    command="import text",
    options=TextOptions,
    # Any text would match: this is the format of files that match no other.
    sniff=lambda _: False,
    stream=lambda path, language, options, _: read_text(path, language, **as_keywords(options)),
    suffixes=(".txt",),
    rank=120,
)

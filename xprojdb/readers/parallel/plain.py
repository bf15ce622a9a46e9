"""Sentences from untokenized text, in any format."""

from __future__ import annotations

from xprojdb.readers.records import Record, RecordError, check_text
from xprojdb.text.words import split_words


def plain_record(text: str, language: str, external_id: str | None, split: str | None, line: int) -> Record:
    """A sentence without labels, split into words by the rules of its language.

    :raises RecordError: when the text has a control character or no words.
    """
    plain = check_text(text)
    parts = split_words(plain, language)
    if not parts:
        raise RecordError("the sentence has no visible word", reason="blank", word=None)
    # Parts of a checked text are valid words.
    words, starts, _ = zip(*parts, strict=True)
    return Record(words, None, plain, starts, external_id, split, line)

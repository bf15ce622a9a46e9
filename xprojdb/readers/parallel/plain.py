"""Sentences of untokenised text, whichever format it comes in."""

from __future__ import annotations

from xprojdb.readers.records import Record, RecordError, check_text
from xprojdb.text.words import split_words


def plain_record(text: str, language: str, external_id: str | None, split: str | None, line: int) -> Record:
    """A sentence without labels, split by the rules of its language.

    :raises RecordError: when the text has a control character or no word.
    """
    plain = check_text(text)
    found = split_words(plain, language)
    if not found:
        raise RecordError("the sentence has no visible word", reason="blank", word=None)
    # Parts of a text that has been checked are words that need no check.
    words, starts, _ = zip(*found, strict=True)
    return Record(words, None, plain, starts, external_id, split, line)

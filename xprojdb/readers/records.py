"""What every reader yields, whatever the format: checked sentences."""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from xprojdb.errors import InputError
from xprojdb.printable import is_printable
from xprojdb.text.normalization import normal_form
from xprojdb.text.spans import Span

# U+0080 to U+009F are allowed, see files.py; lone surrogates, which JSON can contain, have no UTF-8 form.
_CONTROL = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")
#: maximal UTF-8 bytes of an id: PostgreSQL's index allows 2 704 for it and the rest of the key
LONGEST_ID = 2_000
_WHITE_SPACE = re.compile(r"[\t-\r]")


class ReadError(InputError):
    """A file cannot be read; fields ``file``, ``line`` and ``column`` (from 1, or None) and ``reason`` (a code)."""

    @classmethod
    def at(
        cls,
        file: str | os.PathLike[str],
        reason: str,
        message: str,
        *,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
        **fields: Any,
    ) -> ReadError:
        """Build the error, its message starting with the place as compilers write it."""
        place = ":".join(str(part) for part in (os.fspath(file), line, column) if part is not None)
        fields |= {"file": os.fspath(file), "line": line, "column": column, "reason": reason}
        return cls(f"{place}: {message}", hint=hint, **fields)


class RecordError(InputError):
    """A sentence cannot be stored: fields ``reason`` (a code) and ``word`` (its position, or None)."""


@dataclass(frozen=True, slots=True)
class Record:
    """One sentence of a corpus.

    :param words: the words, in NFC, none empty or with ASCII control characters; at least one is visible.
    :param entities: the gold spans; None for an unlabelled sentence, as opposed to ``()``.
    :param text: the untokenized text, in NFC, if there was one.
    :param offsets: where each word starts in ``text``, in code points.
    :param external_id: the id of the sentence in its corpus.
    :param split: such as ``"train"``.
    :param line: the first line of the sentence in its file, counted from 1.
    """

    words: tuple[str, ...]
    entities: tuple[Span, ...] | None = None
    text: str | None = None
    offsets: tuple[int, ...] | None = None
    external_id: str | None = None
    split: str | None = None
    line: int = 1


def check_words(words: Sequence[str]) -> tuple[str, ...]:
    """Convert words to NFC and refuse those that no sentence can have.

    White space other than control characters may occur in a word, or even be one: published corpora have words that are
    a no-break space.

    :param words: the words of one sentence.
    :returns: the same words in NFC.
    :raises RecordError: when a word is empty or has a control character, or when no word is visible.
    """
    joined = "".join(words)
    if not joined or joined.isspace():
        raise RecordError("the sentence has no visible word", reason="blank", word=None)
    if "" in words or _CONTROL.search(joined):
        raise _word_fault(words)
    # A part of a text in NFC is in NFC.
    if unicodedata.is_normalized("NFC", joined):
        return tuple(words)
    return tuple(normal_form("NFC", word) for word in words)


def _word_fault(words: Sequence[str]) -> RecordError:
    """The first word that is empty or has a control character."""
    position = next(position for position, word in enumerate(words) if not word or _CONTROL.search(word))
    if not words[position]:
        return RecordError(f"word {position} is empty", reason="empty-word", word=position)
    return RecordError(f"word {position} has a control character", reason="control-character", word=position)


def check_text(text: str) -> str:
    """Convert untokenized text to NFC on one line, without surrounding white space.

    :returns: the text, with tabs and newlines replaced by spaces.
    :raises RecordError: when it has a control character.
    """
    plain = normal_form("NFC", _WHITE_SPACE.sub(" ", text)).strip()
    if _CONTROL.search(plain):
        raise RecordError("the text has a control character", reason="control-character", word=None)
    return plain


def id_fault(name: str) -> str | None:
    """Why a sentence cannot have an id; None if it can."""
    if not is_printable(name):
        return "contains a control or direction character"
    if len(name) * 4 > LONGEST_ID and len(name.encode("utf-8", "surrogatepass")) > LONGEST_ID:
        return f"has more than {LONGEST_ID:,} bytes"
    return None


def locate_words(words: Sequence[str], text: str) -> tuple[int, ...] | None:
    """Locate words, in order, in the text that they were split from.

    :returns: the offset of each word in ``text``, or None if they do not occur one after the other.
    """
    if text == " ".join(words) and text.count(" ") == len(words) - 1 and "" not in words:
        return tuple(accumulate((len(word) + 1 for word in words[:-1]), initial=0))
    offsets = []
    end = 0
    for word in words:
        start = text.find(word, end)
        if start < 0 or text[end:start].strip():
            return None
        offsets.append(start)
        end = start + len(word)
    return tuple(offsets)

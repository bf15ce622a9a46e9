"""The ways from text to words and back: the package's own rules, which recipes go by, or Moses's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from xprojdb.errors import UsageError
from xprojdb.extras import require
from xprojdb.languages import language
from xprojdb.words import Word, join_words, split_words

#: scripts whose vowel signs, or whose marks inside words, Moses takes for punctuation
_NOT_MOSES = frozenset({"Armn", "Hans", "Hant", "Hebr", "Jpan", "Khmr", "Laoo", "Mymr", "Thai"})


class Tokenization(NamedTuple):
    """A way from text to words and back.

    :param revision: what it is and in which version, for the digest of a step that uses it.
    :param split: a text in NFC and its language, to words with their places: as :func:`xprojdb.words.split_words`.
    :param join: words and their language, to a text and where each word starts in it: as
        :func:`xprojdb.words.join_words`.
    """

    revision: str
    split: Callable[[str, str], list[Word]]
    join: Callable[[Sequence[str], str], tuple[str, list[int]]]


def tokenization(name: str) -> Tokenization:
    """A way from text to words and back, by its name.

    :param name: ``"rules"``, which knows all languages of the table; or ``"moses"``, which sacremoses brings: it
        knows abbreviations and addresses, parts ``didn't`` and hyphenated words differently, and leaves scripts that
        it would tear apart (Thai, Burmese, Hebrew, Armenian, …) to the rules.
    :raises UsageError: when there is none of that name.
    :raises MissingExtra: when sacremoses is not installed.
    """
    if name == "rules":
        return Tokenization("rules 1", split_words, join_words)
    if name == "moses":
        return Tokenization(f"sacremoses {require('sacremoses', 'moses').__version__}", _moses_split, _moses_join)
    known = ("rules", "moses")
    raise UsageError(f"there is no tokenization {name!r}", hint=f"one of {', '.join(known)}", name=name, known=known)


def _moses_split(text: str, code: str) -> list[Word]:
    entry = language(code)
    if entry.script in _NOT_MOSES:
        return split_words(text, code)
    words = _moses("MosesTokenizer", entry.iso639_1 or "en").tokenize(text, escape=False)
    starts = _places(text, words)
    if starts is None:
        return split_words(text, code)
    return [Word(word, start, start + len(word)) for word, start in zip(words, starts, strict=True)]


def _moses_join(words: Sequence[str], code: str) -> tuple[str, list[int]]:
    entry = language(code)
    if entry.script in _NOT_MOSES:
        return join_words(words, code)
    text = _moses("MosesDetokenizer", entry.iso639_1 or "en").detokenize(list(words), unescape=False)
    starts = _places(text, words)
    return join_words(words, code) if starts is None else (text, starts)


def _places(text: str, words: Sequence[str]) -> list[int] | None:
    """Where words stand that follow one another in a text with nothing but space between; None when they do not."""
    starts, at = [], 0
    for word in words:
        start = text.find(word, at)
        if start < 0 or text[at:start].strip():
            return None
        starts.append(start)
        at = start + len(word)
    return None if text[at:].strip() else starts


@cache
def _moses(kind: str, lang: str) -> Any:
    return getattr(require("sacremoses", "moses"), kind)(lang=lang)

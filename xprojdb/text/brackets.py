"""Entities in brackets, as people read and write them: ``Habari za [Goma]LOC leo``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from xprojdb.errors import InputError
from xprojdb.text.spans import Span

_SPECIAL = re.compile(r"[\\\[\]\s]")
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r"}
_CHARACTER = re.compile(r"\\(.)|(.)", re.DOTALL)
_LABEL = re.compile(r"\S+")


class BracketError(InputError):
    """Brackets that cannot be read: the field ``position`` is where, in characters."""


def bracketed(words: Sequence[str], spans: Iterable[Span]) -> str:
    """Words between single spaces, each entity in square brackets with its label behind them.

    Square brackets, backslashes and white space inside words have a backslash before them.

    :param spans: not overlapping.
    """
    written = [_SPECIAL.sub(lambda match: _NAMED.get(match[0], f"\\{match[0]}"), word) for word in words]
    for start, end, label in spans:
        written[start] = f"[{written[start]}"
        written[end - 1] += f"]{label}"
    return " ".join(written)


def parse_brackets(text: str) -> tuple[list[str], list[Span]]:
    """The words and entities of a text that :func:`bracketed` wrote, or a person in its place.

    :raises BracketError: when brackets do not match, are empty or nested, or have no label behind them.
    """
    words, spans, word, start, opened = list[str](), list[Span](), "", None, -1
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\" and position + 1 < len(text):
            following = text[position + 1]
            word += {"n": "\n", "t": "\t", "r": "\r"}.get(following, following)
            position += 2
            continue
        if character == "[":
            if start is not None or word:
                raise _error("a bracket opens inside " + ("another one" if start is not None else "a word"), position)
            start, opened = len(words), position
        elif character == "]":
            if start is None:
                raise _error("a bracket closes that was not opened", position)
            words, word = ([*words, word], "") if word else (words, word)
            label = _LABEL.match(text, position + 1)
            if start == len(words) or label is None:
                raise _error("an empty bracket" if start == len(words) else "no label behind a bracket", position)
            spans.append(Span(start, len(words), label[0]))
            start, position = None, label.end() - 1
        elif character.isspace():
            words, word = ([*words, word], "") if word else (words, word)
        else:
            word += character
        position += 1
    if start is not None:
        raise _error("a bracket is not closed", opened)
    return ([*words, word] if word else words), spans


def _error(what: str, position: int) -> BracketError:
    hint = "write an entity as [Goma]LOC; a bracket that is a word is \\["
    return BracketError(f"{what} at character {position + 1}", hint=hint, position=position)

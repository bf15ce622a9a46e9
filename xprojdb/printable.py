"""Make foreign text safe to print: escape what a terminal, a card or a spreadsheet would interpret as a command.

Control characters move cursors and set titles, and characters that change the writing direction make a line look
like another. Words in right-to-left scripts do not need the latter.
"""

from __future__ import annotations

import re

#: the characters that change the writing direction of the following text
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{BIDI}\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{BIDI}\ud800-\udfff]")
_UNSOUND = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
_UNSAFE_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{BIDI}\ud800-\udfff]")


def escaped(text: str) -> str:
    """Escape control and direction characters in a text as ``\\x1b`` or ``\\u202e``."""
    return _UNSAFE.sub(_written, text)


def escaped_lines(text: str) -> str:
    """Escape control and direction characters, except line breaks and tabs."""
    return _UNSAFE_IN_LINES.sub(_written, text)


def escaped_json(text: str) -> str:
    """Escape JSON so that it contains the same values in printable characters."""
    return _UNSAFE_IN_JSON.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def escaped_formula(text: str) -> str:
    """Put ``'`` in front of a spreadsheet cell that could be taken for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def is_printable(text: str) -> bool:
    """Whether a text needs no escaping."""
    return not _UNSAFE.search(text)


def is_sound(text: str) -> bool:
    """Whether a text written by a model can be stored, without control characters other than white space."""
    return not _UNSOUND.search(text)


def one_line(text: str, longest: int) -> str:
    """Put a text on one line and truncate it to ``longest`` characters."""
    short = " ".join(text[: 4 * longest].split())
    return escaped(short[:longest])


def _written(match: re.Match[str]) -> str:
    number = ord(match[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"

"""Foreign text as text: what a terminal, a card or a spreadsheet would take for a command is written out.

Control characters move cursors and set titles, and characters that change the direction of writing make a line look
like another one. Words in right-to-left scripts need none of the latter.
"""

from __future__ import annotations

import re

#: the characters that change the direction of what stands behind them
BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_UNSAFE = re.compile(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{BIDI}\ud800-\udfff]")
_UNSAFE_IN_JSON = re.compile(f"[\x7f-\x9f\u2028\u2029{BIDI}\ud800-\udfff]")
_UNSOUND = re.compile("[\x00-\x08\x0e-\x1b\x7f\ud800-\udfff]")
_UNSAFE_IN_LINES = re.compile(f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{BIDI}\ud800-\udfff]")


def escaped(text: str) -> str:
    """A text whose control and direction characters are written as ``\\x1b`` or ``\\u202e``."""
    return _UNSAFE.sub(_written, text)


def escaped_lines(text: str) -> str:
    """The same for a text of several lines, with tabs."""
    return _UNSAFE_IN_LINES.sub(_written, text)


def escaped_json(text: str) -> str:
    """JSON that holds the same values, in characters that a terminal shows."""
    return _UNSAFE_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def escaped_formula(text: str) -> str:
    """A cell of a spreadsheet that is no formula: ``'`` in front of what could be one."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def is_printable(text: str) -> bool:
    """Whether nothing in a text has to be escaped."""
    return not _UNSAFE.search(text)


def is_sound(text: str) -> bool:
    """Whether a text that a model wrote can be stored: without control characters other than white space."""
    return not _UNSOUND.search(text)


def one_line(text: str, longest: int) -> str:
    """A text on one line, cut to so many characters."""
    short = " ".join(text[: 4 * longest].split())
    return escaped(short[:longest])


def _written(found: re.Match[str]) -> str:
    number = ord(found[0])
    return f"\\x{number:02x}" if number < 256 else f"\\u{number:04x}"

"""What texts may not do on a page: characters that act instead of being visible are replaced by their code point."""

from __future__ import annotations

import re

from markupsafe import Markup

# Controls except tab and newline, direction marks, zero-width marks, line separators, tags, lone surrogates.
# Joiners (U+200C, U+200D) are kept: Persian and the languages of India are written with them.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with every such character written as ``⟨U+202E⟩``."""
    return _ACTING.sub(lambda match: f"⟨U+{ord(match[0]):04X}⟩", text)


def finalize(value: object) -> object:
    """What Jinja writes for a value: every text on a page passes through this, and is escaped afterwards."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

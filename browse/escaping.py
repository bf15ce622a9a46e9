"""What a text may not do on a page: a character that acts instead of being seen is written out by its number."""

from __future__ import annotations

import re

from markupsafe import Markup

# Controls but tab and newline, those of direction, marks without width, line separators, tags, halves of pairs.
# Joiners (U+200C, U+200D) stay: Persian and the languages of India are written with them.
_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f\ud800-\udfff]"
)


def visible(text: str) -> str:
    """The text with every such character as ``⟨U+202E⟩``."""
    return _ACTING.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def finalize(value: object) -> object:
    """What Jinja writes for a value: no text reaches a page but through this, and through escaping after it."""
    if value is None:
        return ""
    return visible(value) if isinstance(value, str) and not isinstance(value, Markup) else value

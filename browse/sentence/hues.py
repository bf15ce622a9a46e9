"""The color of a label, as a CSS class; since labels are also written out, color is never the only cue."""

from __future__ import annotations

import zlib

_OWN = {
    "PER": "per", "PERSON": "per", "ORG": "org", "LOC": "loc", "GPE": "loc", "DATE": "date", "TIME": "date",
    "MISC": "misc",
}  # fmt: skip
_OTHERS = 6


def hue(label: str) -> str:
    """The class of a label, which is the same everywhere."""
    return f"hue-{_OWN.get(label.upper()) or _other(label)}"


def _other(label: str) -> str:
    return f"x{zlib.crc32(label.encode(errors='replace')) % _OTHERS}"

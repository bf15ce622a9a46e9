"""A set of the keys that an import has met."""

from __future__ import annotations


class Seen:
    """A set of keys, one bit each, so that a million take an eighth of a megabyte."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, key: int) -> bool:
        """Add a key, and return whether it is new."""
        place, bit = key >> 3, 1 << (key & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        new = not self._bits[place] & bit
        self._bits[place] |= bit
        return new

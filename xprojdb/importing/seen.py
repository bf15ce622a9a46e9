"""Which keys were met: what an import asks of each row."""

from __future__ import annotations


class Seen:
    """Keys that were met: a bit for each, so that a million take an eighth of a megabyte."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, key: int) -> bool:
        """Whether a key is new."""
        place, bit = key >> 3, 1 << (key & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1 - len(self._bits)))
        new = not self._bits[place] & bit
        self._bits[place] |= bit
        return new

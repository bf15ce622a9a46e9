"""Word vectors that a run has computed, kept in a temporary file for later batches and steps of the same run."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

#: the most bytes to keep: some 200 000 sentences of 25 words, with vectors of 384 numbers
MOST = 4 << 30

_Number = TypeVar("_Number", np.float16, np.float32)


class KeptVectors(Generic[_Number]):
    """The vectors of sentences, by a key of their words, until the object is gone.

    :param number: the type of their numbers.
    :param most: the most bytes to keep; sentences beyond that, or beyond the room on the disk, are not kept.
    """

    def __init__(self, number: type[_Number], most: int = MOST) -> None:
        self._number: np.dtype[_Number] = np.dtype(number)
        self._left = most
        self._places: dict[bytes, tuple[int, int]] = {}
        #: the number of dimensions of a vector; 0 while nothing is kept
        self.width = 0
        self._end = 0
        self._file = -1

    def __contains__(self, key: bytes) -> bool:
        return key in self._places

    def keep(self, keys: Sequence[bytes], vectors: Sequence[NDArray[_Number]]) -> None:
        """Keep the vectors of sentences, (words, width) each, as far as there is room."""
        new = [(key, rows) for key, rows in zip(keys, vectors, strict=True) if key not in self._places]
        if not new:
            return
        packed = b"".join(rows.tobytes() for _, rows in new)
        if len(packed) > self._left or not self._written(packed):
            self._left = 0
            return
        for key, rows in new:
            self._places[key] = (self._end, len(rows))
            self._end += rows.nbytes
        self.width = new[0][1].shape[1]
        self._left -= len(packed)

    def read(self, key: bytes) -> NDArray[_Number]:
        """The vectors of a sentence that was kept."""
        start, words = self._places[key]
        if not words:
            return np.zeros((0, self.width), self._number)
        size = words * self.width * self._number.itemsize
        return np.frombuffer(os.pread(self._file, size, start), self._number).reshape(words, self.width)

    def _written(self, packed: bytes) -> bool:
        """Whether there was room on the disk; if not, the vectors are computed again later."""
        try:
            if self._file < 0:
                self._file = _unnamed_file()
                weakref.finalize(self, os.close, self._file)
            return os.pwrite(self._file, packed, self._end) == len(packed)
        except OSError:
            return False


class KeptStates(KeptVectors[np.float16]):
    """What taggers read: vectors in half precision."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__(np.float16, most)


class RecalledStates(KeptVectors[np.float32]):
    """What aligners compare: vectors in full precision."""

    def __init__(self, most: int = MOST) -> None:
        super().__init__(np.float32, most)


def _unnamed_file() -> int:
    """A file that is gone when it is closed."""
    descriptor, name = tempfile.mkstemp(prefix="xprojdb-states-")
    Path(name).unlink()
    return descriptor

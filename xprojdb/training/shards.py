"""A folder of arrays, addressed by the content they belong to; files are written whole and appear when complete.

Processes may share a folder. Any file may be deleted at any time: what is missing is computed again.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Halves
from xprojdb.errors import XprojdbError

#: bytes of a key
KEY = 16
_INDEX = np.dtype([("key", f"V{KEY}"), ("rows", "<i8")])


class _Place(NamedTuple):
    shard: int
    start: int
    rows: int


class Shards:
    """Arrays (words, width) by key.

    :param folder: created when it does not exist.
    :param width: the number of columns of every array.
    """

    def __init__(self, folder: Path, width: int) -> None:
        self.folder = folder
        self.width = width
        self._places: dict[bytes, _Place] = {}
        self._arrays: list[Halves] = []
        self._seen: set[str] = set()

    def missing(self, keys: Sequence[bytes]) -> list[int]:
        """The positions of the keys that are not stored."""
        if any(key not in self._places for key in keys):
            self._refresh()
        return [place for place, key in enumerate(keys) if key not in self._places]

    def add(self, keys: Sequence[bytes], arrays: Sequence[Halves]) -> None:
        """Write arrays to one file.

        :raises XprojdbError: when they cannot be written; field ``folder``.
        """
        rows = np.concatenate([np.zeros((0, self.width), np.float16), *arrays])
        index = np.array([(key, len(array)) for key, array in zip(keys, arrays, strict=True)], _INDEX)
        name = uuid.uuid4().hex
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # The index comes last: rows without an index are ignored.
            _write(self.folder / f"{name}.rows.npy", rows)
            _write(self.folder / f"{name}.index.npy", index)
        except OSError as error:
            raise XprojdbError(
                f"the word states cannot be kept in {self.folder}: {error.strerror or error}",
                hint="make room there, or name another folder in XPROJDB_CACHE",
                folder=str(self.folder),
                reason="no-room",
            ) from error
        self._refresh()

    def read(self, keys: Sequence[bytes]) -> list[Halves]:
        """The arrays of stored keys."""
        return [self._rows(self._places[key]) for key in keys]

    def _rows(self, place: _Place) -> Halves:
        return self._arrays[place.shard][place.start : place.start + place.rows]

    def _refresh(self) -> None:
        for path in sorted(self.folder.glob("*.index.npy")):
            if path.name not in self._seen:
                self._seen.add(path.name)
                self._open(path)

    def _open(self, path: Path) -> None:
        """Read the index of a file; the content of a damaged file is skipped, and computed again."""
        try:
            index = np.load(path)
            rows = np.load(path.with_name(path.name.replace(".index.", ".rows.")), mmap_mode="r")
        except (OSError, ValueError, EOFError):
            return
        if index.dtype != _INDEX or rows.shape != (int(index["rows"].sum()), self.width):
            return
        ends = np.cumsum(index["rows"])
        for key, end, count in zip(index["key"], ends.tolist(), index["rows"].tolist(), strict=True):
            self._places.setdefault(bytes(key), _Place(len(self._arrays), end - count, count))
        self._arrays.append(rows)


def _write(path: Path, array: NDArray[np.generic]) -> None:
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as file:
            np.save(file, array)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)

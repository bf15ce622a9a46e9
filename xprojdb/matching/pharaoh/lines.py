"""Pharaoh alignments of a file: read many lines at once, sort their links, and write them in the stored form."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Flags, Ints, Longs
from xprojdb.matching.arrays import compiled, offsets
from xprojdb.matching.pharaoh.links import read_lines

#: the most digits of a word position, so that line and both positions fit into one number for sorting
DIGITS = 6
_POSITION = 20


class LinkLines(NamedTuple):
    """N lines with L links in total.

    :param ptr: (N+1,) offsets of the links.
    :param left: (L,) left words.
    :param right: (L,) right words.
    :param score: (L,) from 0 to 1.
    """

    ptr: Longs
    left: Ints
    right: Ints
    score: npt.NDArray[np.float32]

    @property
    def line(self) -> Longs:
        """(L,) the line of each link, counted from 0."""
        return np.repeat(np.arange(len(self.ptr) - 1), np.diff(self.ptr))

    def only(self, mask: Flags) -> LinkLines:
        """Select some of the lines.

        :param mask: (N,) the lines to keep.
        """
        links = np.repeat(mask, np.diff(self.ptr))
        return LinkLines(offsets(np.diff(self.ptr)[mask]), self.left[links], self.right[links], self.score[links])

    def swapped(self, lines: Flags) -> LinkLines:
        """Swap left and right in some lines, and sort the links again.

        :param lines: (N,) the lines to swap.
        """
        if not lines.any():
            return self
        links = np.repeat(lines, np.diff(self.ptr))
        left, right = np.where(links, self.right, self.left), np.where(links, self.left, self.right)
        return LinkLines(self.ptr, left, right, self.score).in_order()

    def in_order(self) -> LinkLines:
        """Sort each line's links by left and right word, keeping the highest score of repeated links."""
        key = (self.line << 2 * _POSITION) | (self.left.astype(np.int64) << _POSITION) | self.right
        if (key[1:] > key[:-1]).all():
            return self
        order = np.argsort(key, kind="stable")
        first = np.flatnonzero(np.append(True, key[order[1:]] != key[order[:-1]]))
        score = np.maximum.reduceat(self.score[order], first)
        ptr = offsets(np.bincount(self.line[order[first]], minlength=len(self.ptr) - 1))
        return LinkLines(ptr, self.left[order[first]], self.right[order[first]], score)


def read_link_lines(text: str, lines: int) -> LinkLines | None:
    """Read links such as ``0-0 1-2`` or ``0-0:0.97``; a link without a score gets 1.

    :param text: ASCII lines, each ending with a newline.
    :param lines: the number of lines.
    :returns: the sorted links, or None if any of them has another form, or cannot be read exactly here.
    """
    read = read_lines(text, lines)
    if read.lines != lines or read.malformed >= 0 or not read.exact:
        return None
    if len(read.score) and (read.score.max() > 1 or max(read.left.max(), read.right.max()) >= 10**DIGITS):
        return None
    return LinkLines(read.ptr, read.left, read.right, read.score).in_order()


def link_texts(lines: LinkLines) -> list[str]:
    """Each line in its stored form, as written by :func:`xprojdb.models.aligners.word_links.format_links`."""
    different, code = np.unique(lines.score, return_inverse=True)
    table = np.array([f"{score:.4g}" for score in different.tolist()] or [""], np.bytes_)
    width = table.dtype.itemsize
    out = np.empty(len(lines.left) * (2 * DIGITS + 3 + width) + len(lines.ptr), np.uint8)
    scores: npt.NDArray[Any] = np.frombuffer(table.tobytes(), np.uint8).reshape(-1, width)
    end = _write(lines.ptr, lines.left, lines.right, code.astype(np.int64), scores, out)
    return out[:end].tobytes().decode("ascii").split("\n")[:-1]


@compiled
def _write(ptr, left, right, code, scores, out):  # type: ignore[no-untyped-def]
    """Write lines of ``left-right:score``; returns the position after the last newline."""
    at = 0
    for line in range(len(ptr) - 1):
        for q in range(ptr[line], ptr[line + 1]):
            if q > ptr[line]:
                out[at] = 32
                at += 1
            at = _write_number(left[q], out, at)
            out[at] = 45
            at = _write_number(right[q], out, at + 1)
            out[at] = 58
            at += 1
            for letter in scores[code[q]]:
                if letter:
                    out[at] = letter
                    at += 1
        out[at] = 10
        at += 1
    return at


@compiled
def _write_number(value, out, at):  # type: ignore[no-untyped-def]
    """Write the digits of a non-negative number; returns the position after them."""
    size, rest = 1, value // 10
    while rest:
        size, rest = size + 1, rest // 10
    for place in range(at + size - 1, at - 1, -1):
        out[place] = 48 + value % 10
        value //= 10
    return at + size

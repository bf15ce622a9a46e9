"""Read the Pharaoh alignments ("0-0 1-2") of a whole batch into arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from xprojdb.arrays import Ints, Longs
from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import compiled

#: exact powers of ten: an integer below 2**53 divided by one of them is rounded once, as when Python reads a decimal
_EXACT, _WHOLE = 22, 15
_POWERS = np.array([float(10**n) for n in range(_EXACT + 1)])


def links_from_pharaoh(strings: Sequence[str]) -> tuple[Longs, Ints, Ints]:
    """Read N alignments such as ``"0-0 1-2"``.

    :param strings: links ``source-target`` separated by spaces; an empty string is a pair without links.
    :returns: offsets (N+1,), source words (L,), target words (L,): the link arrays of :class:`PairBatch`.
    :raises MatchingError: when a string is malformed; ``item`` is its index, ``value`` its text.
    """
    ptr, source, target, _ = _read(strings, False)
    return ptr, source, target


def scored_links_from_pharaoh(strings: Sequence[str]) -> tuple[Longs, Ints, Ints, npt.NDArray[np.float32]]:
    """Read N alignments whose links carry a score, such as ``"0-0:0.97 1-2:0.4"``.

    :param strings: links ``source-target:score``, the score a decimal number.
    :returns: as :func:`links_from_pharaoh`, and the scores (L,).
    :raises MatchingError: when a string is malformed or a score is missing; ``item`` is its index, ``value`` its text.
    """
    return _read(strings, True)


def _read(strings: Sequence[str], scored: bool) -> tuple[Longs, Ints, Ints, npt.NDArray[np.float32]]:
    read = read_lines("\n".join([*strings, ""]), len(strings))
    if read.lines != len(strings):
        raise _malformed(strings, next(i for i, string in enumerate(strings) if "\n" in string), scored)
    bad = [line for line in (read.malformed, read.without_score if scored else read.with_score) if line >= 0]
    if bad:
        raise _malformed(strings, min(bad), scored)
    return read.ptr, read.left, read.right, read.score


class ReadLines(NamedTuple):
    """Links read from lines of text; if a line is malformed, only ``malformed`` is meaningful.

    :param lines: the number of lines of the text.
    :param ptr: (N+1,) offsets of the links of each line.
    :param left: (L,) left words.
    :param right: (L,) right words.
    :param score: (L,) scores, 1 for links without one.
    :param malformed: the first malformed line, counted from 0; -1 for none.
    :param without_score: the first line with a link that has no score; -1 for none.
    :param with_score: the first line with a link that has a score; -1 for none.
    :param exact: whether every score has a digit before its point and was rounded once, as when Python reads a decimal.
    """

    lines: int
    ptr: Longs
    left: Ints
    right: Ints
    score: npt.NDArray[np.float32]
    malformed: int
    without_score: int
    with_score: int
    exact: bool


def read_lines(text: str, lines: int) -> ReadLines:
    """Read links such as ``0-0 1-2`` or ``0-0:0.97``.

    :param text: lines, each ending with a newline.
    :param lines: the expected number of lines; if the text has another number, nothing is read.
    """
    data = np.frombuffer(text.encode("utf-8", "replace"), np.uint8)
    room = int(np.count_nonzero(data == ord("-")))
    count = int(np.count_nonzero(data == ord("\n")))
    ptr = np.zeros(lines + 1, np.int64)
    left, right, score = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.float32)
    if count != lines:
        return ReadLines(count, ptr, left[:0], right[:0], score[:0], -1, -1, -1, True)
    malformed, without, having, exact = _parse(data, _POWERS, ptr, left, right, score)
    # A minus sign in an exponent is not a link, so the arrays may be longer than needed.
    end = ptr[-1]
    return ReadLines(
        count, ptr, left[:end], right[:end], score[:end], int(malformed), int(without), int(having), bool(exact)
    )


def _malformed(strings: Sequence[str], item: int, scored: bool) -> MatchingError:
    return MatchingError(
        f"alignment {item} is not in Pharaoh format: {strings[item][:80]!r}",
        hint=f'write links as "{"0-0:0.97 1-2:0.4" if scored else "0-0 1-2"}"',
        item=item,
        value=strings[item],
    )


@compiled
def _parse(text, powers, ptr, left, right, score):  # type: ignore[no-untyped-def]
    """Fill the arrays from ``text``, whose lines end with newlines; returns the last fields of :class:`ReadLines`."""
    at, line, links, without, having, exact = 0, 0, 0, -1, -1, True
    while at < len(text):
        if text[at] == 10:
            line += 1
            ptr[line] = links
            at += 1
        elif text[at] == 32 or text[at] == 9:
            at += 1
        else:
            at, x = _number(text, at)
            if x < 0 or text[at] != 45:
                return line, without, having, exact
            at, y = _number(text, at + 1)
            if y < 0:
                return line, without, having, exact
            sure = 1.0
            if text[at] == 58:
                at, sure, once = _decimal(text, at + 1, powers)
                exact = exact and once
                having = line if having < 0 else having
            elif without < 0:
                without = line
            if sure < 0 or (text[at] != 32 and text[at] != 9 and text[at] != 10):
                return line, without, having, exact
            left[links], right[links], score[links] = x, y, sure
            links += 1
    return -1, without, having, exact


@compiled
def _number(text, at):  # type: ignore[no-untyped-def]
    """The position after the digits at ``at``, and their value, or -1 if there are none or too many for 32 bits."""
    value, begin = np.int64(0), at
    while 48 <= text[at] <= 57 and at - begin < 10:
        value = value * 10 + (text[at] - 48)
        at += 1
    return at, value if begin < at and value < 1 << 31 else np.int64(-1)


@compiled
def _decimal(text, at, powers):  # type: ignore[no-untyped-def]
    """The position after ``1.25`` or ``3e-05``, its value (-1 when malformed), and whether it was rounded once."""
    value, digits, power = 0.0, 0, 0
    # The reader of files accepts scores rounded once, and requires a digit before the point.
    once = 48 <= text[at] <= 57
    while 48 <= text[at] <= 57:
        value, digits, at = value * 10 + (text[at] - 48), digits + 1, at + 1
    if text[at] == 46:
        at += 1
        while 48 <= text[at] <= 57:
            value, digits, power, at = value * 10 + (text[at] - 48), digits + 1, power - 1, at + 1
    if not digits:
        return at, -1.0, False
    if text[at] == 101 or text[at] == 69:
        sign = -1 if text[at + 1] == 45 else 1
        at, exponent = _number(text, at + (2 if text[at + 1] == 45 or text[at + 1] == 43 else 1))
        if exponent < 0:
            return at, -1.0, False
        power += sign * exponent
    if digits > _WHOLE or power < -_EXACT or power > _EXACT:
        return at, value * 10.0**power, False
    return at, value / powers[-power] if power < 0 else value * powers[power], once

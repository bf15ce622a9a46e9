"""Read the Pharaoh alignments ("0-0 1-2") of a whole batch into arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from xprojdb.errors import MatchingError
from xprojdb.matching.arrays import Ints, Longs, compiled


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
    text = np.frombuffer("\n".join([*strings, ""]).encode("utf-8", "replace"), np.uint8)
    links = int(np.count_nonzero(text == ord("-")))
    ptr = np.zeros(len(strings) + 1, np.int64)
    source, target = np.empty(links, np.int32), np.empty(links, np.int32)
    score = np.empty(links if scored else 0, np.float32)
    lines = int(np.count_nonzero(text == ord("\n")))
    if lines != len(strings):
        raise _malformed(strings, next(i for i, string in enumerate(strings) if "\n" in string), scored)
    bad = _parse(text, scored, ptr, source, target, score)
    if bad >= 0:
        raise _malformed(strings, int(bad), scored)
    # A minus sign in an exponent is not a link, so the arrays may be longer than needed.
    return ptr, source[: ptr[-1]], target[: ptr[-1]], score[: ptr[-1]]


def _malformed(strings: Sequence[str], item: int, scored: bool) -> MatchingError:
    return MatchingError(
        f"alignment {item} is not in Pharaoh format: {strings[item][:80]!r}",
        hint=f'write links as "{"0-0:0.97 1-2:0.4" if scored else "0-0 1-2"}"',
        item=item,
        value=strings[item],
    )


@compiled
def _parse(text, scored, ptr, source, target, score):  # type: ignore[no-untyped-def]
    """Fill the arrays from ``text``, whose lines end with newlines; returns the first malformed line, or -1."""
    at, line, links = 0, 0, 0
    while at < len(text):
        if text[at] == 10:
            line += 1
            ptr[line] = links
            at += 1
        elif text[at] == 32 or text[at] == 9:
            at += 1
        else:
            at, x = read_number(text, at)
            if x < 0 or text[at] != 45:
                return line
            at, y = read_number(text, at + 1)
            if y < 0:
                return line
            if scored:
                at, score[links] = _decimal(text, at)
                if at < 0:
                    return line
            source[links], target[links] = x, y
            links += 1
            if text[at] != 32 and text[at] != 9 and text[at] != 10:
                return line
    return -1


@compiled
def read_number(text, at):  # type: ignore[no-untyped-def]
    """The position after the digits at ``at``, and their value, or -1 if there are none or too many for 32 bits."""
    value, begin = np.int64(0), at
    while 48 <= text[at] <= 57 and at - begin < 10:
        value = value * 10 + (text[at] - 48)
        at += 1
    return at, value if begin < at and value < 1 << 31 else np.int64(-1)


@compiled
def _decimal(text, at):  # type: ignore[no-untyped-def]
    """The position after ``:1.25`` or ``:3e-05``, or -1 if malformed, and its value."""
    if text[at] != 58:
        return -1, 0.0
    at += 1
    value, digits, point, power = 0.0, 0, False, 0
    while 48 <= text[at] <= 57 or (text[at] == 46 and not point):
        if text[at] == 46:
            point = True
        else:
            value = value * 10 + (text[at] - 48)
            digits += 1
            power -= point
        at += 1
    if digits and (text[at] == 101 or text[at] == 69):
        sign = -1 if text[at + 1] == 45 else 1
        at, exponent = read_number(text, at + (2 if text[at + 1] == 45 or text[at + 1] == 43 else 1))
        if exponent < 0:
            return -1, 0.0
        power += sign * exponent
    return (at, value * 10.0**power) if digits else (-1, 0.0)

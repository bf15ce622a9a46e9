"""Word links and their text form: Pharaoh, ``"0-0 1-2"``, left word - right word, counted from 0."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xprojdb.errors import InputError

Ints = NDArray[np.int32]

_LONGEST_NUMBER = 9


class Links(NamedTuple):
    """Word links of one sentence pair.

    :param pairs: int32 array (links, 2) of left word and right word, sorted, without repetition.
    :param scores: float32 array (links,), from 0 to 1; what it means is the method's (:mod:`xprojdb.models.links`).
    """

    pairs: Ints
    scores: NDArray[np.float32]


def format_pharaoh(links: Links | Ints) -> str:
    """Write links as text.

    :param links: the links, or their int32 array (links, 2) alone.
    :returns: such as ``"0-0 1-2"``; empty when there are none.
    """
    pairs = links.pairs if isinstance(links, Links) else links
    return " ".join([f"{left}-{right}" for left, right in pairs.tolist()])


def parse_pharaoh(text: str) -> Ints:
    """Read the links of one sentence pair.

    :returns: int32 array (links, 2), in the order of the text.
    :raises InputError: when the text is not Pharaoh; fields ``item`` and ``text``.
    """
    pairs, _ = parse_pharaohs([text])
    return pairs


def parse_pharaohs(texts: Sequence[str]) -> tuple[Ints, NDArray[np.int64]]:
    """Read the links of many sentence pairs in a few passes over their characters.

    :param texts: one string per sentence pair.
    :returns: int32 array (links of all, 2), in the order of the texts; and int64 array (texts + 1,), so that the links
        of text k are ``pairs[bounds[k]:bounds[k + 1]]``.
    :raises InputError: when a text is not Pharaoh; fields ``item``, its index, and ``text``.
    """
    filled = [text for text in texts if text]
    counts = np.array([text.count("-") for text in texts], np.int64)
    joined = " ".join(filled).encode()
    if joined and not _well_formed(np.frombuffer(joined, np.uint8)):
        raise _malformed(texts)
    numbers = np.fromstring(joined.replace(b"-", b" "), np.int32, sep=" ") if joined else np.empty(0, np.int32)
    return numbers.reshape(-1, 2), np.concatenate([[0], counts.cumsum()])


def _well_formed(characters: NDArray[np.uint8]) -> bool:
    """Whether numbers are separated by ``-`` and space in turn, beginning and ending with a number."""
    between = np.flatnonzero((characters < ord("0")) | (characters > ord("9")))
    separators = characters[between]
    digits = np.diff(np.concatenate([[-1], between, [len(characters)]])) - 1
    return bool(
        len(separators) % 2 == 1
        and (separators[::2] == ord("-")).all()
        and (separators[1::2] == ord(" ")).all()
        and digits.min() > 0
        and digits.max() <= _LONGEST_NUMBER
    )


def _malformed(texts: Sequence[str]) -> InputError:
    wrong = (at for at, text in enumerate(texts) if text and not _well_formed(np.frombuffer(text.encode(), np.uint8)))
    item = next(wrong)
    hint = "write links as 'left-right', counted from 0, with single spaces between: 0-0 1-2"
    return InputError(f"text {item} is not Pharaoh: {texts[item]!r}", hint=hint, item=item, text=texts[item])

"""Labels on the words of a file become labels on the words of the stored sentence, however either was split."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from json.encoder import encode_basestring
from typing import NamedTuple

from xprojdb.readers.records import Record
from xprojdb.text.spans import Span


class Placed(NamedTuple):
    """Labels of a stored sentence.

    :param cut: labels that begin or end inside a stored word.
    """

    spans: list[Span]
    cut: list[Span]


def stored_form(words: Sequence[str]) -> str:
    """Words as the table has them."""
    return f"[{','.join(map(encode_basestring, words))}]"


def unspaced(stored: str) -> str:
    """What two sentences share that are split differently and otherwise equal."""
    return stored.replace('","', "")


def place(record: Record, stored: str) -> Placed | None:
    """The labels of a record on the words of a stored sentence.

    Labels that cut a stored word grow to the whole of it, and are among ``cut``.

    :param stored: the stored words, as JSON.
    :returns: None when the words are other ones.
    """
    spans = record.entities or ()
    if stored_form(record.words) == stored:
        return Placed(list(spans), [])
    words: list[str] = json.loads(stored)
    theirs, ours = ["".join(word.split()) for word in record.words], ["".join(word.split()) for word in words]
    if "".join(theirs) != "".join(ours):
        return None
    return _moved(spans, _bounds(theirs), _bounds(ours))


def _bounds(words: Sequence[str]) -> list[int]:
    """(N+1,) where words begin in their text without spaces, in code points."""
    return list(accumulate(map(len, words), initial=0))


def _moved(spans: Sequence[Span], theirs: Sequence[int], ours: Sequence[int]) -> Placed:
    found: list[Span] = []
    cut: list[Span] = []
    for span in spans:
        begin, end = theirs[span.start], theirs[span.end]
        first, last = bisect_right(ours, begin) - 1, bisect_left(ours, end)
        moved = Span(first, last, span.label)
        if found and moved.start < found[-1].end:
            # Grown into the one before: two labels of one word.
            cut.append(span)
            continue
        if (ours[first], ours[last]) != (begin, end):
            cut.append(span)
        found.append(moved)
    return Placed(found, cut)

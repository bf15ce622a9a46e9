"""Convert labels on the words of a file to labels on the words of the stored sentence, however they are split."""

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
    """The labels of a stored sentence.

    :param cut: labels that start or end inside a stored word.
    """

    spans: list[Span]
    cut: list[Span]


def stored_form(words: Sequence[str]) -> str:
    """Words as they are stored in the table."""
    return f"[{','.join(map(encode_basestring, words))}]"


def unspaced(stored: str) -> str:
    """The text without spaces, which is equal for sentences that only differ in how they are split."""
    return stored.replace('","', "")


def place(record: Record, stored: str) -> Placed | None:
    """The labels of a record on the words of a stored sentence.

    Labels that cut a stored word are extended to the whole word, and listed in ``cut``.

    :param stored: the stored words, as JSON.
    :returns: None if the words are different.
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
    """(N+1,) where words start in their text without spaces, in code points."""
    return list(accumulate(map(len, words), initial=0))


def _moved(spans: Sequence[Span], theirs: Sequence[int], ours: Sequence[int]) -> Placed:
    moved_spans: list[Span] = []
    cut: list[Span] = []
    for span in spans:
        begin, end = theirs[span.start], theirs[span.end]
        first, last = bisect_right(ours, begin) - 1, bisect_left(ours, end)
        moved = Span(first, last, span.label)
        if moved_spans and moved.start < moved_spans[-1].end:
            # Extended into the previous one: two labels on one word.
            cut.append(span)
            continue
        if (ours[first], ours[last]) != (begin, end):
            cut.append(span)
        moved_spans.append(moved)
    return Placed(moved_spans, cut)

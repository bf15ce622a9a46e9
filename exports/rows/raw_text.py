"""The text of a sentence and where its words stand in it: as it was imported, or else its words joined by spaces."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from xprojdb.exports.rows.sentences import ProjectedSentence


def placed(words: Sequence[str], text: str | None, offsets: str | None) -> tuple[str, list[int]]:
    """A text and where each of its words begins, in code points.

    :param text: as imported, if it is stored.
    :param offsets: where its words begin, as JSON; without them the words are joined by spaces.
    """
    if text is not None and offsets is not None:
        return text, json.loads(offsets)
    return " ".join(words), list(accumulate((len(word) + 1 for word in words[:-1]), initial=0))


def entities_of(sentence: ProjectedSentence, text: str, starts: Sequence[int]) -> list[dict[str, Any]]:
    """The labels of a sentence by characters: start, end, label, text, score, margin; what people said has no score.

    :param text: and where its words begin: see :func:`placed`.
    """
    found = []
    for each in sorted(sentence.labels, key=lambda each: each.span):
        # A span that leaves its sentence is refused where tags are made.
        last = min(each.end, len(sentence.words)) - 1
        start, end = starts[min(each.start, last)], starts[last] + len(sentence.words[last])
        numbers = {"score": number(each.score), "margin": number(each.margin)}
        found.append({"start": start, "end": end, "label": each.label, "text": text[start:end], **numbers})
    return found


def number(value: float) -> float | None:
    """A score or margin; None for that of a gold label."""
    return None if math.isnan(value) else value

"""The text of a sentence and the positions of its words: as imported, otherwise the words joined by spaces."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from xprojdb.exports.rows.sentences import ProjectedSentence


def placed(words: Sequence[str], text: str | None, offsets: str | None) -> tuple[str, list[int]]:
    """A text and the position of each of its words, in code points.

    :param text: the imported text, if it is stored.
    :param offsets: positions of its words, as JSON; without them the words are joined by spaces.
    """
    if text is not None and offsets is not None:
        return text, json.loads(offsets)
    return " ".join(words), list(accumulate((len(word) + 1 for word in words[:-1]), initial=0))


def entities_of(sentence: ProjectedSentence, text: str, starts: Sequence[int]) -> list[dict[str, Any]]:
    """The labels of a sentence by characters: start, end, label, text, score, margin, annotation.

    Gold labels have no score.

    :param text: the text; ``starts`` holds the positions of its words: see :func:`placed`.
    """
    entities = []
    for label in sorted(sentence.labels, key=lambda label: label.span):
        # Spans that leave their sentence are refused where the tags are built.
        last = min(label.end, len(sentence.words)) - 1
        start, end = starts[min(label.start, last)], starts[last] + len(sentence.words[last])
        about = {"score": number(label.score), "margin": number(label.margin), "annotation": label.annotation}
        entities.append({"start": start, "end": end, "label": label.label, "text": text[start:end], **about})
    return entities


def number(value: float) -> float | None:
    """A score or margin; None for that of a gold label."""
    return None if math.isnan(value) else value

"""Constrained decoding of markers (CODEC, Le et al. 2024, arXiv 2402.03131): where a translation model puts brackets.

The words of the translation are given; only the place of the brackets is open. Of all places of the opening bracket,
those that the marked source makes more probable than the source without brackets are kept, and for each of them every
place of the closing one is scored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from xprojdb.arrays import Floats
from xprojdb.text.words import join_words


class LogProbabilities(Protocol):
    """A translation model, like :class:`xprojdb.models.translators.seq2seq.Seq2Seq`."""

    def log_probabilities(self, texts: Sequence[str], phrases: Sequence[str], source: str, target: str) -> Floats:
        """(N,) log P(phrase | text)."""


def bracketed(words: Sequence[str], start: int, end: int, lang: str) -> str:
    """A sentence as running text with some of its words in brackets."""
    return join_words([*words[:start], "[", *words[start:end], "]", *words[end:]], lang)[0]


def bracket_places(
    model: LogProbabilities,
    source: tuple[Sequence[str], str],
    entity: tuple[int, int],
    target: tuple[Sequence[str], str],
    *,
    openings: int,
    longest: int,
) -> dict[tuple[int, int], float]:
    """The spans of a translation that brackets may go around, with the probability of each among all of them.

    :param source, target: the words of both sides, and their languages.
    :param entity: (start, end) of the entity in the source.
    :param openings: how many places of the opening bracket are kept.
    :param longest: the most words between the brackets.
    """
    (words, lang), (given, other) = target, source
    marked, plain = bracketed(given, *entity, other), join_words(given, other)[0]
    opened = [join_words([*words[:place], "[", *words[place:]], lang)[0] for place in range(len(words))]
    with_brackets = model.log_probabilities([marked] * len(opened), opened, other, lang)
    without = model.log_probabilities([plain] * len(opened), opened, other, lang)
    kept = np.argsort(without - with_brackets, kind="stable")[:openings].tolist()
    spans = [(start, end) for start in sorted(kept) for end in range(start + 1, min(len(words), start + longest) + 1)]
    texts = [bracketed(words, *span, lang) for span in spans]
    logs = model.log_probabilities([marked] * len(texts), texts, other, lang)
    chances = np.exp(logs - logs.max(initial=-np.inf))
    return dict(zip(spans, (chances / chances.sum()).tolist(), strict=True)) if len(spans) else {}

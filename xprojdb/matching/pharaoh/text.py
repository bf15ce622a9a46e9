"""Read the stored links of a single translation."""

from __future__ import annotations


def read_links(text: str) -> list[tuple[int, int, float]]:
    """Read the links of one translation, without loading the compiled reader, which takes longer than reading one.

    :param text: ``0-0 1-2``, or ``0-0:0.97 1-2:0.4``.
    :returns: left word, right word and score of each link; 1 where it has no score.
    """
    return [_link(link) for link in text.split()]


def _link(text: str) -> tuple[int, int, float]:
    words, _, score = text.partition(":")
    left, _, right = words.partition("-")
    return int(left), int(right), float(score or 1)

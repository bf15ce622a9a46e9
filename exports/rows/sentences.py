"""A sentence with its projected labels, as read from the database for export."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from xprojdb.text.spans import Span


class ProjectedLabel(NamedTuple):
    """A label and its support.

    :param votes: the sources that voted for it, if several were combined; otherwise empty.
    """

    start: int
    end: int
    label: str
    score: float
    margin: float
    votes: tuple[str, ...] = ()

    @property
    def span(self) -> Span:
        """Its position and label."""
        return Span(self.start, self.end, self.label)


class ProjectedSentence(NamedTuple):
    """A finished sentence.

    :param item: the key of the step's outcome.
    :param translation_id: the translation that the labels come through; 0 if they come from several.
    :param outcome: ``ok`` or ``empty``.
    :param reason: why it is empty, such as ``no-entities``.
    :param sources: the sentences that the labels come from: ``CORPUS/LANG/ID``, or ``transfer``.
    :param source_langs: their languages, or ``transfer``.
    :param words: not empty.
    :param labels: in word order, not overlapping.
    """

    item: int
    sentence_id: int
    translation_id: int
    corpus: str
    lang: str
    external_id: str
    split: str
    outcome: str
    reason: str | None
    sources: tuple[str, ...]
    source_langs: tuple[str, ...]
    words: Sequence[str]
    labels: Sequence[ProjectedLabel]

    @property
    def name(self) -> str:
        """The sentence as ``xprojdb explain`` takes it: ``CORPUS/LANG/ID``."""
        return f"{self.corpus}/{self.lang}/{self.external_id}"

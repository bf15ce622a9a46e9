"""A sentence with its projected labels, as read from the database for export, and as it is written."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from xprojdb.exports.gold.labels import Annotation
from xprojdb.exports.rows.annotations import LabelAnnotation
from xprojdb.text.spans import Span


class ProjectedLabel(NamedTuple):
    """A label and its support.

    :param score: no number for a gold label.
    :param margin: no number for a gold label.
    :param votes: the sources that voted for it, where several were combined; else empty.
    :param probability: that it is right; no number where it is not asked for.
    :param annotation: who made it.
    """

    start: int
    end: int
    label: str
    score: float
    margin: float
    votes: tuple[str, ...] = ()
    probability: float = math.nan
    annotation: LabelAnnotation = "projected"

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
    :param labels: in the order of their words, not overlapping.
    :param text: as it was before it was split into words, where that is stored.
    :param offsets: where each word begins in it, as JSON.
    :param annotation: who labelled it.
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
    text: str | None = None
    offsets: str | None = None
    annotation: Annotation = "projected"

    @property
    def name(self) -> str:
        """The sentence as ``xprojdb explain`` takes it: ``CORPUS/LANG/ID``."""
        return f"{self.corpus}/{self.lang}/{self.external_id}"


class ExportRow(NamedTuple):
    """One sentence, before it becomes part of a batch of columns.

    :param columns: further columns, such as provenance.
    """

    id: str
    words: Sequence[str]
    spans: Iterable[Span]
    lang: str
    columns: Mapping[str, Any] = {}

"""Markers that carry entities through a translation: put in before it, found again after it.

EasyProject (Chen et al. 2023, arXiv 2211.15613) and the round trip wrap each entity in ``[ ]``, translate the sentence,
translate each entity alone, and give every bracketed span of the translation to the entity whose translation it is most
like. Translators nest, lose, double, move and translate markers; what cannot be recovered is lost with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from xprojdb.errors import InputError
from xprojdb.models.easyproject.assignment import best_assignment
from xprojdb.text.normalization import edit_similarity, fold


class MarkerError(InputError):
    """Words that cannot be marked; fields ``reason`` (``spans`` or ``present``), ``position``, ``value``."""


@dataclass(frozen=True, slots=True)
class Markers:
    """A pair of characters around an entity.

    :param open: the character before it.
    :param close: the character after it.
    :param escape: what stands for the two where the text had them before.
    :param opens: what a translator may write for ``open``.
    :param closes: what it may write for ``close``.
    """

    open: str
    close: str
    escape: tuple[str, str]
    opens: frozenset[str]
    closes: frozenset[str]


SQUARE = Markers("[", "]", ("(", ")"), frozenset("[［【〔〚⟦﹝"), frozenset("]］】〕〛⟧﹞"))
CURLY = Markers("{", "}", ("(", ")"), frozenset("{｛﹛"), frozenset("}｝﹜"))
ANGLE = Markers("<", ">", ("(", ")"), frozenset("<＜〈⟨‹"), frozenset(">＞〉⟩›"))


class Escaped(NamedTuple):
    """A word that looked like a marker in part: its place in the unmarked words, and what it was."""

    position: int
    word: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence to translate.

    :param words: the words, markers being words of their own.
    :param escaped: the words that had markers in them before; they are in ``words`` in another form.
    """

    words: tuple[str, ...]
    escaped: tuple[Escaped, ...]


class FoundMarkers(NamedTuple):
    """An entity found again: half-open word positions, the entity's ordinal, the likeness to its translation."""

    start: int
    end: int
    entity: int
    similarity: float


class LostReason(StrEnum):
    """Why an entity has no span in the marked translation."""

    NO_BRACKETS = "no-brackets"
    """The translation has no pair of markers with words inside."""
    UNLIKE = "unlike"
    """Nothing in markers is like the entity's translation."""
    TAKEN = "taken"
    """What is like it went to another entity that is more like it."""
    OVERLAP = "overlap"
    """What is like it overlaps the span of a likelier entity: markers were nested."""


class LostMarker(NamedTuple):
    """An entity that was not found again, and why."""

    entity: int
    reason: LostReason


@dataclass(frozen=True, slots=True)
class Recovered:
    """A marked translation, read.

    :param words: the words without any markers.
    :param spans: what was found, from left to right.
    :param lost: the entities that were not, by ordinal.
    """

    words: tuple[str, ...]
    spans: tuple[FoundMarkers, ...]
    lost: tuple[LostMarker, ...]


def insert(
    words: Sequence[str], spans: Sequence[tuple[int, int]], markers: Markers = SQUARE, escape: bool = True
) -> Marked:
    """Put markers around spans.

    :param words: the words of the sentence.
    :param spans: (start, end) word positions, half-open, without overlaps, in any order.
    :param escape: write markers that the text had before in another way (``markers.escape``); when false, refuse them.
    :raises MarkerError: when spans are empty, overlap or lie outside the sentence, or the text has markers and they
        may not be escaped.
    """
    _check_spans(len(words), spans)
    opens, closes = {start for start, _ in spans}, {end for _, end in spans}
    marked: list[str] = []
    escaped: list[Escaped] = []
    for position, word in enumerate(words):
        plain = _escaped(word, markers)
        if plain != word:
            escaped.append(Escaped(position, word))
        before = [markers.close] * (position in closes) + [markers.open] * (position in opens)
        marked += [*before, plain]
    marked += [markers.close] * (len(words) in closes)
    if escaped and not escape:
        position, word = escaped[0]
        hint = "choose other markers, or let them be escaped"
        message = f"word {position} has markers in it: {word!r}"
        raise MarkerError(message, hint=hint, reason="present", position=position, value=word)
    return Marked(tuple(marked), tuple(escaped))


def strip(words: Sequence[str], markers: Markers = SQUARE) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Take the markers out, matched or not.

    A word with a marker inside is cut there, as ``"Obama],"`` into ``"Obama"`` and ``","``.

    :returns: the words, and the spans that a pair of markers enclosed, each once, by start and end. A closing
        marker belongs to the last open one, so that of two openings and one closing the inner pair counts.
    """
    plain: list[str] = []
    spans: set[tuple[int, int]] = set()
    waiting: list[int] = []
    for piece in (piece for word in words for piece in _pieces(word, markers)):
        if piece in markers.opens:
            waiting.append(len(plain))
        elif piece not in markers.closes:
            plain.append(piece)
        elif waiting:
            spans.add((waiting.pop(), len(plain)))
    return tuple(plain), tuple(sorted(span for span in spans if span[0] < span[1]))


def recover(
    words: Sequence[str], translations: Sequence[str], markers: Markers = SQUARE, threshold: float = 0.5
) -> Recovered:
    """Find entities again in the translation of a marked sentence.

    Bracketed spans and entities are assigned one to one, with the greatest sum of similarities; among equal sums the
    assignment that keeps the order best. Where assigned spans overlap, the less similar one is undone and its entity
    may have another span.

    :param words: the words of the translation, markers included.
    :param translations: each entity's own translation.
    :param threshold: a span and an entity must be more similar than this: 1 less edit distance by longer length, of
        the folded texts without spaces.
    """
    plain, spans = strip(words, markers)
    likeness = [[_likeness(plain[a:b], text, markers) for a, b in spans] for text in translations]
    allowed = [[value > threshold for value in row] for row in likeness]
    nested: set[int] = set()
    while True:
        choice = best_assignment(_weights(likeness, allowed))
        undone = _worse_of_overlap(spans, choice, likeness)
        if undone is None:
            break
        allowed[undone][choice[undone]] = False
        nested.add(undone)
    found = [FoundMarkers(*spans[s], e, likeness[e][s]) for e, s in enumerate(choice) if s >= 0]
    lost = [
        LostMarker(e, _reason(bool(spans), likeness[e], threshold, e in nested)) for e, s in enumerate(choice) if s < 0
    ]
    return Recovered(plain, tuple(sorted(found)), tuple(lost))


def _check_spans(words: int, spans: Sequence[tuple[int, int]]) -> None:
    last = 0
    for start, end in sorted(spans):
        if not last <= start < end <= words:
            hint = "spans are half-open, within the sentence, and do not overlap"
            message = f"({start}, {end}) cannot be marked in {words} words"
            raise MarkerError(message, hint=hint, reason="spans", position=start, value=(start, end))
        last = end


def _escaped(text: str, markers: Markers) -> str:
    table: dict[str, str | int | None] = dict.fromkeys(markers.opens, markers.escape[0])
    table.update(dict.fromkeys(markers.closes, markers.escape[1]))
    return text.translate(str.maketrans(table))


def _pieces(word: str, markers: Markers) -> list[str]:
    """A word, cut at its markers."""
    if markers.opens.isdisjoint(word) and markers.closes.isdisjoint(word):
        return [word]
    marker = "".join(map(re.escape, sorted(markers.opens | markers.closes)))
    return [piece for piece in re.split(f"([{marker}])", word) if piece]


def _likeness(words: Sequence[str], translation: str, markers: Markers) -> float:
    """How like bracketed words are to an entity's translation; the translator may have put that in markers, too."""
    text = "".join(_escaped(translation, markers).split())
    return edit_similarity(fold("".join("".join(words).split())), fold(text))


def _weights(likeness: list[list[float]], allowed: list[list[bool]]) -> list[list[int]]:
    """Likeness first; then order, by squares of distances in rank, so that of two crossing pairs the uncrossed win."""
    far = max(len(likeness), len(likeness[0]) if likeness else 0)
    unit = far**2 * (len(likeness) + 1) + 1
    weights = []
    for e, (row, oks) in enumerate(zip(likeness, allowed, strict=True)):
        ranks = [far**2 - (e - s) ** 2 for s in range(len(row))]
        values = [round(value * 1e6) * unit + rank for value, rank in zip(row, ranks, strict=True)]
        weights.append([value * ok for value, ok in zip(values, oks, strict=True)])
    return weights


def _worse_of_overlap(
    spans: Sequence[tuple[int, int]], choice: Sequence[int], likeness: list[list[float]]
) -> int | None:
    """The entity with the least similar of two overlapping spans, the later one of equals; None without an overlap."""
    ranked = sorted((e for e, s in enumerate(choice) if s >= 0), key=lambda e: (-likeness[e][choice[e]], e))
    for n, e in enumerate(ranked):
        a, b = spans[choice[e]]
        if any(spans[choice[other]][0] < b and a < spans[choice[other]][1] for other in ranked[:n]):
            return e
    return None


def _reason(any_brackets: bool, likeness: Sequence[float], threshold: float, nested: bool) -> LostReason:
    if not any_brackets:
        return LostReason.NO_BRACKETS
    if max(likeness) <= threshold:
        return LostReason.UNLIKE
    return LostReason.OVERLAP if nested else LostReason.TAKEN

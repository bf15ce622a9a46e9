"""Markers that carry entities through a translation: inserted before it, recovered after it.

EasyProject (Chen et al. 2023, arXiv 2211.15613) and the round trip wrap each entity in ``[ ]``, translate the sentence,
translate each entity on its own, and assign every bracketed span to the entity whose translation it resembles most.
Translators nest, lose, double, move and translate markers; entities that cannot be recovered are lost with a reason.
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
    """A pair of characters that surround an entity.

    :param open: the character before it.
    :param close: the character after it.
    :param escape: replacements for the two where the text already contains them.
    :param opens: characters a translator may write for ``open``.
    :param closes: characters a translator may write for ``close``.
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
    """A word that contained a marker: its position in the unmarked words, and its original form."""

    position: int
    word: str


@dataclass(frozen=True, slots=True)
class Marked:
    """A sentence to translate.

    :param words: the words, with markers as separate words.
    :param escaped: the words that already contained markers, which are escaped in ``words``.
    """

    words: tuple[str, ...]
    escaped: tuple[Escaped, ...]


class FoundMarkers(NamedTuple):
    """A recovered entity: half-open word positions, the entity's ordinal, the similarity to its translation."""

    start: int
    end: int
    entity: int
    similarity: float


class LostReason(StrEnum):
    """Why an entity has no span in the marked translation."""

    NO_BRACKETS = "no-brackets"
    """The translation has no pair of markers, or no closed tag, with words inside."""
    UNLIKE = "unlike"
    """Nothing in markers resembles the entity's translation."""
    TAKEN = "taken"
    """The span that resembles it was assigned to another entity that resembles it more."""
    OVERLAP = "overlap"
    """The span that resembles it overlaps the span of a better match: markers were nested."""
    NO_TAG = "no-tag"
    """Its tag is not in the translation, or has no words inside."""
    UNCLOSED = "unclosed"
    """Its tag opens, but does not close."""


class LostMarker(NamedTuple):
    """An entity that was not recovered, and why."""

    entity: int
    reason: LostReason


@dataclass(frozen=True, slots=True)
class Recovered:
    """A parsed marked translation.

    :param words: the words without any markers.
    :param spans: the recovered entities, from left to right.
    :param lost: the entities that were not recovered, by ordinal.
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
    :param escape: escape markers that the text already contains (``markers.escape``); if false, reject them.
    :raises MarkerError: when spans are empty, overlap or lie outside the sentence, or the text contains markers that
        may not be escaped.
    """
    check_spans(len(words), spans)
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
        hint = "choose other markers, or allow escaping"
        message = f"word {position} contains markers: {word!r}"
        raise MarkerError(message, hint=hint, reason="present", position=position, value=word)
    return Marked(tuple(marked), tuple(escaped))


def strip(words: Sequence[str], markers: Markers = SQUARE) -> tuple[tuple[str, ...], tuple[tuple[int, int], ...]]:
    """Remove all markers, matched or not.

    A word with a marker inside is split there, such as ``"Obama],"`` into ``"Obama"`` and ``","``.

    :returns: the words, and the distinct spans enclosed by a pair of markers, by start and end. A closing
        marker belongs to the last open one, so two opening markers and one closing marker form the inner pair.
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
    """Recover entities from the translation of a marked sentence.

    Bracketed spans and entities are assigned one to one, maximising the sum of similarities and then preferring the
    original order. If assigned spans overlap, the less similar assignment is undone, and its entity
    may get another span.

    :param words: the words of the translation, including markers.
    :param translations: each entity's own translation.
    :param threshold: the similarity a span and an entity must exceed: 1 minus edit distance / longer length, of
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
    recovered = [FoundMarkers(*spans[s], e, likeness[e][s]) for e, s in enumerate(choice) if s >= 0]
    lost = [
        LostMarker(e, _reason(bool(spans), likeness[e], threshold, e in nested)) for e, s in enumerate(choice) if s < 0
    ]
    return Recovered(plain, tuple(sorted(recovered)), tuple(lost))


def check_spans(words: int, spans: Sequence[tuple[int, int]]) -> None:
    """Refuse spans that cannot be marked.

    :param words: how many words the sentence has.
    :raises MarkerError: when spans are empty, overlap, or lie outside the sentence.
    """
    last = 0
    for start, end in sorted(spans):
        if not last <= start < end <= words:
            hint = "spans must be half-open, within the sentence, and must not overlap"
            message = f"({start}, {end}) cannot be marked in {words} words"
            raise MarkerError(message, hint=hint, reason="spans", position=start, value=(start, end))
        last = end


def _escaped(text: str, markers: Markers) -> str:
    table: dict[str, str | int | None] = dict.fromkeys(markers.opens, markers.escape[0])
    table.update(dict.fromkeys(markers.closes, markers.escape[1]))
    return text.translate(str.maketrans(table))


def _pieces(word: str, markers: Markers) -> list[str]:
    """Split a word at its markers."""
    if markers.opens.isdisjoint(word) and markers.closes.isdisjoint(word):
        return [word]
    marker = "".join(map(re.escape, sorted(markers.opens | markers.closes)))
    return [piece for piece in re.split(f"([{marker}])", word) if piece]


def _likeness(words: Sequence[str], translation: str, markers: Markers) -> float:
    """The similarity of bracketed words to an entity's translation, which may contain markers as well."""
    text = "".join(_escaped(translation, markers).split())
    return edit_similarity(fold("".join("".join(words).split())), fold(text))


def _weights(likeness: list[list[float]], allowed: list[list[bool]]) -> list[list[int]]:
    """Similarity first; then order, by squared differences in rank, so that uncrossed pairs beat crossing ones."""
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
    """The entity with the less similar of two overlapping spans (the later one in a tie), or None without overlaps."""
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

"""Convert labels on characters, as annotation tools write them, to labels on words; one place for all tools."""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from xprojdb.readers.label_names import label_fault, trim_tag
from xprojdb.readers.notes import Notes
from xprojdb.readers.records import ReadError, Record, RecordError, check_text, check_words
from xprojdb.text.normalization import normal_form
from xprojdb.text.spans import Span
from xprojdb.text.words import split_words

Nested = Literal["error", "outer", "inner"]


class CharSpan(NamedTuple):
    """A label on ``text[start:end]``, in code points.

    :param text: the text there according to the file, to be checked; None if it does not say.
    """

    start: int
    end: int
    label: str
    text: str | None = None


class Labelled(NamedTuple):
    """A labelled text, as an annotation tool has it.

    :param line: where it starts in the file.
    :param spans: None if nobody has labelled it.
    :param words: where its words start and end, if the file says so; None splits it by the rules of its language.
    """

    line: int
    text: str
    spans: Sequence[CharSpan] | None
    words: Sequence[tuple[int, int]] | None = None
    external_id: str | None = None
    split: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanOptions:
    """How labels on characters become labels on words.

    :param snap: extend a span that cuts a word to the whole word, and count it, instead of refusing it.
    :param nested: if spans overlap, refuse them, or keep one layer of them and count the others: the longest
        (``outer``), or the longest of those that are inside or across these (``inner``).
    :param split_lines: whether each line of a text is a sentence.
    """

    snap: bool = False
    nested: Nested = "error"
    split_lines: bool = False


@dataclass(slots=True)
class SpanFitter:
    """Converts labelled texts to records."""

    file: Path
    language: str
    options: SpanOptions
    notes: Notes = field(default_factory=Notes)

    def records(self, item: Labelled) -> Iterator[Record]:
        """The sentences of a text: one, or one per line.

        :raises ReadError: when a label does not fit.
        """
        for part in self._lines(item) if self.options.split_lines else [item]:
            if part.text.strip():
                yield self._record(part)
            elif part.spans:
                raise self._error(part, part.spans[0], "span-outside", "is in a text without words")
            elif not self.options.split_lines:
                self.notes.add("blank-text", "texts without a word left out", part.line)

    def _lines(self, item: Labelled) -> Iterator[Labelled]:
        self._check_places(item)
        start = 0
        for number, text in enumerate(item.text.split("\n"), 1):
            end = start + len(text)
            spans = None
            if item.spans is not None:
                spans = [self._within(item, span, start, end) for span in item.spans if start <= span.start < end + 1]
            words = item.words and [(a - start, b - start) for a, b in item.words if start <= a < b <= end]
            name = None if item.external_id is None else f"{item.external_id}.{number}"
            yield Labelled(item.line, text, spans, words, name, item.split)
            start = end + 1

    def _within(self, item: Labelled, span: CharSpan, start: int, end: int) -> CharSpan:
        if span.end > end:
            raise self._error(item, span, "span-lines", "crosses the end of its line")
        return CharSpan(span.start - start, span.end - start, span.label, span.text)

    def _check_places(self, item: Labelled) -> None:
        for span in item.spans or ():
            if not 0 <= span.start < span.end <= len(item.text):
                what = f"is not within the {len(item.text)} characters of its text"
                raise self._error(item, span, "span-outside", what)
            if span.text is not None and span.text != item.text[span.start : span.end]:
                there = item.text[span.start : span.end]
                what = f"should be {span.text[:40]!r}, but the text has {there[:40]!r}"
                raise self._error(item, span, "span-text", what, "offsets are counted in Unicode code points from 0")

    def _record(self, item: Labelled) -> Record:
        self._check_places(item)
        try:
            text = check_text(item.text)
            place = _Places(item.text, text)
            bounds = self._bounds(item, text, place)
            words = tuple(text[start:end] for start, end in bounds)
            if item.words is not None or not words:
                words = check_words(words)
        except RecordError as error:
            raise ReadError.at(self.file, error.reason, error.message, line=item.line) from error
        spans = None if item.spans is None else self._spans(item, text, bounds, place)
        offsets = tuple(start for start, _ in bounds)
        return Record(words, spans, text, offsets, item.external_id, item.split, item.line)

    def _bounds(self, item: Labelled, text: str, place: _Places) -> list[tuple[int, int]]:
        if item.words is None:
            return [(word.start, word.end) for word in split_words(text, self.language)]
        bounds = item.words if place.same else [(place(start), place(end)) for start, end in item.words]
        return [(start, end) for start, end in bounds if text[start:end].strip()]

    def _spans(self, item: Labelled, text: str, bounds: Sequence[tuple[int, int]], place: _Places) -> tuple[Span, ...]:
        starts, ends = [start for start, _ in bounds], [end for _, end in bounds]
        spans_with_origin = []
        for span in item.spans or ():
            label = trim_tag(span.label)
            fault = label_fault(label)
            if fault is not None:
                raise self._error(item, span, "label", f"has a label that {fault}", "labels are single words")
            start, end = place(span.start), place(span.end)
            first, last = bisect_right(ends, start), bisect_left(starts, end)
            if first >= last:
                raise self._error(item, span, "span-empty", "contains no word")
            if text[starts[first] : start].strip() or text[end : ends[last - 1]].strip():
                self._cut(item, span, text[starts[first] : ends[last - 1]])
            spans_with_origin.append((Span(first, last, label), span))
        return self._apart(item, spans_with_origin)

    def _cut(self, item: Labelled, span: CharSpan, words: str) -> None:
        if not self.options.snap:
            hint = "correct it, or extend spans to whole words with --snap"
            raise self._error(item, span, "span-cuts-word", f"cuts a word of {words!r}", hint)
        self.notes.add("snapped-span", "spans that cut a word, grown to whole words", item.line)

    def _apart(self, item: Labelled, spans: Sequence[tuple[Span, CharSpan]]) -> tuple[Span, ...]:
        """Spans that do not overlap, in order; if requested, one layer of those that do."""
        kept, others = self._layer(item, spans)
        if self.options.nested == "inner":
            if kept:
                what = "spans left out that are in none and across no longer one (the layer --nested outer)"
                self.notes.add("outer-span", what, item.line, len(kept))
            kept, others = self._layer(item, others)
        elif others and self.options.nested == "error":
            hint = "correct it, or read one layer of such spans: --nested outer, or --nested inner"
            raise self._error(item, others[0][1], "span-overlap", "overlaps another one", hint)
        if others:
            self.notes.add("nested-span", "spans inside or across longer ones left out", item.line, len(others))
        return tuple(kept)

    def _layer(
        self, item: Labelled, spans: Sequence[tuple[Span, CharSpan]]
    ) -> tuple[list[Span], list[tuple[Span, CharSpan]]]:
        """The longest spans that do not overlap, in order; and the others, the longest first."""
        disjoint: list[Span] = []
        others: list[tuple[Span, CharSpan]] = []
        taken: set[int] = set()
        for span, origin in sorted(spans, key=lambda pair: (pair[0].start - pair[0].end, pair[0])):
            places = range(span.start, span.end)
            if taken.isdisjoint(places):
                disjoint.append(span)
                taken.update(places)
            elif span in disjoint:
                self.notes.add("double-span", "spans that stand twice, taken once", item.line)
            else:
                others.append((span, origin))
        return sorted(disjoint), others

    def _error(self, item: Labelled, span: CharSpan, reason: str, what: str, hint: str | None = None) -> ReadError:
        shown = item.text[max(span.start, 0) : max(span.end, 0)][:40]
        named = f" of {item.external_id!r}" if item.external_id is not None else ""
        message = f"the span {span.start}-{span.end} {shown!r} {span.label}{named} {what}"
        return ReadError.at(self.file, reason, message, line=item.line, hint=hint, span=span[:3], id=item.external_id)


class _Places:
    """Maps offsets in the original text to offsets in the stored text, which is in NFC and stripped."""

    def __init__(self, before: str, after: str) -> None:
        self.same = before == after
        self._before = before
        self._length = len(after)
        self._plain = self.same or unicodedata.is_normalized("NFC", before)
        self._lead = 0 if self.same else len(before) - len(before.lstrip())

    def __call__(self, offset: int) -> int:
        if self.same:
            return offset
        lead = self._before[: self._lead]
        if self._plain:
            place = offset - len(lead)
        else:
            place = len(normal_form("NFC", self._before[self._lead : max(offset, self._lead)]))
        return min(max(place, 0), self._length)


def by_utf16(text: str, offset: int) -> int:
    """The code point at an offset in UTF-16 units, as counted by JavaScript or Java."""
    if offset < 0 or text.isascii():
        return offset
    units = text.encode("utf-16-le", "surrogatepass")[: 2 * offset]
    missing = offset - len(units) // 2
    return len(units.decode("utf-16-le", "surrogatepass")) + missing

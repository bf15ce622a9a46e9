"""Labelled spans, and the word-by-word tags that encode them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from xprojdb.errors import InputError

Encoding = Literal["auto", "iob1", "iob2", "bioes"]


class Span(NamedTuple):
    """A labelled half-open span of words.

    :param start: first word, counted from 0.
    :param end: one past the last word.
    :param label: the entity type, such as ``"PER"``.
    """

    start: int
    end: int
    label: str


class TagError(InputError):
    """A tag is invalid at its position; fields ``position`` (of the word), ``tag`` and ``reason`` (a code)."""


class SpanError(InputError):
    """A span cannot be encoded: it is empty, overlapping or outside the sentence; fields ``span``, ``reason``."""


# L(ast) and U(nit) are BILOU's names for E(nd) and S(ingle), M(iddle) is BMES's for I, and W(hole) BMEWO's for S.
_KINDS = {"B": "B", "I": "I", "E": "E", "S": "S", "L": "E", "U": "S", "M": "I", "W": "S"}
_OPEN = ("B", "I")
_REASONS = {
    "prefix": "is neither O nor B-, I-, E- or S- with a label",
    "empty-type": "has no label",
    "encoding": "does not exist in this encoding",
    "inside-after-outside": "continues an entity, but none is open",
    "inside-after-other-type": "continues an entity with another label",
    "needless-begin": "starts with B- without following an entity with the same label (IOB1)",
    "unfinished": "leaves the previous entity without an end (BIOES)",
}


def _tag_error(position: int, tag: str, reason: str) -> TagError:
    message = f"the tag {tag!r} of word {position} {_REASONS[reason]}"
    hint = "check the tag column and the encoding"
    return TagError(message, hint=hint, position=position, tag=tag, reason=reason)


@lru_cache(maxsize=4096)
def _parse(tag: str) -> tuple[str, str] | str:
    """Split a tag into its kind and label; for an invalid tag, return a reason code instead."""
    if tag == "O":
        return "O", ""
    kind = _KINDS.get(tag[:1])
    if kind is None or tag[1:2] not in ("", "-"):
        return "prefix"
    return (kind, tag[2:]) if tag[2:] else "empty-type"


def is_tag(text: str) -> bool:
    """Whether a text is a well-formed tag: ``O``, or a prefix and a label."""
    return not isinstance(_parse(text), str)


def _parts(tags: Sequence[str], position: int) -> tuple[str, str]:
    parts = _parse(tags[position])
    if isinstance(parts, str):
        raise _tag_error(position, tags[position], parts)
    return parts


def spans_from_tags(tags: Sequence[str], encoding: Encoding = "auto", strict: bool = False) -> tuple[Span, ...]:
    """Decode the entities of a tag sequence.

    Without ``strict``, invalid sequences are repaired as in seqeval and conlleval: an ``I-`` that does not follow an
    entity with the same label starts one. This decodes IOB1, IOB2 and BIOES alike, so ``encoding`` only matters for
    ``strict``.

    :param tags: one tag per word: ``O``, or a label after ``B-``, ``I-``/``M-``, ``E-``/``L-``, ``S-``/``U-``/``W-``.
    :param encoding: the encoding to check in strict mode; ``"auto"`` is BIOES if one of its tags occurs, otherwise
        IOB2.
    :param strict: reject sequences that are invalid in the encoding.
    :returns: the spans in order.
    :raises TagError: when a tag has an unknown prefix or no label, or, in strict mode, cannot follow the previous tag.
    """
    if tags.count("O") == len(tags):
        return ()
    positions = [position for position, tag in enumerate(tags) if tag != "O"]
    if strict:
        _check(tags, encoding)
    return _collect(tags, positions)


def _collect(tags: Sequence[str], positions: Sequence[int]) -> tuple[Span, ...]:
    spans: list[Span] = []
    start, end, label, is_open = 0, 0, "", False
    for position in positions:
        kind, current = _parts(tags, position)
        if not (is_open and position == end and current == label and kind in ("I", "E")):
            if is_open:
                spans.append(Span(start, end, label))
            start, label = position, current
        end = position + 1
        is_open = kind in _OPEN
        if not is_open:
            spans.append(Span(start, end, label))
    if is_open:
        spans.append(Span(start, end, label))
    return tuple(spans)


def _check(tags: Sequence[str], encoding: Encoding) -> None:
    parsed = [_parts(tags, position) for position in range(len(tags))]
    has_ends = any(kind in ("E", "S") for kind, _ in parsed)
    if encoding == "auto":
        encoding = "bioes" if has_ends else "iob2"
    rule = {"iob1": _iob1_fault, "iob2": _iob2_fault, "bioes": _bioes_fault}[encoding]
    previous = ("O", "")
    for position, current in enumerate(parsed):
        reason = rule(previous, current)
        if reason is not None:
            raise _tag_error(position, tags[position], reason)
        previous = current
    if encoding == "bioes" and previous[0] in _OPEN:
        raise _tag_error(len(tags) - 1, tags[-1], "unfinished")


def _iob1_fault(previous: tuple[str, str], current: tuple[str, str]) -> str | None:
    if current[0] in ("E", "S"):
        return "encoding"
    return "needless-begin" if current[0] == "B" and previous[1] != current[1] else None


def _iob2_fault(previous: tuple[str, str], current: tuple[str, str]) -> str | None:
    if current[0] in ("E", "S"):
        return "encoding"
    return _inside_fault(previous, current) if current[0] == "I" else None


def _bioes_fault(previous: tuple[str, str], current: tuple[str, str]) -> str | None:
    if current[0] in ("I", "E"):
        return _inside_fault(previous, current)
    return "unfinished" if previous[0] in _OPEN else None


def _inside_fault(previous: tuple[str, str], current: tuple[str, str]) -> str | None:
    if previous[0] not in _OPEN:
        return "inside-after-outside"
    return None if previous[1] == current[1] else "inside-after-other-type"


def tags_from_spans(n_words: int, spans: Iterable[Span]) -> list[str]:
    """Encode spans as IOB2 tags, the inverse of :func:`spans_from_tags`.

    :param n_words: the number of words in the sentence.
    :param spans: its spans, in any order.
    :returns: one tag per word.
    :raises SpanError: when a span is empty, lies outside the sentence, or overlaps another.
    """
    tags = ["O"] * n_words
    for span in spans:
        if not 0 <= span.start < span.end <= n_words:
            raise _span_error(span, n_words, "range")
        if any(tag != "O" for tag in tags[span.start : span.end]):
            raise _span_error(span, n_words, "overlap")
        tags[span.start : span.end] = [f"B-{span.label}"] + [f"I-{span.label}"] * (span.end - span.start - 1)
    return tags


def _span_error(span: Span, n_words: int, reason: str) -> SpanError:
    what = "overlaps another span" if reason == "overlap" else f"lies outside the {n_words} words of its sentence"
    return SpanError(f"the span {span.start}-{span.end} {span.label} {what}", span=span, reason=reason, n_words=n_words)

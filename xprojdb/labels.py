"""Labelled spans, the tags that write them down word by word, and the label sets of the benchmarks."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from xprojdb.errors import InputError, UsageError

Encoding = Literal["auto", "iob1", "iob2", "bioes"]


class Span(NamedTuple):
    """A labelled run of words, half-open.

    :param start: first word, counted from 0.
    :param end: one past the last word.
    :param label: the entity type, such as ``"PER"``.
    """

    start: int
    end: int
    label: str


class TagError(InputError):
    """A tag that cannot stand where it stands; fields ``position`` (of the word), ``tag`` and ``reason`` (a code)."""


class SpanError(InputError):
    """Spans that no tag sequence can write: empty, overlapping or outside the sentence; fields ``span``, ``reason``."""


class UnknownLabel(InputError):
    """A label that is not of the scheme; fields ``label``, ``scheme`` and ``nearest`` (a label of it, or None)."""


# L(ast) and U(nit) are the names that BILOU has for E(nd) and S(ingle).
_KINDS = {"B": "B", "I": "I", "E": "E", "S": "S", "L": "E", "U": "S"}
_OPEN = ("B", "I")
_REASONS = {
    "prefix": "is neither O nor B-, I-, E- or S- with a type",
    "empty-type": "names no entity type",
    "encoding": "does not exist in this encoding",
    "inside-after-outside": "continues an entity, and none is open",
    "inside-after-other-type": "continues an entity of another type",
    "needless-begin": "begins with B- where no entity of its type ends (IOB1)",
    "unfinished": "leaves the entity before it without its last word (BIOES)",
}


def _tag_error(position: int, tag: str, reason: str) -> TagError:
    message = f"the tag {tag!r} of word {position} {_REASONS[reason]}"
    hint = "check that the tag column and the encoding are the right ones"
    return TagError(message, hint=hint, position=position, tag=tag, reason=reason)


@lru_cache(maxsize=4096)
def _parse(tag: str) -> tuple[str, str] | str:
    """Split a tag into its kind and label; a tag that has none gives the reason code instead."""
    if tag == "O":
        return "O", ""
    kind = _KINDS.get(tag[:1])
    if kind is None or tag[1:2] not in ("", "-"):
        return "prefix"
    return (kind, tag[2:]) if tag[2:] else "empty-type"


def is_tag(text: str) -> bool:
    """Whether a text is a well-formed tag: ``O``, or a prefix and a type."""
    return not isinstance(_parse(text), str)


def _parts(tags: Sequence[str], position: int) -> tuple[str, str]:
    parts = _parse(tags[position])
    if isinstance(parts, str):
        raise _tag_error(position, tags[position], parts)
    return parts


def spans_from_tags(tags: Sequence[str], encoding: Encoding = "auto", strict: bool = False) -> tuple[Span, ...]:
    """Read the entities off a tag sequence.

    Without ``strict``, broken sequences are repaired as seqeval (and conlleval) does: an ``I-`` with no entity of its
    type before it begins one. That reads IOB1, IOB2 and BIOES alike, so ``encoding`` matters only for ``strict``.

    :param tags: one tag a word: ``O``, or a type behind ``B-``, ``I-``, ``E-``/``L-``, ``S-``/``U-``.
    :param encoding: what strict reading checks; ``"auto"`` is BIOES where one of its tags occurs and IOB2 elsewhere.
    :param strict: refuse a sequence that the encoding does not allow.
    :returns: the spans, by position.
    :raises TagError: when a tag has an unknown prefix or no type, and in strict mode when a tag cannot follow the last.
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
    """Write spans as IOB2 tags, the inverse of :func:`spans_from_tags`.

    :param n_words: length of the sentence.
    :param spans: spans of it, in any order.
    :returns: one tag a word.
    :raises SpanError: when a span is empty, lies outside the sentence or overlaps another one.
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
    what = "overlaps another span" if reason == "overlap" else f"is not within the {n_words} words of its sentence"
    return SpanError(f"the span {span.start}-{span.end} {span.label} {what}", span=span, reason=reason, n_words=n_words)


def _unknown_label(label: str, scheme: str, known: Iterable[str], hint: str | None = None) -> UnknownLabel:
    by_case = {name.upper(): name for name in known}
    close = difflib.get_close_matches(label.upper(), by_case, n=1)
    nearest = by_case[close[0]] if close else None
    hint = f"did you mean {nearest}?" if nearest else hint or f"it has {', '.join(sorted(by_case.values()))}"
    message = f"the label {label!r} is not one of {scheme}"
    return UnknownLabel(message, hint=hint, label=label, scheme=scheme, nearest=nearest)


@dataclass(frozen=True, slots=True)
class LabelScheme:
    """A named, versioned set of labels.

    :param name: such as ``"conll"``.
    :param version: raised whenever the set changes.
    :param labels: the labels, in their customary order.
    """

    name: str
    version: int
    labels: tuple[str, ...]

    def check(self, spans: Iterable[Span]) -> None:
        """Refuse spans with other labels.

        :raises UnknownLabel: when a label is not of this scheme.
        """
        for span in spans:
            if span.label not in self.labels:
                raise _unknown_label(span.label, self.name, self.labels)

    def to_json(self) -> dict[str, Any]:
        """The scheme as JSON values, equal for equal schemes: what a content digest is made of."""
        return {"name": self.name, "version": self.version, "labels": list(self.labels)}


@dataclass(frozen=True, slots=True)
class LabelMapping:
    """A named, versioned renaming of labels, where a label may also map to nothing.

    :param name: such as ``"ontonotes->conll"``.
    :param version: raised whenever the table changes.
    :param table: pairs of a label and what becomes of it; None drops the span.
    :param others: what to do with a label that the table does not name.
    """

    name: str
    version: int
    table: tuple[tuple[str, str | None], ...]
    others: Literal["error", "keep", "drop"] = "error"

    def apply(self, spans: Iterable[Span]) -> tuple[Span, ...]:
        """Rename the labels of spans, in order, leaving out those that map to nothing.

        :raises UnknownLabel: when the table does not name a label and ``others`` is ``"error"``.
        """
        table = dict(self.table)
        renamed = ((span, self._target(span.label, table)) for span in spans)
        return tuple(Span(span.start, span.end, label) for span, label in renamed if label is not None)

    def apply_to_gold(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Rename the labels of gold as :meth:`apply` does those of a tagger, whose scheme gold need not have.

        A label that the table does not name stays what it is when others become it (PER, which PERSON becomes), and is
        dropped when none does.
        """
        table = dict(self.table)
        made = set(table.values())
        foreign = {span.label for span in spans} - table.keys() if self.others == "error" else set()
        known = table | {label: label if label in made else None for label in foreign}
        return LabelMapping(self.name, self.version, tuple(known.items()), self.others).apply(spans)

    def _target(self, label: str, table: Mapping[str, str | None]) -> str | None:
        if label in table:
            return table[label]
        if self.others == "error":
            raise _unknown_label(label, self.name, table)
        return label if self.others == "keep" else None

    def to_json(self) -> dict[str, Any]:
        """The mapping as JSON values, equal for equal mappings: what a content digest is made of."""
        return {"name": self.name, "version": self.version, "table": dict(sorted(self.table)), "others": self.others}


_CONLL = ("PER", "ORG", "LOC", "MISC")
_WIKIANN = ("PER", "ORG", "LOC")
_MASAKHANER = ("PER", "ORG", "LOC", "DATE")
# fmt: off
_ONTONOTES = (
    "CARDINAL", "DATE", "EVENT", "FAC", "GPE", "LANGUAGE",
    "LAW", "LOC", "MONEY", "NORP", "ORDINAL", "ORG",
    "PERCENT", "PERSON", "PRODUCT", "QUANTITY", "TIME", "WORK_OF_ART",
)
# fmt: on
SCHEMES: Mapping[str, LabelScheme] = {
    name: LabelScheme(name, 1, labels)
    for name, labels in (
        ("conll", _CONLL),
        ("wikiann", _WIKIANN),
        ("masakhaner", _MASAKHANER),
        ("ontonotes", _ONTONOTES),
    )
}

_NAMES: dict[str, str | None] = {"PERSON": "PER", "ORG": "ORG", "GPE": "LOC", "LOC": "LOC", "FAC": "LOC"}
_MISC: dict[str, str | None] = dict.fromkeys(("NORP", "EVENT", "WORK_OF_ART", "PRODUCT", "LAW", "LANGUAGE"), "MISC")
_DATES: dict[str, str | None] = {"DATE": "DATE", "TIME": "DATE"}


def _built_in(name: str, labels: Sequence[str], kept: Mapping[str, str | None]) -> LabelMapping:
    return LabelMapping(name, 1, tuple((label, kept.get(label)) for label in labels))


MAPPINGS: Mapping[str, LabelMapping] = {
    mapping.name: mapping
    for mapping in (
        LabelMapping("identity", 1, (), "keep"),
        _built_in("ontonotes->conll", _ONTONOTES, _NAMES | _MISC),
        _built_in("ontonotes->wikiann", _ONTONOTES, _NAMES),
        _built_in("ontonotes->masakhaner", _ONTONOTES, _NAMES | _DATES),
        _built_in("conll->wikiann", _CONLL, {label: label for label in _WIKIANN}),
        _built_in("masakhaner->wikiann", _MASAKHANER, {label: label for label in _WIKIANN}),
    )
}


def label_scheme(name: str) -> LabelScheme:
    """Look up a built-in scheme: ``conll``, ``wikiann``, ``masakhaner`` or ``ontonotes``.

    :raises UsageError: when there is none of that name; the field ``known`` lists those that are.
    """
    if name not in SCHEMES:
        raise _unknown_name("label scheme", name, SCHEMES)
    return SCHEMES[name]


def label_mapping(
    mapping: str | Mapping[str, str | None], others: Literal["error", "keep", "drop"] = "error"
) -> LabelMapping:
    """Look up a built-in mapping, or make one from a table written in place.

    :param mapping: a name such as ``"ontonotes->conll"`` or ``"identity"``, or a table from labels to labels or None.
    :param others: for a table: what to do with labels that it does not name.
    :returns: the mapping.
    :raises UsageError: when there is none of that name; the field ``known`` lists those that are.
    """
    if not isinstance(mapping, str):
        return LabelMapping("inline", 1, tuple(sorted(mapping.items())), others)
    if mapping not in MAPPINGS:
        raise _unknown_name("label mapping", mapping, MAPPINGS)
    return MAPPINGS[mapping]


def _unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    names = tuple(known)
    return UsageError(f"there is no {kind} {name!r}", hint=f"there are {', '.join(names)}", name=name, known=names)

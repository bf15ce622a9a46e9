"""Span JSON: texts with labels as character offsets, from doccano, Prodigy, spaCy and similar tools."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.readers.json.objects import read_objects
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Reader
from xprojdb.readers.records import ReadError, Record, locate_words
from xprojdb.readers.spans.char_spans import CharSpan, Labelled, SpanFitter, SpanOptions

#: fields of labels, in the order in which they are looked up
LABELS = ("spans", "entities", "ents", "label", "labels", "annotations")
_TEXT = ("text", "sentence")
_STARTS = ("start", "start_offset", "startOffset", "begin")
_ENDS = ("end", "end_offset", "endOffset")
_NAMES = ("label", "labels", "type", "tag", "entity_group", "entity")
_TEXTS = ("text", "value", "word")
_ANSWERS = ("accept", "reject", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanJsonOptions(SpanOptions):
    """Options for span JSON.

    :param text_field: the field of the text; by default ``text`` or ``sentence``.
    :param labels_field: the field of the labels; by default the one of :data:`LABELS` that an object has.
    :param id_field: the field of the id; by default ``id``.
    """

    text_field: str | None = None
    labels_field: str | None = None
    id_field: str | None = None


def read_span_json(
    path: Path, language: str, options: SpanJsonOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the sentences of span JSON: one object per line, or one array.

    Labels are ``[start, end, label]``, or objects with a start, an end and a label under any of their usual names.
    Tokens with a start and an end, as written by Prodigy, are the words; otherwise the text is split. Texts that a
    Prodigy user rejected or ignored are left out and counted.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when the file cannot be read, has no labels, or a label does not fit its text.
    """
    chosen, counted = options or SpanJsonOptions(), notes if notes is not None else Notes()
    fitter = SpanFitter(path, language, chosen, counted)
    parser = _Parser(path, chosen, counted)
    empty = True
    for line, data in read_objects(path):
        item = parser.parse(line, data)
        if item is not None:
            yield from fitter.records(item)
        empty = False
    if empty:
        raise ReadError.at(path, "empty", "there is no sentence in this file", hint="check that it is the right file")


def has_spans(data: Mapping[str, Any]) -> bool:
    """Whether an object looks like span JSON: a text, and labels with offsets."""
    if "tokens" in data and "spans" not in data and "ents" not in data:
        return False
    if not any(isinstance(data.get(name), str) for name in _TEXT):
        return False
    if data.get("answer") in _ANSWERS or isinstance(data.get("spans"), list):
        return True
    values = [data[name] for name in LABELS if isinstance(data.get(name), list)]
    return bool(values) and all(not value or _is_span(value[0]) for value in values)


def _is_span(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) == 3 and all(isinstance(x, int) for x in value[:2]) and isinstance(value[2], str)
    return isinstance(value, dict) and any(name in value for name in _STARTS) and any(name in value for name in _ENDS)


@dataclass(slots=True)
class _Parser:
    """Reads the labels of objects."""

    file: Path
    options: SpanJsonOptions
    notes: Notes
    line: int = 0
    first: bool = True

    def parse(self, line: int, data: Mapping[str, Any]) -> Labelled | None:
        self.line = line
        if data.get("answer") in _ANSWERS[1:]:
            self.notes.add(f"answer-{data['answer']}", f"texts whose answer was {data['answer']!r} left out", line)
            return None
        text = self._text(data)
        spans = self._spans(data)
        words = self._words(data) or self._listed_words(data, text)
        return Labelled(line, text, spans, words, self._name(data), self._split(data))

    def _text(self, data: Mapping[str, Any]) -> str:
        names = (self.options.text_field,) if self.options.text_field else _TEXT
        name = next((name for name in names if name in data), None)
        if name is None:
            names_present = ", ".join(map(repr, data)) or "none"
            hint = "name the field of the text with --text-field"
            raise self._error(names[0], f"missing; the fields are {names_present}", "missing-field", hint)
        if not isinstance(data[name], str):
            raise self._wrong(name, "a text", data[name])
        return str(data[name])

    def _spans(self, data: Mapping[str, Any]) -> list[CharSpan] | None:
        field = self.options.labels_field or self._labels_field(data)
        value = None if field is None else data.get(field)
        if field is None or value is None:
            if data.get("answer") == "accept":
                return []
            self.notes.add("unlabelled", "texts without labels, taken as unlabelled", self.line)
            return None
        if not isinstance(value, list):
            raise self._wrong(field, "a list of labels", value)
        return [self._span(field, span, data) for span in value]

    def _labels_field(self, data: Mapping[str, Any]) -> str | None:
        fields = [name for name in LABELS if name in data]
        full = [name for name in fields if data[name]]
        if len(full) > 1:
            hint = f"name the one to read, such as --labels-field {full[0]}"
            raise self._error(full[1], f"there are labels here and in {full[0]!r}", "labels-field", hint)
        if not fields and self.first and "answer" not in data:
            hint = "name it with --labels-field; for text without labels, use xprojdb import jsonl"
            names_present = ", ".join(map(repr, data))
            raise self._error("spans", f"no field has labels; the fields are {names_present}", "missing-field", hint)
        self.first = False
        return full[0] if full else fields[0] if fields else None

    def _span(self, field: str, value: Any, data: Mapping[str, Any]) -> CharSpan:
        if isinstance(value, list):
            if len(value) != 3:
                raise self._wrong(field, 'a label such as [0, 4, "PER"]', value)
            return self._checked(field, value[0], value[1], value[2], None, value)
        if not isinstance(value, dict):
            raise self._wrong(field, 'a label such as [0, 4, "PER"]', value)
        start, end = _first(value, _STARTS), _first(value, _ENDS)
        if start is None and end is None and "token_start" in value:
            start, end = self._of_tokens(field, value, data)
        label = _first(value, _NAMES)
        if isinstance(label, list) and len(label) == 1:
            label = label[0]
        return self._checked(field, start, end, label, _first(value, _TEXTS), value)

    def _of_tokens(self, field: str, value: Mapping[str, Any], data: Mapping[str, Any]) -> tuple[Any, Any]:
        """The offsets of a span that refers to its first and last token."""
        tokens = data.get("tokens")
        try:
            return tokens[value["token_start"]]["start"], tokens[value["token_end"]]["end"]  # type: ignore[index]
        except (IndexError, KeyError, TypeError) as error:
            raise self._wrong(field, "a label with existing tokens", value) from error

    def _checked(self, field: str, start: Any, end: Any, label: Any, text: Any, whole: Any) -> CharSpan:
        if type(start) is not int or type(end) is not int or not isinstance(label, str):
            raise self._wrong(field, "a label with a start, an end and a name", whole)
        return CharSpan(start, end, label, text if isinstance(text, str) else None)

    def _words(self, data: Mapping[str, Any]) -> list[tuple[int, int]] | None:
        tokens = data.get("tokens")
        if not isinstance(tokens, list) or not tokens or not all(isinstance(token, dict) for token in tokens):
            return None
        words, last = [], 0
        for token in tokens:
            start, end = token.get("start"), token.get("end")
            if type(start) is not int or type(end) is not int or not last <= start <= end:
                raise self._wrong("tokens", "a token with a start and an end, after the previous one", token)
            words.append((start, end))
            last = end
        return [(start, end) for start, end in words if start < end]

    def _listed_words(self, data: Mapping[str, Any], text: str) -> list[tuple[int, int]] | None:
        """Where the words of a field ``words`` stand in the text, as our own export writes it."""
        words = data.get("words")
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            return None
        starts = locate_words(words, text)
        if starts is None:
            raise self._wrong("words", "the words of the text, in order", words)
        return [(start, start + len(word)) for start, word in zip(starts, words, strict=True)]

    def _name(self, data: Mapping[str, Any]) -> str | None:
        field = self.options.id_field or "id"
        value = data.get(field)
        if value is None and isinstance(data.get("meta"), dict) and self.options.id_field is None:
            value = data["meta"].get("id")
        if value is None or isinstance(value, str):
            return value or None
        if type(value) is not int:
            raise self._wrong(field, "a text or an integer", value)
        return str(value)

    def _split(self, data: Mapping[str, Any]) -> str | None:
        value = data.get("split")
        if value is not None and not isinstance(value, str):
            raise self._wrong("split", "a text", value)
        return value or None

    def _wrong(self, field: str, expected: str, value: Any) -> ReadError:
        return self._error(field, f"{expected} is needed, but it is {json.dumps(value)[:60]}", "type")

    def _error(self, field: str, message: str, reason: str, hint: str | None = None) -> ReadError:
        return ReadError.at(self.file, reason, f"field {field!r}: {message}", line=self.line, hint=hint, field=field)


def _first(value: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((value[name] for name in names if name in value), None)


READER = Reader(
    name="span-json",
    title="labels as character offsets: doccano, Prodigy, spaCy",
    command="import spans",
    options=SpanJsonOptions,
    sniff=lambda head: head.object is not None and has_spans(head.object),
    stream=read_span_json,
    rank=50,
)

"""Label Studio's JSON export: tasks with annotations."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.readers.json.objects import read_objects
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Reader
from xprojdb.readers.records import ReadError, Record, locate_words
from xprojdb.readers.spans.char_spans import CharSpan, Labelled, SpanFitter, SpanOptions, by_utf16

_LABELS = ("labels", "hypertextlabels")


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelStudioOptions(SpanOptions):
    """Options for Label Studio's JSON.

    :param text_field: the field of ``data`` with the text; by default ``text``, or the only field with a string.
    :param annotator: read only annotations of this user, by number or e-mail; needed if several people labelled a task.
    """

    text_field: str | None = None
    annotator: str | None = None


def read_label_studio(
    path: Path, language: str, options: LabelStudioOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the tasks of a Label Studio export, which is one array.

    A task without annotations is an unlabelled sentence; its predictions are not read. ``data.id`` is the id, and
    ``data.words``, if present, determines the words. Cancelled annotations are left out and counted.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when the file cannot be read, or an annotation does not fit its text.
    """
    chosen, counted = options or LabelStudioOptions(), notes if notes is not None else Notes()
    fitter = SpanFitter(path, language, chosen, counted)
    empty = True
    for line, task in read_objects(path):
        yield from fitter.records(_Task(path, line, task, chosen, counted).labelled())
        empty = False
    if empty:
        raise ReadError.at(path, "empty", "there is no task in this file", hint="check that it is the right file")


def is_task(value: Mapping[str, Any]) -> bool:
    """Whether an object looks like a task of Label Studio."""
    return isinstance(value.get("data"), dict) and ("annotations" in value or "predictions" in value)


@dataclass(slots=True)
class _Task:
    file: Path
    line: int
    task: Mapping[str, Any]
    options: LabelStudioOptions
    notes: Notes

    def labelled(self) -> Labelled:
        data = self.task.get("data")
        if not isinstance(data, dict):
            raise self._error("data", "an object is needed: export the tasks as JSON, not as JSON-MIN")
        text = self._text(data)
        annotation = self._annotation()
        spans = None if annotation is None else self._spans(annotation, text)
        return Labelled(self.line, text, spans, self._words(data, text), self._name(data), self._split(data))

    def _text(self, data: Mapping[str, Any]) -> str:
        name = self.options.text_field or ("text" if "text" in data else None)
        if name is None:
            texts = [key for key, value in data.items() if isinstance(value, str) and key not in ("id", "split")]
            if len(texts) != 1:
                hint = f"name it with --text-field; the fields are {', '.join(data) or 'none'}"
                raise self._error("data", "which field is the text?", hint)
            name = texts[0]
        if not isinstance(data.get(name), str):
            raise self._error(f"data.{name}", "a text is needed", f"the fields are {', '.join(data) or 'none'}")
        return str(data[name])

    def _words(self, data: Mapping[str, Any], text: str) -> list[tuple[int, int]] | None:
        words = data.get("words")
        if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
            return None
        starts = locate_words(words, text)
        if starts is None:
            raise self._error("data.words", "these are not the words of the text")
        return [(start, start + len(word)) for start, word in zip(starts, words, strict=True)]

    def _annotation(self) -> Mapping[str, Any] | None:
        every = self.task.get("annotations") or []
        if not isinstance(every, list) or not all(isinstance(annotation, dict) for annotation in every):
            raise self._error("annotations", "a list of objects is needed")
        chosen = [annotation for annotation in every if not annotation.get("was_cancelled")]
        if len(chosen) < len(every):
            self.notes.add("cancelled", "cancelled annotations left out", self.line, len(every) - len(chosen))
        if self.options.annotator is not None:
            mine = [
                annotation for annotation in chosen if self.options.annotator in _names(annotation.get("completed_by"))
            ]
            if len(mine) < len(chosen):
                self.notes.add("other-annotator", "annotations of others left out", self.line, len(chosen) - len(mine))
            chosen = mine
        if not chosen:
            self.notes.add("unannotated", "tasks without annotations, taken as unlabelled", self.line)
            return None
        people = {min(_names(annotation.get("completed_by")), default="") for annotation in chosen}
        if len(people) > 1:
            hint = f"choose whose annotations to read: --annotator {sorted(people)[0] or 'NUMBER'}"
            raise self._error("annotations", f"{len(people)} people labelled this task", hint, reason="annotators")
        if len(chosen) > 1:
            self.notes.add(
                "older-annotation", "older annotations of the same person left out", self.line, len(chosen) - 1
            )
        newest: Mapping[str, Any] = max(chosen, key=lambda annotation: str(annotation.get("updated_at") or ""))
        return newest

    def _spans(self, annotation: Mapping[str, Any], text: str) -> list[CharSpan]:
        result = annotation.get("result") or []
        if not isinstance(result, list) or not all(isinstance(entry, dict) for entry in result):
            raise self._error("annotations.result", "a list of objects is needed")
        spans = []
        for entry in result:
            if entry.get("type") in _LABELS:
                spans.append(self._span(entry.get("value"), text))
            else:
                self.notes.add("other-result", "results that are no labels (choices, relations) left out", self.line)
        return spans

    def _span(self, value: Any, text: str) -> CharSpan:
        where = "annotations.result.value"
        if not isinstance(value, dict):
            raise self._error(where, "an object is needed")
        start, end = value.get("start"), value.get("end")
        labels = next((value[name] for name in _LABELS if name in value), None)
        if type(start) is not int or type(end) is not int:
            raise self._error(where, f"a start and an end are needed, but it is {json.dumps(value)[:60]}")
        if not isinstance(labels, list) or len(labels) != 1 or not isinstance(labels[0], str):
            raise self._error(where, f"one label is needed, but it is {json.dumps(value)[:60]}")
        surface = value.get("text") if isinstance(value.get("text"), str) else None
        return self._located(CharSpan(start, end, labels[0], surface), text)

    def _located(self, span: CharSpan, text: str) -> CharSpan:
        """The span; if its offsets only fit as UTF-16 units, they are converted to code points."""
        if span.text is None or text[max(span.start, 0) : max(span.end, 0)] == span.text:
            return span
        start, end = by_utf16(text, span.start), by_utf16(text, span.end)
        if text[max(start, 0) : max(end, 0)] != span.text:
            return span
        self.notes.add("utf-16", "spans whose offsets were counted in UTF-16 units, read as such", self.line)
        return span._replace(start=start, end=end)

    def _name(self, data: Mapping[str, Any]) -> str | None:
        value = data.get("id", self.task.get("id"))
        return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None

    def _split(self, data: Mapping[str, Any]) -> str | None:
        value = data.get("split")
        return value if isinstance(value, str) and value else None

    def _error(self, field: str, message: str, hint: str | None = None, reason: str = "type") -> ReadError:
        message = f"field {field!r}: {message}"
        return ReadError.at(self.file, reason, message, line=self.line, hint=hint, field=field)


def _names(person: Any) -> Sequence[str]:
    """The names of an annotator."""
    if isinstance(person, dict):
        return [str(person[name]) for name in ("id", "email", "username") if person.get(name) not in (None, "")]
    return [] if person is None else [str(person)]


READER = Reader(
    name="label-studio",
    title="the JSON export of Label Studio",
    command="import spans",
    options=LabelStudioOptions,
    sniff=lambda head: head.object is not None and is_task(head.object),
    stream=read_label_studio,
    rank=40,
)

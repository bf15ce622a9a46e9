"""SQuAD's JSON, as XQuAD and MLQA use it: contexts with questions, whose answers are given by character offsets."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xprojdb.readers.json.objects import read_objects
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.spans.char_spans import CharSpan, Labelled, SpanFitter, SpanOptions

#: the label of every answer
LABEL = "ANSWER"
_NESTED = re.compile(r'\{\s*"(?:data|version)"\s*:')
_PARAGRAPHS = re.compile(r'"paragraphs"\s*:\s*\[')
_HINT = 'SQuAD has {"data": [{"paragraphs": [{"context": …, "qas": [{"id": …, "answers": […]}]}]}]}'


@dataclass(frozen=True, slots=True, kw_only=True)
class SquadOptions(SpanOptions):
    """Options for SQuAD's JSON: those of every format of spans."""


def read_squad(
    path: Path, language: str, options: SquadOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Read the questions of a file, each as a record: its context, with the answer as a span :data:`LABEL`.

    A record has the id of its question, which XQuAD (Artetxe et al. 2020, arXiv 1910.11856) and MLQA (Lewis et al.
    2020, arXiv 1910.07475) share across languages; answers of other questions may overlap it. A question without an
    answer has no span. Of several answers the first is read, and the others are counted.

    The file is one object with ``data``, or has an object per question with ``context`` and ``answers``, as the
    ``datasets`` library writes it to JSON lines.

    :param language: of the contexts, by its stored code.
    :raises ReadError: when the file cannot be read, or an answer does not fit its context; field ``at`` says where in
        the object, such as ``data[0].paragraphs[2].qas[1]``.
    """
    chosen, counted = options or SquadOptions(), notes if notes is not None else Notes()
    fitter = SpanFitter(path, language, chosen, counted)
    empty = True
    for line, row in read_objects(path):
        for item in _Questions(path, line, counted).of(row):
            empty = False
            yield from fitter.records(item)
    if empty:
        raise ReadError.at(path, "empty", "there is no question in this file", hint="check that it is the right file")


@dataclass(frozen=True, slots=True)
class _Questions:
    """Reads the questions of one object."""

    file: Path
    line: int
    notes: Notes

    def of(self, row: Mapping[str, Any]) -> Iterator[Labelled]:
        if "data" not in row:
            yield self._question(row, "", row, "")
            return
        for article, place in self._each(row, "data", ""):
            for paragraph, within in self._each(article, "paragraphs", place):
                for question, own in self._each(paragraph, "qas", within):
                    yield self._question(paragraph, within, question, own)

    def _each(self, parent: Mapping[str, Any], field: str, place: str) -> Iterator[tuple[Mapping[str, Any], str]]:
        values, place = parent.get(field), _below(place, field)
        if not isinstance(values, list):
            raise self._wrong(place, "a list", values)
        for number, value in enumerate(values):
            if not isinstance(value, dict):
                raise self._wrong(f"{place}[{number}]", "an object", value)
            yield value, f"{place}[{number}]"

    def _question(self, paragraph: Mapping[str, Any], within: str, question: Mapping[str, Any], place: str) -> Labelled:
        context, name = paragraph.get("context"), question.get("id")
        if not isinstance(context, str):
            raise self._wrong(_below(within, "context"), "a text", context)
        if type(name) not in (str, int) or name == "":
            raise self._wrong(_below(place, "id"), "the id of the question", name)
        answers = list(self._answers(question, place))
        if not answers:
            self.notes.add("unanswered", "questions without an answer, taken as labelled with nothing", self.line)
        elif len(set(answers)) > 1:
            self.notes.add("other-answer", "questions with other answers as well; the first was read", self.line)
        return Labelled(self.line, context, answers[:1], None, str(name))

    def _answers(self, question: Mapping[str, Any], place: str) -> Iterator[CharSpan]:
        value, within = question.get("answers"), _below(place, "answers")
        if isinstance(value, dict):
            texts, starts = value.get("text"), value.get("answer_start")
            if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
                raise self._wrong(within, "as many texts as offsets", value)
            value = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
        for answer, own in self._each({"answers": value}, "answers", place):
            text, start = answer.get("text"), answer.get("answer_start")
            if not isinstance(text, str) or type(start) is not int:
                raise self._wrong(own, "a text and an answer_start", answer)
            yield CharSpan(start, start + len(text), LABEL, text)

    def _wrong(self, place: str, expected: str, value: Any) -> ReadError:
        message = f"{place}: {expected} is needed, but it is {json.dumps(value, ensure_ascii=False)[:60]}"
        return ReadError.at(self.file, "squad", message, line=self.line, hint=_HINT, at=place)


def _below(place: str, field: str) -> str:
    return f"{place}.{field}" if place else field


def _sniff(head: Head) -> bool:
    if _NESTED.match(head.text.lstrip()) and _PARAGRAPHS.search(head.text):
        return True
    row = head.object
    return row is not None and isinstance(row.get("context"), str) and isinstance(row.get("answers"), (list, dict))


READER = Reader(
    name="squad",
    title="SQuAD's JSON: contexts with answers by character offsets",
    command="import spans",
    options=SquadOptions,
    sniff=_sniff,
    stream=read_squad,
    rank=45,
)

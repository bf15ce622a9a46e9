"""WebAnno TSV 3, which INCEpTION reads and writes: one word per line, labels in columns of layers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from xprojdb.readers.files import read_lines
from xprojdb.readers.label_names import label_fault, trim_tag
from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Reader
from xprojdb.readers.records import ReadError, Record, RecordError, check_text, check_words, locate_words
from xprojdb.text.spans import Span

_LAYER = re.compile(r"#T_(SP|CH|RL)=([^|]+)((?:\|.*)?)")
_PLACE = re.compile(r"(\d+)-(\d+)(\.\d+)?", re.ASCII)
_VALUE = re.compile(r"(.*?)(?:\[(\d+)\])?", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)")
_SPLIT = re.compile(r"(?<!\\)\|")
_SENTENCE = re.compile(r"#Sentence\.(\w+)=(.*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebAnnoOptions:
    """Options for WebAnno TSV.

    :param layer: the layer and feature of the labels, such as ``NamedEntity|value``, or a suffix of its name; by
        default named entities, or the only one.
    :param snap: extend a label on part of a word to the whole word, and count it, instead of refusing it.
    """

    layer: str | None = None
    snap: bool = False


def read_webanno(
    path: Path, language: str, options: WebAnnoOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the sentences of a WebAnno TSV file.

    :param language: unused, since words are already separate.
    :raises ReadError: when the file cannot be read or a line is malformed.
    """
    del language
    chosen, counted = options or WebAnnoOptions(), notes if notes is not None else Notes()
    reader = _Reader(path, chosen, counted)
    has_sentence = False
    for line, row in read_lines(path):
        if row.startswith("#") and not _PLACE.match(row):
            reader.remark(line, row)
        elif row.strip():
            reader.word(line, row)
        elif reader.words:
            has_sentence = True
            yield reader.sentence()
    if reader.words:
        has_sentence = True
        yield reader.sentence()
    if not has_sentence:
        raise ReadError.at(path, "empty", "there is no sentence in this file", hint="check that it is the right file")


@dataclass(slots=True)
class _Reader:
    file: Path
    options: WebAnnoOptions
    notes: Notes
    columns: list[str] = field(default_factory=list)
    column: int | None = None
    line: int = 0
    text: list[str] = field(default_factory=list)
    name: str | None = None
    words: list[str] = field(default_factory=list)
    spans: dict[str, tuple[int, int, str, int]] = field(default_factory=dict)

    def remark(self, line: int, row: str) -> None:
        if layer := _LAYER.fullmatch(row):
            features = layer[3].split("|")[1:] or [""]
            self.columns += [f"{layer[2]}|{name}" if layer[1] == "SP" else "" for name in features]
        elif row.startswith("#Text="):
            self.text.append(_unescape(row.removeprefix("#Text=")))
        elif (named := _SENTENCE.fullmatch(row)) and named[1] == "id":
            self.name = named[2].strip() or None
        elif row.startswith("#FORMAT=") and not row.startswith("#FORMAT=WebAnno TSV 3"):
            hint = "export it as WebAnno TSV v3.3"
            raise self._error(line, "format", f"the format {row.removeprefix('#FORMAT=')!r} cannot be read", hint)

    def word(self, line: int, row: str) -> None:
        fields = row.split("\t")
        place = _PLACE.fullmatch(fields[0])
        if place is None or len(fields) < 3:
            shown = row.rstrip("\t")[:40]
            message = f"{shown!r} is not a position, such as 1-1, a tab and 0-4, followed by a tab and a word"
            raise self._error(line, "webanno", message)
        self.column = self._layer(line) if self.column is None else self.column
        if not self.words:
            self.line = line
        if place[3] is None:
            self.words.append(_unescape(fields[2]))
        values = fields[3:]
        if self.column >= len(values):
            raise self._error(line, "columns", f"there is no column {4 + self.column} of the layer")
        self._take(line, values[self.column], place)

    def _layer(self, line: int) -> int:
        layer = self.options.layer
        named = [(at, name) for at, name in enumerate(self.columns) if name]
        if layer is not None:
            columns_found = [at for at, name in named if name.endswith(layer) or name.split("|")[0].endswith(layer)]
        else:
            columns_found = [
                at for at, name in named if name.split("|")[0].endswith("NamedEntity") and name.endswith("|value")
            ]
            columns_found = columns_found or ([named[0][0]] if len(named) == 1 else [])
        if len(columns_found) != 1:
            names = ", ".join(name for _, name in named) or "none"
            raise self._error(line, "layer", f"which layer has the labels? There are {names}", "name it with --layer")
        return columns_found[0]

    def _take(self, line: int, cell: str, place: re.Match[str]) -> None:
        if cell == "_":
            return
        for value in _SPLIT.split(cell):
            match = _VALUE.fullmatch(value)
            label = trim_tag(_unescape(match[1])) if match else value
            number = match[2] if match else None
            fault = "has no value" if label == "*" else label_fault(label)
            if fault is not None:
                raise self._error(
                    line, "label", f"the label {label!r} {fault}", "correct it, or choose another --layer"
                )
            self._add(line, label, number, place)

    def _add(self, line: int, label: str, number: str | None, place: re.Match[str]) -> None:
        if place[3] is not None:
            if not self.options.snap:
                hint = "correct it, or extend labels to whole words with --snap"
                raise self._error(line, "span-cuts-word", f"the label {label!r} cuts the word {self.words[-1:]}", hint)
            self.notes.add("snapped-span", "spans that cut a word, grown to whole words", line)
        at = len(self.words) - 1
        if at < 0:
            raise self._error(line, "webanno", "part of a word before any word")
        key = number or f"{at} {label} {line}"
        start, end, earlier_label, first = self.spans.get(key, (at, at, label, line))
        if earlier_label != label or at > end:
            raise self._error(line, "label", f"the label {label!r} continues no label before it")
        self.spans[key] = (start, at + 1, label, first)

    def sentence(self) -> Record:
        """The sentence read so far, after which another one starts."""
        try:
            words = check_words(self.words)
            text = check_text(" ".join(self.text)) if self.text else None
        except RecordError as error:
            raise self._error(self.line, error.reason, error.message) from error
        record = Record(
            words,
            self._apart(),
            text,
            locate_words(words, text) if text is not None else None,
            external_id=self.name,
            line=self.line,
        )
        self.words, self.text, self.name, self.spans = [], [], None, {}
        return record

    def _apart(self) -> tuple[Span, ...]:
        spans: list[Span] = []
        end = 0
        for start, stop, label, line in sorted(self.spans.values()):
            if spans and (start, stop, label) == spans[-1]:
                self.notes.add("double-span", "spans that stand twice, taken once", line)
                continue
            if start < end:
                raise self._error(line, "span-overlap", f"the label {label!r} overlaps another one")
            spans.append(Span(start, stop, label))
            end = stop
        return tuple(spans)

    def _error(self, line: int, reason: str, message: str, hint: str | None = None) -> ReadError:
        return ReadError.at(self.file, reason, message, line=line, hint=hint)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return _ESCAPED.sub(lambda match: {"t": "\t", "n": "\n", "r": "\r"}.get(match[1], match[1]), text)


READER = Reader(
    name="webanno",
    title="WebAnno TSV 3, of INCEpTION",
    command="import spans",
    options=WebAnnoOptions,
    sniff=lambda head: head.text.startswith("#FORMAT=WebAnno TSV"),
    stream=read_webanno,
    rank=30,
)

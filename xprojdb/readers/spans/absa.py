"""SemEval's XML of aspect-based sentiment analysis: sentences with opinion targets by character offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xprojdb.readers.notes import Notes
from xprojdb.readers.reader import Head, Reader
from xprojdb.readers.records import ReadError, Record
from xprojdb.readers.spans.char_spans import CharSpan, Labelled, SpanFitter, SpanOptions
from xprojdb.readers.xml_stream import XmlStream

#: the label of every opinion target
LABEL = "TARGET"
#: elements that hold a target, and the attribute with its text: SemEval 2015 and 2016, and 2014
_TARGETS: Mapping[str, str] = {"Opinion": "target", "aspectTerm": "term"}
#: elements that say that a sentence has been labelled
_LABELLED = frozenset({"Opinions", "aspectTerms"})
_NONE = "NULL"
_ROOT = re.compile(r"<(?:Reviews|sentences)[\s>]")
_HINT = 'a target has offsets: <Opinion target="fish" from="4" to="8"/>, or <aspectTerm term="fish" …/>'


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsaOptions(SpanOptions):
    """Options for SemEval's XML: those of every format of spans."""


@dataclass(slots=True)
class _Sentence:
    line: int
    name: str | None
    text: list[str] = field(default_factory=list)
    spans: dict[CharSpan, None] = field(default_factory=dict)
    labelled: bool = False


def read_absa(
    path: Path, language: str, options: AbsaOptions | None = None, notes: Notes | None = None
) -> Iterator[Record]:
    """Stream the sentences of a file, with opinion targets as spans :data:`LABEL`.

    The file is that of SemEval 2014 (Pontiki et al., task 4: ``aspectTerm``), or of 2015 and 2016 (``Opinion``), whose
    translations into other languages have the same ids. A target about which there are several opinions is one span; an
    opinion without a target (``NULL``) is none. Sentences without an element for opinions are unlabelled, and counted.

    :param language: of the sentences, by its stored code.
    :raises ReadError: when the file cannot be read, is not XML, declares entities, or a target does not fit its text.
    """
    chosen, counted = options or AbsaOptions(), notes if notes is not None else Notes()
    fitter = SpanFitter(path, language, chosen, counted)
    empty = True
    for sentence in _Parser(path).items():
        empty = False
        if not sentence.labelled:
            counted.add("unlabelled", "sentences without opinions, taken as unlabelled", sentence.line)
        spans = list(sentence.spans) if sentence.labelled else None
        yield from fitter.records(Labelled(sentence.line, "".join(sentence.text), spans, None, sentence.name))
    if empty:
        raise ReadError.at(path, "empty", "there is no sentence in this file", hint="check that it is the right file")


class _Parser(XmlStream[_Sentence]):
    """Converts XML events to sentences."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.sentence: _Sentence | None = None
        self.in_text = False

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "sentence":
            self.sentence = _Sentence(self.line, attributes.get("id") or None)
        elif self.sentence is None:
            return
        elif name == "text":
            self.in_text = True
        elif name in _LABELLED:
            self.sentence.labelled = True
        elif name in _TARGETS:
            self._target(self.sentence, attributes, attributes.get(_TARGETS[name]))

    def _target(self, sentence: _Sentence, attributes: Mapping[str, str], text: str | None) -> None:
        if text is None or text == _NONE:
            return
        try:
            start, end = int(attributes["from"]), int(attributes["to"])
        except (KeyError, ValueError) as error:
            raise self.error("absa", f"the target {text[:40]!r} has no offsets", _HINT) from error
        sentence.spans[CharSpan(start, end, LABEL, text)] = None

    def data(self, text: str) -> None:
        if self.in_text and self.sentence is not None:
            self.sentence.text.append(text)

    def end(self, name: str) -> None:
        if name == "text":
            self.in_text = False
        elif name == "sentence" and self.sentence is not None:
            self.ready.append(self.sentence)
            self.sentence = None


def _sniff(head: Head) -> bool:
    text = head.text.lstrip()
    return text.startswith("<") and bool(_ROOT.search(text[:4096])) and "<text>" in text


READER = Reader(
    name="absa",
    title="SemEval's XML: opinion targets by character offsets",
    command="import spans",
    options=AbsaOptions,
    sniff=_sniff,
    stream=read_absa,
    rank=25,
)

"""WebAnno TSV 3.3, which INCEpTION reads and writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from xprojdb.exports.atomic import Opener
from xprojdb.exports.formats.annotation.sentence import PlacedSentence, placed_sentences, write_texts
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.content import Content

_HEAD = "#FORMAT=WebAnno TSV 3.3\n#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value\n\n\n"
_SPECIAL = re.compile(r"->|[\\\[\]|_;*\t\n\r]")
_NAMED = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}


class WebAnno:
    """Write LANG.SPLIT.tsv (WebAnno TSV 3.3) for INCEpTION."""

    name: ClassVar[str] = "webanno"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file."""
        yield write_texts(content, ".tsv", _pieces(content), folder, opener)


def _pieces(content: Content) -> Iterator[tuple[int, str]]:
    yield 0, _HEAD
    at, entities = 0, 0
    for number, sentence in enumerate(placed_sentences(content), start=1):
        yield 1, _sentence(number, sentence, at, entities)
        at += _units(sentence.text) + 1
        entities += len(sentence.labels)


def _sentence(number: int, sentence: PlacedSentence, at: int, entities: int) -> str:
    """The lines of a sentence.

    :param at: where its text begins in the document, in UTF-16 units.
    :param entities: how many there are in the sentences before it.
    """
    marks: dict[int, tuple[str, str]] = {}
    for place, label in enumerate(sentence.labels, start=entities + 1):
        number_of = f"[{place}]" if label.end - label.start > 1 else ""
        marks |= dict.fromkeys(range(label.start, label.end), (f"*{number_of}", f"{escape(label.label)}{number_of}"))
    lines = [f"#Sentence.id={sentence.id}", f"#Text={escape(sentence.text)}"]
    for position, (word, start) in enumerate(zip(sentence.words, sentence.starts, strict=True)):
        begin = at + _units(sentence.text[:start])
        identifier, value = marks.get(position, ("_", "_"))
        place_of = f"{number}-{position + 1}\t{begin}-{begin + _units(word)}"
        lines.append(f"{place_of}\t{escape(word)}\t{identifier}\t{value}\t")
    return "\n".join(lines) + "\n\n"


def escape(text: str) -> str:
    """A text with a backslash before what WebAnno TSV uses itself."""
    return _SPECIAL.sub(lambda match: _NAMED.get(match[0], f"\\{match[0]}"), text)


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2

"""brat's standoff files, with a third one that keeps the ids and words of the sentences."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from xprojdb.exports.atomic import Opener
from xprojdb.exports.formats.annotation.sentence import PlacedSentence, placed_sentences, write_texts
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.content import Content


class Brat:
    """Write LANG.SPLIT.txt (a sentence a line), LANG.SPLIT.ann and LANG.SPLIT.words.jsonl (ids and words) for brat."""

    name: ClassVar[str] = "brat"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write the three files; the last one is read back with the others."""
        yield write_texts(
            content, ".txt", ((1, f"{sentence.text}\n") for sentence in placed_sentences(content)), folder, opener
        )
        yield write_texts(content, ".ann", _annotations(content), folder, opener)
        yield write_texts(
            content, ".words.jsonl", ((0, _words(sentence)) for sentence in placed_sentences(content)), folder, opener
        )


def _annotations(content: Content) -> Iterator[tuple[int, str]]:
    at, number = 0, 0
    for sentence in placed_sentences(content):
        lines = []
        for entity in sentence.entities:
            number += 1
            start, end = at + entity["start"], at + entity["end"]
            lines.append(f"T{number}\t{entity['label']} {start} {end}\t{entity['text']}\n")
            lines.append(f"#{number}\tAnnotatorNotes T{number}\t{entity['annotation']}\n")
        yield 0, "".join(lines)
        at += len(sentence.text) + 1


def _words(sentence: PlacedSentence) -> str:
    places = [[start, end] for start, end in zip(sentence.starts, sentence.ends, strict=True)]
    return json.dumps({"id": sentence.id, "split": sentence.split, "words": places}, ensure_ascii=False) + "\n"

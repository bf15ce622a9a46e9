"""Labels as character offsets in JSON lines: doccano's, and those of Prodigy and spaCy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from xprojdb.exports.atomic import Opener
from xprojdb.exports.formats.annotation.sentence import PlacedSentence, placed_sentences, write_texts
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.content import Content


class Doccano:
    """Write LANG.SPLIT.jsonl for doccano: text, and labels as [start, end, label]."""

    name: ClassVar[str] = "doccano"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file; fields beside text and labels come back from doccano as they are."""
        yield write_texts(
            content, ".jsonl", (_line(_doccano(sentence)) for sentence in placed_sentences(content)), folder, opener
        )


class Prodigy:
    """Write LANG.SPLIT.jsonl for Prodigy and spaCy: text, tokens and spans."""

    name: ClassVar[str] = "prodigy"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write one file."""
        yield write_texts(
            content, ".jsonl", (_line(_prodigy(sentence)) for sentence in placed_sentences(content)), folder, opener
        )


def _line(row: Mapping[str, Any]) -> tuple[int, str]:
    return 1, json.dumps(row, ensure_ascii=False) + "\n"


def _doccano(sentence: PlacedSentence) -> dict[str, Any]:
    labels = [[entity["start"], entity["end"], entity["label"]] for entity in sentence.entities]
    own = {"id": sentence.id, "text": sentence.text, "label": labels}
    return {**own, "words": sentence.words, "split": sentence.split}


def _prodigy(sentence: PlacedSentence) -> dict[str, Any]:
    rows = zip(sentence.words, sentence.starts, sentence.ends, strict=True)
    tokens = [
        {"text": word, "start": start, "end": end, "id": number, "ws": sentence.text[end : end + 1].isspace()}
        for number, (word, start, end) in enumerate(rows)
    ]
    spans = [
        {"start": entity["start"], "end": entity["end"], "token_start": label.start, "token_end": label.end - 1,
         "label": label.label, "score": entity["score"], "annotation": label.annotation}
        for label, entity in zip(sentence.labels, sentence.entities, strict=True)
    ]  # fmt: skip
    row = {
        "text": sentence.text,
        "tokens": tokens,
        "spans": spans,
        "meta": {"id": sentence.id},
        "split": sentence.split,
    }
    return row if sentence.projected else {**row, "answer": "accept"}

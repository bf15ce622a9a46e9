"""Tasks for Label Studio, and the configuration of a project for them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar
from xml.sax.saxutils import quoteattr

from xprojdb.exports.atomic import Opener
from xprojdb.exports.formats.annotation.sentence import PlacedSentence, placed_sentences, write_texts
from xprojdb.exports.formats.conll import WrittenFile
from xprojdb.exports.rows.content import Content


class LabelStudio:
    """Write LANG.SPLIT.json (tasks) and LANG.SPLIT.xml (labelling configuration) for Label Studio."""

    name: ClassVar[str] = "label-studio"
    provenance: ClassVar[bool] = True
    options: ClassVar[Mapping[str, Any]] = {}

    def write(self, folder: Path, content: Content, opener: Opener) -> Iterator[WrittenFile]:
        """Write both files; projected labels are predictions, gold ones annotations."""
        yield write_texts(content, ".json", _tasks(content), folder, opener)
        yield write_texts(content, ".xml", iter([(0, _configuration(content.selection.labels))]), folder, opener)


def _tasks(content: Content) -> Iterator[tuple[int, str]]:
    number = 0
    for number, sentence in enumerate(placed_sentences(content), start=1):
        yield 1, ("[\n" if number == 1 else ",\n") + json.dumps(_task(sentence), ensure_ascii=False)
    yield 0, "\n]\n" if number else "[]\n"


def _task(sentence: PlacedSentence) -> dict[str, Any]:
    data = {"id": sentence.id, "text": sentence.text, "words": sentence.words, "split": sentence.split}
    if sentence.sources:
        data["source"] = sentence.sources[0]
    result = [_result(sentence.id, number, entity) for number, entity in enumerate(sentence.entities, start=1)]
    if not sentence.projected:
        return {"data": data, "annotations": [{"result": result}]}
    score = {"score": min(entity["score"] for entity in sentence.entities)} if sentence.entities else {}
    return {"data": data, "predictions": [{"model_version": f"xprojdb:{sentence.step[:8]}", **score, "result": result}]}


def _result(name: str, number: int, entity: Mapping[str, Any]) -> dict[str, Any]:
    value = {name: entity[name] for name in ("start", "end", "text")}
    score = {} if entity["score"] is None else {"score": entity["score"]}
    where = {"from_name": "label", "to_name": "text", "type": "labels", **_origin(entity["annotation"])}
    return {"id": f"{name}#{number}", **where, **score, "value": {**value, "labels": [entity["label"]]}}


def _origin(annotation: str) -> dict[str, Any]:
    """Who made a label, in Label Studio's terms, and as the note that it shows beside the label."""
    made = "prediction" if annotation in ("projected", "voted") else "manual"
    return {"origin": made, "meta": {"text": [annotation]}}


def _configuration(labels: Sequence[str]) -> str:
    values = "".join(f"    <Label value={quoteattr(label)}/>\n" for label in labels)
    text = '  <Text name="text" value="$text" granularity="word"/>\n'
    return f'<View>\n  <Labels name="label" toName="text">\n{values}  </Labels>\n{text}</View>\n'

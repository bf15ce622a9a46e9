"""Writers of annotation tools' formats, as plain as can be: what the tests of readers read back."""

from __future__ import annotations

import json
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Sample:
    """A sentence: its words, joined by single spaces, and labels on runs of words."""

    words: list[str]
    spans: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(self.words)

    def chars(self) -> list[tuple[int, int, str]]:
        """The labels as character offsets."""
        starts = [sum(len(word) + 1 for word in self.words[:at]) for at in range(len(self.words))]
        return [(starts[a], starts[b - 1] + len(self.words[b - 1]), label) for a, b, label in self.spans]


def units(text: str, at: int) -> int:
    """An offset in UTF-16 units."""
    return len(text[:at].encode("utf-16-le")) // 2


def tokens(sample: Sample) -> list[dict[str, object]]:
    result, at = [], 0
    for number, word in enumerate(sample.words):
        result.append({"text": word, "start": at, "end": at + len(word), "id": number, "ws": True})
        at += len(word) + 1
    return result


def doccano(samples: list[Sample], name: str = "label") -> str:
    rows = [{"id": n, "text": s.text, name: [list(c) for c in s.chars()]} for n, s in enumerate(samples, 1)]
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def doccano_entities(samples: list[Sample]) -> str:
    rows = [
        {"id": n, "text": s.text, "relations": [],
         "entities": [
             {"id": i, "start_offset": a, "end_offset": b, "label": x} for i, (a, b, x) in enumerate(s.chars())
         ]}
        for n, s in enumerate(samples, 1)
    ]  # fmt: skip
    return json.dumps(rows, ensure_ascii=False, indent=1)


def prodigy(samples: list[Sample]) -> str:
    rows = [
        {"text": s.text, "tokens": tokens(s), "answer": "accept", "meta": {"id": str(n)},
         "spans": [{"start": a, "end": b, "label": x} for a, b, x in s.chars()]}
        for n, s in enumerate(samples, 1)
    ]  # fmt: skip
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def label_studio(samples: list[Sample]) -> str:
    rows = []
    for n, s in enumerate(samples, 1):
        result = [
            {"type": "labels", "value": {"start": a, "end": b, "text": s.text[a:b], "labels": [x]}}
            for a, b, x in s.chars()
        ]
        annotations = [{"completed_by": 1, "result": result, "was_cancelled": False}]
        rows.append({"id": n, "data": {"text": s.text, "words": s.words}, "annotations": annotations})
    return json.dumps(rows, ensure_ascii=False)


def webanno(samples: list[Sample]) -> str:
    out = "#FORMAT=WebAnno TSV 3.3\n"
    out += "#T_SP=de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity|identifier|value\n\n\n"
    at = 0
    for n, s in enumerate(samples, 1):
        out += f"#Sentence.id={n}\n#Text={_escape(s.text)}\n"
        marks = {}
        for number, (a, b, label) in enumerate(s.spans, 1):
            marks |= dict.fromkeys(range(a, b), f"{label}[{number}]" if b - a > 1 else label)
        for i, word in enumerate(s.words):
            end = at + units(word, len(word))
            value = marks.get(i, "_")
            here = "_" if value == "_" else "*" + value[len(value.split("[")[0]) :]
            out += f"{n}-{i + 1}\t{at}-{end}\t{_escape(word)}\t{here}\t{value}\t\n"
            at = end + 1
        out += "\n"
    return out


def _escape(text: str) -> str:
    return "".join("\\" + c if c in "\\[]|_->;*" else c for c in text)


def conllu(samples: list[Sample]) -> str:
    out = ""
    for n, s in enumerate(samples, 1):
        tags = ["O"] * len(s.words)
        for a, b, label in s.spans:
            tags[a:b] = [f"B-{label}"] + [f"I-{label}"] * (b - a - 1)
        out += f"# sent_id = {n}\n# text = {s.text}\n1-2\tx\t_\t_\t_\t_\t_\t_\t_\t_\n"
        for i, (word, tag) in enumerate(zip(s.words, tags, strict=True), 1):
            out += "\t".join([str(i), word, *"_______", f"Lang=x|NE={tag}" if i % 2 or tag != "O" else "_"]) + "\n"
        out += "\n"
    return out


def brat(samples: list[Sample]) -> tuple[str, str]:
    """The text and the annotations."""
    text, rows, number = "", "", 0
    for s in samples:
        for a, b, label in s.chars():
            number += 1
            rows += f"T{number}\t{label} {len(text) + a} {len(text) + b}\t{s.text[a:b]}\n"
        text += s.text + "\n"
    return text, rows + "#1\tAnnotatorNotes T1\tcheck\n"

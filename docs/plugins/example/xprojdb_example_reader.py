"""A reader: one sentence per line, its entities in brackets, as the exporter of this package writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from xprojdb.plugins import Head, Notes, Reader, ReadError, Record, Span

_PIECE = re.compile(r"\[([^\[\]]+) (\w+)\]|([^\s\[\]]+)|(\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class BracketsOptions:
    """The options of the reader: none."""


def read_brackets(path: Path, language: str, options: BracketsOptions, notes: Notes) -> Iterator[Record]:  # noqa: ARG001
    """Stream the sentences of a file."""
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            words: list[str] = []
            spans: list[Span] = []
            for inside, label, word, stray in _PIECE.findall(line):
                if stray:
                    raise ReadError.at(path, "stray-bracket", f"the bracket {stray} has no partner", line=number)
                start = len(words)
                words += inside.split() if inside else [word]
                if inside:
                    spans.append(Span(start, len(words), label))
            yield Record(tuple(words), tuple(spans), line=number)


def looks_like_brackets(head: Head) -> bool:
    """Whether the beginning of a file has an entity in brackets."""
    return any(label for line in head.lines[:20] for _, label, _, _ in _PIECE.findall(line))


READER = Reader(
    name="brackets",
    title="sentences with entities in brackets",
    command="import file",
    options=BracketsOptions,
    sniff=looks_like_brackets,
    stream=read_brackets,
    suffixes=(".brackets",),
    rank=110,
)

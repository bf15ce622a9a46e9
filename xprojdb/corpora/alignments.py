"""Read files of word alignments: Pharaoh format, a translation a line, with or without ids and scores."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from xprojdb.corpora.files import read_lines
from xprojdb.corpora.records import ReadError

_LINK = re.compile(r"(\d{1,6})-(\d{1,6})(?::(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))?", re.ASCII)

Link = tuple[int, int, float]


class AlignmentLine(NamedTuple):
    """The links of one translation.

    :param line: its number in the file, from 1.
    :param id: the id before the tab, or None in a file without ids.
    :param links: left word, right word, and score: 1 where the file has none. Sorted, each pair of words once.
    """

    line: int
    id: str | None
    links: list[Link]


def read_alignments(path: Path, *, ids: bool = False) -> Iterator[AlignmentLine]:
    """Read a file such as fast_align, awesome-align, SimAlign or eflomal write: ``0-0 1-2``, or ``0-0:0.97 1-2:0.4``.

    An empty line is a translation without links.

    :param ids: each line begins with the id of a sentence and a tab.
    :raises ReadError: when the file cannot be read, or a line is malformed.
    """
    for number, text in read_lines(path):
        name, tab, links = text.partition("\t") if ids else (None, "\t", text)
        if not tab or name == "":
            hint = "each line has the id of a sentence, a tab and links"
            raise ReadError.at(path, "no-id", "the line has no id before a tab", line=number, hint=hint)
        found: dict[tuple[int, int], float] = {}
        for left, right, score in (_link(path, number, link) for link in links.split()):
            found[left, right] = max(score, found.get((left, right), 0.0))
        yield AlignmentLine(number, name, [(*cell, score) for cell, score in sorted(found.items())])


def _link(path: Path, number: int, text: str) -> Link:
    found = _LINK.fullmatch(text)
    score = 1.0 if found is None or found[3] is None else float(found[3])
    if found is None or score > 1:
        hint = 'write links as "0-0 1-2", or with scores up to 1 as "0-0:0.97 1-2:0.4"'
        raise ReadError.at(path, "pharaoh", f"{text[:40]!r} is no link", line=number, hint=hint)
    return int(found[1]), int(found[2]), score

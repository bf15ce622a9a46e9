"""Read files of word alignments: Pharaoh format, one translation per line, with or without ids and scores."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xprojdb.matching.arrays import offsets
from xprojdb.matching.pharaoh.lines import LinkLines, read_link_lines
from xprojdb.readers.files import read_blocks
from xprojdb.readers.records import ReadError

#: lines read at a time
BLOCK = 5_000
_LINK = re.compile(r"(\d{1,6})-(\d{1,6})(?::(\d+(?:\.\d*)?(?:[eE][-+]?\d+)?))?", re.ASCII)

Link = tuple[int, int, float]


class AlignmentLines(NamedTuple):
    """Consecutive lines.

    :param first: the number of the first in the file, counted from 1.
    :param ids: the id before the tab in each line; None for a file without ids.
    :param links: left word, right word and score, 1 if the file has none; sorted, each pair once per line.
    """

    first: int
    ids: list[str] | None
    links: LinkLines

    def __len__(self) -> int:
        return len(self.links.ptr) - 1


def read_alignments(path: Path, *, ids: bool = False) -> Iterator[AlignmentLines]:
    """Read a file as written by fast_align, awesome-align, SimAlign or eflomal: ``0-0 1-2``, or ``0-0:0.97 1-2:0.4``.

    An empty line is a translation without links.

    :param ids: whether each line starts with the id of a sentence and a tab.
    :raises ReadError: when the file cannot be read, or a line is malformed.
    """
    for begin, text in read_blocks(path, b"\n"):
        lines = text.removesuffix("\n").split("\n")
        for place in range(0, len(lines), BLOCK):
            first, part = begin + place, lines[place : place + BLOCK]
            names = None
            if ids:
                names, part = _parted(path, first, part)
            yield AlignmentLines(first, names, _links(path, first, part))


def _parted(path: Path, first: int, lines: Sequence[str]) -> tuple[list[str], list[str]]:
    """The ids of lines, and the rest of each line."""
    parted = [line.partition("\t") for line in lines]
    for number, (name, tab, _) in enumerate(parted, first):
        if not tab or not name:
            hint = "each line needs the id of a sentence, a tab and links"
            raise ReadError.at(path, "no-id", "the line has no id before a tab", line=number, hint=hint)
    return [name for name, _, _ in parted], [links for _, _, links in parted]


def _links(path: Path, first: int, lines: Sequence[str]) -> LinkLines:
    read = read_link_lines("\n".join([*lines, ""]), len(lines))
    return _read_one_by_one(path, first, lines) if read is None else read


def _read_one_by_one(path: Path, first: int, lines: Sequence[str]) -> LinkLines:
    """Lines with a malformed one, which is reported, or with anything unusual: long decimals, other white space."""
    links_by_line = [[_link(path, number, link) for link in line.split()] for number, line in enumerate(lines, first)]
    links = [link for line in links_by_line for link in line]
    left, right = (np.array([link[side] for link in links], np.int32) for side in (0, 1))
    score = np.array([link[2] for link in links], np.float32)
    return LinkLines(offsets([len(line) for line in links_by_line]), left, right, score).in_order()


def _link(path: Path, number: int, text: str) -> Link:
    match = _LINK.fullmatch(text)
    score = 1.0 if match is None or match[3] is None else float(match[3])
    if match is None or score > 1:
        hint = 'write links as "0-0 1-2", or with scores up to 1 as "0-0:0.97 1-2:0.4"'
        raise ReadError.at(path, "pharaoh", f"{text[:40]!r} is not a link", line=number, hint=hint)
    return int(match[1]), int(match[2]), score

"""The ids and words of a brat document that was exported: a file beside it, a line for each of its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

from xprojdb.readers.json.objects import read_objects
from xprojdb.readers.records import ReadError, Record


@dataclass(frozen=True, slots=True)
class ExportedWords:
    """What an export said of the lines of a document.

    :param places: where words begin and end, in code points of the document.
    :param ids: of each line.
    :param splits: of each line.
    """

    places: Sequence[tuple[int, int]]
    ids: Sequence[str]
    splits: Sequence[str]

    def named(self, record: Record) -> Record:
        """A record with the id and the split of its line."""
        return replace(record, external_id=self.ids[record.line - 1], split=self.splits[record.line - 1])


def exported_words(path: Path, text: str) -> ExportedWords | None:
    """Read the file.

    :param path: of the file; None is returned when there is none.
    :param text: of the document.
    :raises ReadError: when it is damaged, or the document has other lines.
    """
    if not path.is_file():
        return None
    lines = text.removesuffix("\n").split("\n")
    begins = accumulate((len(line) + 1 for line in lines), initial=0)
    rows = list(read_objects(path))
    if len(rows) != len(lines):
        hint = "export the sentences again, or delete this file to split the text into words anew"
        message = f"{len(rows)} lines, and the document has {len(lines)}: lines were added or removed"
        raise ReadError.at(path, "length", message, hint=hint)
    sentences = [_row(path, number, row, line) for (number, row), line in zip(rows, lines, strict=True)]
    places = [(begin + a, begin + b) for begin, (_, _, own) in zip(begins, sentences, strict=False) for a, b in own]
    return ExportedWords(places, [name for name, _, _ in sentences], [split for _, split, _ in sentences])


def _row(path: Path, number: int, row: Any, line: str) -> tuple[str, str, list[tuple[int, int]]]:
    name, split, words = row.get("id"), row.get("split"), row.get("words")
    sound = isinstance(name, str) and isinstance(split, str) and isinstance(words, list)
    if not sound or not all(_is_place(place, len(line)) for place in words):
        hint = "export the sentences again, or delete this file to split the text into words anew"
        raise ReadError.at(path, "words", "not the ids and words of this document", line=number, hint=hint)
    return name, split, [(a, b) for a, b in words]


def _is_place(place: Any, length: int) -> bool:
    whole = isinstance(place, list) and len(place) == 2 and all(type(offset) is int for offset in place)
    return whole and 0 <= place[0] < place[1] <= length

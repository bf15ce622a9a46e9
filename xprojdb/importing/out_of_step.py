"""Tell where parallel files are out of step, so that sentences are joined with translations of others."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, source_file, translation
from xprojdb.importing.corpus_files import FileReport
from xprojdb.readers.notes import Note
from xprojdb.text.line_shift import WINDOW, anchors, shift_of

#: the most windows that are looked at, spread over a file: a large file costs no more than a small one
_WINDOWS = 60
_left, _right = sentence.alias("left_side"), sentence.alias("right_side")


class _Shift(NamedTuple):
    """Sentences that are out of step.

    :param first: the number of the first, from 0.
    :param sentences: for how many its window stands.
    :param places: by how many they are late.
    """

    first: int
    sentences: int
    places: int


def note_shifts(connection: Connection, corpus_id: int, files: Sequence[FileReport]) -> None:
    """Add notes to the files whose sentences fit those of the first file better some places away.

    Names and numbers that both languages write alike tell it; where there are none, nothing is told.

    :param files: parallel files whose sentences are linked, originals first.
    """
    first, *others = files
    key = _file_id(connection, corpus_id, first)
    for file in others:
        found = list(_shifts(connection, key, _file_id(connection, corpus_id, file)))
        for places in sorted({shift.places for shift in found}):
            own = [shift for shift in found if shift.places == places]
            told = _told(first.lang, own[0].first, places)
            file.notes[f"out-of-step:{places}"] = Note(told, sum(shift.sentences for shift in own))


def _told(lang: str, start: int, places: int) -> str:
    by = f"{abs(places)} place{'s' if abs(places) > 1 else ''} {'earlier' if places > 0 else 'later'}"
    return f"sentences that seem to fit {lang} better {by} (from about number {start + 1} on; is a line missing there?)"


def _file_id(connection: Connection, corpus_id: int, file: FileReport) -> int:
    own = (source_file.c.corpus_id == corpus_id, source_file.c.lang == file.lang, source_file.c.part == file.part)
    return int(connection.execute(select(source_file.c.id).where(*own)).scalar_one())


def _shifts(connection: Connection, left: int, right: int) -> Iterator[_Shift]:
    """The windows of two files that are out of step."""
    low, high, count = connection.execute(
        select(func.min(sentence.c.id), func.max(sentence.c.id), func.count()).where(sentence.c.source_file_id == left)
    ).one()
    windows = min(count // WINDOW, _WINDOWS)
    for window in range(windows):
        start = window * count // windows
        rows = _window(connection, left, right, low + start * (high - low + 1) // count)
        sides = ([anchors(json.loads(row[side])) for row in rows] for side in (0, 1))
        if len(rows) == WINDOW and (places := shift_of(*sides)):
            yield _Shift(start, count // windows, places)


def _window(connection: Connection, left: int, right: int, start: int) -> list[bulk.Row]:
    """The words of sentences and of their counterparts, from a key on."""
    joined = (translation.c.original_id == _left.c.id, translation.c.rendering_id == _right.c.id)
    files = (_left.c.source_file_id == left, _right.c.source_file_id == right)
    query = select(_left.c.words, _right.c.words).where(*joined, *files, _left.c.id >= start)
    return bulk.fetch(connection, query.order_by(_left.c.id).limit(WINDOW))

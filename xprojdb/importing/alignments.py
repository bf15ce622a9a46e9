"""Import word alignments from other tools into a step of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, exists, select

from xprojdb.arrays import Flags, Longs
from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import alignment, corpus, outcome
from xprojdb.errors import UsageError
from xprojdb.importing.corpus_files import ImportRefused
from xprojdb.importing.line_order import TranslationLine, TranslationLines
from xprojdb.importing.seen import Seen
from xprojdb.matching.pharaoh.lines import link_texts
from xprojdb.readers.parallel.alignments import AlignmentLines, read_alignments
from xprojdb.steps.align.imported import imported_spec
from xprojdb.steps.spec import GOLD, find_step, register_step

_ALIGNMENT = ("step_id", "translation_id", "links")
_OUTCOME = ("step_id", "item_id", "status", "reason", "run_id")


@dataclass(frozen=True)
class AlignmentFile:
    """A file of alignments and what it aligns.

    :param langs: the languages of the left and right words, regardless of which is the original.
    :param name: the name by which recipes refer to the alignments.
    :param part: only translations of this part of the corpus; by default all between the two languages.
    :param ids: whether lines name the sentence in the first language; otherwise they are in import order.
    """

    path: Path
    corpus: str
    langs: tuple[str, str]
    name: str
    part: str | None = None
    ids: bool = False


@dataclass(slots=True)
class AlignmentReport:
    """What an import of alignments did: lines in the file, new lines, and links in those."""

    name: str
    lines: int = 0
    added: int = 0
    links: int = 0


class _Placed(NamedTuple):
    """N lines with the translation of each, and the links as they are stored.

    :param line: (N,) line numbers in the file.
    :param key: (N,) keys of translations.
    :param links: (N,) number of links.
    :param text: the N texts.
    """

    line: Longs
    key: Longs
    links: Longs
    text: list[str]

    def only(self, selected: Flags) -> _Placed:
        """The rows selected by a mask."""
        texts = [self.text[row] for row in np.flatnonzero(selected).tolist()]
        return _Placed(self.line[selected], self.key[selected], self.links[selected], texts)


def import_alignments(database: Database, file: AlignmentFile, *, command: str = "import") -> AlignmentReport:
    """Import all of a file, or nothing if anything is wrong with it. What is already stored is not added again.

    :raises ReadError: when it cannot be read.
    :raises ImportRefused: when a link lies outside its sentence, a line has no translation, the numbers of lines and
        translations differ, or other links are stored under the name; fields ``file`` and ``line``.
    :raises UsageError: when there is no such corpus, or no translation between the languages.
    """
    report = AlignmentReport(file.name)
    with database.write() as connection, bulk.uncollected():
        placing = _Placing(file, _translations(connection, file))
        step_id = register_step(connection, imported_spec(file.name))
        run_id = begin_run(connection, command)
        for lines in read_alignments(file.path, ids=file.ids):
            placed = _placed(file, lines, placing.of(lines))
            new = _unstored(connection, file, step_id, placed)
            _write(connection, step_id, run_id, new)
            report.lines += len(lines)
            report.added += len(new.text)
            report.links += int(new.links.sum())
        placing.end(report.lines)
        if report.added:
            end_run(connection, run_id, "done", {"alignments": report.added})
        else:
            connection.rollback()
    return report


def _translations(connection: Connection, file: AlignmentFile) -> TranslationLines:
    corpus_id = connection.execute(select(corpus.c.id).where(corpus.c.name == file.corpus)).scalar()
    if corpus_id is None:
        raise UsageError(f"there is no corpus {file.corpus!r}", hint="xprojdb status lists them", corpus=file.corpus)
    return TranslationLines(connection, corpus_id, find_step(connection, GOLD) or 0, file.langs, file.part)


class _Placing:
    """Finds the translation of each line, by its id or as the next one in import order.

    :raises UsageError: when there are no translations between the languages.
    """

    def __init__(self, file: AlignmentFile, places: TranslationLines) -> None:
        self.file = file
        self.places = places
        rest = places.in_order()
        first = next(rest, None)
        if first is None:
            raise _nothing(file)
        self._rest = chain([first], rest)
        self._seen = Seen()

    def of(self, lines: AlignmentLines) -> list[TranslationLine]:
        """The translations of the next lines.

        :raises ImportRefused: when one has none.
        """
        if lines.ids is None:
            return self._next(lines)
        by_id, translations = self.places.by_id(lines.ids), []
        for number, name in enumerate(lines.ids, lines.first):
            place = by_id.get(name)
            if place is None or not self._seen.add(place.key):
                message = f"there is no translation for {name!r}, or it has two lines"
                raise _refused(self.file, number, message, "ids are those of the first language")
            translations.append(place)
        return translations

    def end(self, lines: int) -> None:
        """Check that all translations have had a line at the end of the file.

        :param lines: the number of lines.
        :raises ImportRefused: when there are more translations, and lines have no ids.
        """
        left = 0 if self.file.ids else sum(1 for _ in self._rest)
        if left:
            hint = "the file needs one line per translation; name the --part, or use a file with --ids"
            message = f"the file ends here, but there are {lines + left} translations"
            raise _refused(self.file, lines, message, hint)

    def _next(self, lines: AlignmentLines) -> list[TranslationLine]:
        translations = list(islice(self._rest, len(lines)))
        if len(translations) < len(lines):
            count = lines.first - 1 + len(translations)
            message = f"there are only {count} translations"
            raise _refused(self.file, count + 1, message, "name the --part, or use a file with --ids")
        return translations


def _placed(file: AlignmentFile, lines: AlignmentLines, places: Sequence[TranslationLine]) -> _Placed:
    """Pair lines with their translations; refuses links outside their sentences."""
    _, key, left_words, right_words, swapped = (np.array(column) for column in zip(*places, strict=True))
    links, line = lines.links, lines.links.line
    outside = np.flatnonzero((links.left >= left_words[line]) | (links.right >= right_words[line]))
    if len(outside):
        link, place = outside[0], places[line[outside[0]]]
        message = f"the link {links.left[link]}-{links.right[link]} is outside of sentences of "
        message += f"{place.left_words} and {place.right_words} words"
        hint = "stored words are counted from 0; is the file in import order?"
        raise _refused(file, lines.first + int(line[link]), message, hint)
    number = np.arange(lines.first, lines.first + len(lines))
    return _Placed(number, key, np.diff(links.ptr), link_texts(links.swapped(swapped)))


def _unstored(connection: Connection, file: AlignmentFile, step_id: int, placed: _Placed) -> _Placed:
    """The rows that are new; refuses those whose links differ from what is stored."""
    stored = _stored(connection, step_id, placed.key)
    if not stored:
        return placed
    for line, key, text in zip(placed.line.tolist(), placed.key.tolist(), placed.text, strict=True):
        if stored.get(key, text) != text:
            hint = "import them under another --name"
            raise _refused(file, line, f"other links are stored as {file.name!r} for this translation", hint)
    return placed.only(~np.isin(placed.key, np.array(list(stored), np.int64)))


def _stored(connection: Connection, step_id: int, keys: Longs) -> dict[int, str]:
    """The stored links of translations; empty strings for translations without links."""
    between = outcome.c.item_id.between(int(keys.min()), int(keys.max()))
    if not connection.execute(select(exists().where(outcome.c.step_id == step_id, between))).scalar():
        return {}
    links = (alignment.c.step_id == outcome.c.step_id) & (alignment.c.translation_id == outcome.c.item_id)
    query = select(outcome.c.item_id, alignment.c.links).outerjoin(alignment, links)
    query = query.where(outcome.c.step_id == step_id, bulk.among(connection, outcome.c.item_id, np.sort(keys).tolist()))
    return {key: text or "" for key, text in bulk.fetch(connection, query)}


def _write(connection: Connection, step_id: int, run_id: int, new: _Placed) -> None:
    keys = new.key.tolist()
    rows = ((step_id, key, text) for key, text in zip(keys, new.text, strict=True) if text)
    bulk.insert(connection, alignment, _ALIGNMENT, rows)
    became = (("ok", None) if text else ("empty", "no-links") for text in new.text)
    done = ((step_id, key, status, reason, run_id) for key, (status, reason) in zip(keys, became, strict=True))
    bulk.insert(connection, outcome, _OUTCOME, done)


def _nothing(file: AlignmentFile) -> UsageError:
    part = f", part {file.part}" if file.part is not None else ""
    return UsageError(
        f"there are no translations between {' and '.join(file.langs)} in {file.corpus}{part}",
        hint="import the sentences first: xprojdb import parallel",
        corpus=file.corpus,
        langs=file.langs,
    )


def _refused(file: AlignmentFile, line: int, message: str, hint: str) -> ImportRefused:
    return ImportRefused(f"{file.path}:{line}: {message}", hint=hint, file=str(file.path), line=line)

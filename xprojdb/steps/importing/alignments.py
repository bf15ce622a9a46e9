"""Import alignments: word links that someone else made, into a step of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, case, select

from xprojdb.corpora.alignments import AlignmentLine, Link, read_alignments
from xprojdb.db import Database, bulk
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import alignment, corpus, outcome, sentence, source_file, translation
from xprojdb.errors import UsageError
from xprojdb.models.pharaoh import Links, format_links
from xprojdb.steps.imported_links import imported_spec
from xprojdb.steps.importing.corpus_files import ImportRefused
from xprojdb.steps.spec import GOLD, find_step, register_step

_BLOCK = 5_000


@dataclass(frozen=True)
class AlignmentFile:
    """A file of alignments and what it aligns.

    :param langs: the language of the left and of the right words, whichever is the original.
    :param name: what the alignments are called; recipes use them by it.
    :param part: the translations of this part of the corpus alone; by default all of the two languages.
    :param ids: lines name the sentence of the first language; otherwise they are in the order of the import.
    """

    path: Path
    corpus: str
    langs: tuple[str, str]
    name: str
    part: str | None = None
    ids: bool = False


@dataclass(frozen=True)
class AlignmentReport:
    """What an import of alignments did: lines of the file, those that were new, and links in these."""

    name: str
    lines: int
    added: int
    links: int


class _Place(NamedTuple):
    """A translation: its key, the sentence's id in the corpus, words of both sides, whether the file's are swapped."""

    key: int
    id: str | None
    left_words: int
    right_words: int
    swapped: bool


def import_alignments(database: Database, file: AlignmentFile, *, command: str = "import") -> AlignmentReport:
    """Import a file: all of it, or, when anything is wrong with it, nothing. What is stored already adds nothing.

    :raises ReadError: when it cannot be read.
    :raises ImportRefused: when a link lies outside its sentence, a line has no translation, there are fewer or more
        lines than translations, or other links are stored under the name; fields ``file`` and ``line``.
    :raises UsageError: when there is no such corpus, or no translation between the languages.
    """
    with database.write() as connection, bulk.uncollected():
        places = _places(connection, file)
        step_id = register_step(connection, imported_spec(file.name))
        run_id = begin_run(connection, command)
        lines = added = links = 0
        for block in _blocks(_placed(file, places)):
            new = _unstored(connection, file, step_id, block)
            rows = [(step_id, place.key, text) for _, place, text in new if text]
            done = [(step_id, p.key, *(("ok", None) if text else ("empty", "no-links")), run_id) for _, p, text in new]
            bulk.insert(connection, alignment, ("step_id", "translation_id", "links"), rows)
            bulk.insert(connection, outcome, ("step_id", "item_id", "status", "reason", "run_id"), done)
            lines, added = lines + len(block), added + len(new)
            links += sum(text.count(":") for _, _, text in new)
        if added:
            end_run(connection, run_id, "done", {"alignments": added})
        else:
            connection.rollback()
    return AlignmentReport(file.name, lines, added, links)


_Placed = tuple[AlignmentLine, _Place, str]


def _places(connection: Connection, file: AlignmentFile) -> list[_Place]:
    """The translations between the two languages, in the order in which the sentences of the first were imported."""
    corpus_id = connection.execute(select(corpus.c.id).where(corpus.c.name == file.corpus)).scalar()
    if corpus_id is None:
        raise UsageError(f"there is no corpus {file.corpus!r}", hint="xprojdb status lists them", corpus=file.corpus)
    left, right = sentence.alias("left_side"), sentence.alias("right_side")
    swapped = translation.c.original_lang != file.langs[0]
    ours, theirs = (
        case((swapped, one), else_=other)
        for one, other in (
            (translation.c.rendering_id, translation.c.original_id),
            (translation.c.original_id, translation.c.rendering_id),
        )
    )
    query = (
        select(translation.c.id, left.c.external_id, left.c.n_words, right.c.n_words, swapped)
        .join(left, left.c.id == ours)
        .join(right, right.c.id == theirs)
        .where(
            translation.c.corpus_id == corpus_id,
            translation.c.step_id == (find_step(connection, GOLD) or 0),
            left.c.lang == file.langs[0],
            right.c.lang == file.langs[1],
        )
        .order_by(left.c.id, translation.c.id)
    )
    if file.part is not None:
        of_part = source_file.c.part == file.part
        query = query.join(source_file, source_file.c.id == left.c.source_file_id).where(of_part)
    rows = bulk.fetch(connection, query)
    found = [_Place(key, name, n, m, bool(swapped)) for key, name, n, m, swapped in rows]
    if not found:
        part = f", part {file.part}" if file.part is not None else ""
        raise UsageError(
            f"no translations join {' and '.join(file.langs)} in {file.corpus}{part}",
            hint="import the sentences first: xprojdb import parallel",
            corpus=file.corpus,
            langs=file.langs,
        )
    return found


def _placed(file: AlignmentFile, places: Sequence[_Place]) -> Iterator[_Placed]:
    """Each line with its translation and its links as they are stored."""
    by_id = {place.id: place for place in places} if file.ids else {}
    count = 0
    for count, line in enumerate(read_alignments(file.path, ids=file.ids), 1):
        place = by_id.pop(line.id, None) if file.ids else places[count - 1] if count <= len(places) else None
        if place is None:
            unknown = f"no translation, or a second line for {line.id!r}"
            told = unknown if file.ids else f"only {len(places)} translations"
            hint = "ids are those of the first language" if file.ids else "name the --part, or give lines --ids"
            raise _refused(file, line.line, f"there is {told}", hint)
        yield line, place, _stored_text(file, line, place)
    if not file.ids and count < len(places):
        hint = "a line for each translation; name the --part, or give lines --ids"
        raise _refused(file, count, f"the file ends here, and there are {len(places)} translations", hint)


def _stored_text(file: AlignmentFile, line: AlignmentLine, place: _Place) -> str:
    for left, right, _ in line.links:
        if left >= place.left_words or right >= place.right_words:
            sizes = f"{place.left_words} and {place.right_words}"
            hint = "words are counted from 0, by the words that are stored; is the file in the order of the import?"
            raise _refused(file, line.line, f"the link {left}-{right} is outside of sentences of {sizes} words", hint)
    return format_links(_links(line.links, place.swapped)) if line.links else ""


def _links(links: Sequence[Link], swapped: bool) -> Links:
    ordered = sorted((right, left, score) for left, right, score in links) if swapped else links
    pairs = np.array([link[:2] for link in ordered], np.int32)
    return Links(pairs, np.array([link[2] for link in ordered], np.float32))


def _unstored(connection: Connection, file: AlignmentFile, step_id: int, block: Sequence[_Placed]) -> list[_Placed]:
    """Those of a block that are new; refuses others whose links differ from what is stored."""
    keys = sorted(place.key for _, place, _ in block)
    query = (
        select(outcome.c.item_id, alignment.c.links)
        .outerjoin(
            alignment,
            (alignment.c.step_id == outcome.c.step_id) & (alignment.c.translation_id == outcome.c.item_id),
        )
        .where(outcome.c.step_id == step_id, bulk.among(connection, outcome.c.item_id, keys))
    )
    stored = {key: text or "" for key, text in bulk.fetch(connection, query)}
    for line, place, text in block:
        if stored.get(place.key, text) != text:
            hint = "import them under another --name"
            raise _refused(file, line.line, f"other links are stored as {file.name!r} for this translation", hint)
    return [placed for placed in block if placed[1].key not in stored]


def _blocks(placed: Iterable[_Placed]) -> Iterator[list[_Placed]]:
    rest = iter(placed)
    while block := list(islice(rest, _BLOCK)):
        yield block


def _refused(file: AlignmentFile, line: int, told: str, hint: str) -> ImportRefused:
    return ImportRefused(f"{file.path}:{line}: {told}", hint=hint, file=str(file.path), line=line)

"""The translations that the lines of an alignment file belong to, in order, a bounded number at a time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, and_, literal, or_, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, source_file, translation
from xprojdb.steps.stage import Side, other, sentence_key

#: translations read at a time
BLOCK = 5_000
#: ids per query: every SQLite version can bind this many values
_IDS = 900

_left, _right = sentence.alias("left_side"), sentence.alias("right_side")


class TranslationLine(NamedTuple):
    """A translation: its left sentence, its key, the numbers of words, and whether left is the rendering."""

    sentence: int
    key: int
    left_words: int
    right_words: int
    swapped: bool


@dataclass(frozen=True)
class TranslationLines:
    """The human translations between two languages of a corpus.

    :param langs: the left and the right language, regardless of which is the original.
    :param part: only translations of this part of the corpus.
    """

    connection: Connection
    corpus_id: int
    step_id: int
    langs: tuple[str, str]
    part: str | None = None

    def in_order(self) -> Iterator[TranslationLine]:
        """All of them, in the import order of their left sentences."""
        # One stream per file: an index has the sentences of a file in this order, so that nothing has to be sorted.
        streams = [self._stream(file_id, side) for side in self._directions() for file_id in self._files()]
        return streams[0] if len(streams) == 1 else heapq.merge(*streams)

    def by_id(self, ids: Sequence[str]) -> Mapping[str, TranslationLine]:
        """Those whose left sentences have these ids; of several translations of a sentence, the last."""
        lines_by_name: list[tuple[TranslationLine, str]] = []
        for side, first in ((side, first) for side in self._directions() for first in range(0, len(ids), _IDS)):
            of_corpus = (_left.c.corpus_id == self.corpus_id, _left.c.lang == self.langs[0])
            query = self._query(side).add_columns(_left.c.external_id).where(*of_corpus)
            query = query.where(_left.c.external_id.in_(ids[first : first + _IDS]))
            if self.part is not None:
                query = query.where(_left.c.source_file_id.in_(self._files()))
            lines_by_name += [(_place(row), name) for *row, name in bulk.fetch(self.connection, query)]
        return {name: place for place, name in sorted(lines_by_name)}

    def _files(self) -> list[int]:
        """The files with left sentences."""
        query = select(source_file.c.id).where(
            source_file.c.corpus_id == self.corpus_id, source_file.c.lang == self.langs[0]
        )
        if self.part is not None:
            query = query.where(source_file.c.part == self.part)
        return list(self.connection.execute(query.order_by(source_file.c.id)).scalars())

    def _directions(self) -> list[Side]:
        """The sides of translations that the left language is on."""
        first, second = self.langs
        ways: list[tuple[Side, str, str]] = [("original", first, second), ("rendering", second, first)]
        return [side for side, original, rendering in ways if self._any(original, rendering)]

    def _any(self, original: str, rendering: str) -> bool:
        query = select(translation.c.id).where(
            translation.c.corpus_id == self.corpus_id,
            translation.c.original_lang == original,
            translation.c.rendering_lang == rendering,
            translation.c.step_id == self.step_id,
        )
        return self.connection.execute(query.limit(1)).first() is not None

    def _stream(self, file_id: int, side: Side) -> Iterator[TranslationLine]:
        query = self._query(side).where(_left.c.source_file_id == file_id)
        query = query.order_by(_left.c.id, translation.c.id).limit(BLOCK)
        last = TranslationLine(0, 0, 0, 0, False)
        # Each block is read to its end, because an open cursor would see what is written meanwhile.
        while rows := bulk.fetch(self.connection, query.where(_after(last))):
            yield from map(_place, rows)
            last = _place(rows[-1])

    def _query(self, side: Side) -> Select[tuple[int, int, int, int, bool]]:
        """The columns of a line; ``side`` is that of the left sentence."""
        # Only the languages of the translation: it must be found by its sentence, not by its scope.
        return (
            select(_left.c.id, translation.c.id, _left.c.n_words, _right.c.n_words, literal(side == "rendering"))
            .join(translation, and_(sentence_key(side) == _left.c.id, translation.c.step_id == self.step_id))
            .join(_right, and_(_right.c.id == sentence_key(other(side)), _right.c.lang == self.langs[1]))
        )


def _place(row: Sequence[Any]) -> TranslationLine:
    sentence_id, key, left_words, right_words, swapped = row
    # SQLite has no booleans.
    return TranslationLine(sentence_id, key, left_words, right_words, bool(swapped))


def _after(last: TranslationLine) -> ColumnElement[bool]:
    here = _left.c.id == last.sentence
    return and_(_left.c.id >= last.sentence, or_(_left.c.id > last.sentence, and_(here, translation.c.id > last.key)))

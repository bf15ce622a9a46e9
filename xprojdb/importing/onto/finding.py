"""Find the stored sentence of a row of labels, by its id or otherwise by its words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, sentence, source_file
from xprojdb.errors import UsageError
from xprojdb.importing.onto.placing import stored_form, unspaced
from xprojdb.readers.records import Record

_BLOCK = 20_000


class Scope(NamedTuple):
    """The sentences of one language in one corpus.

    :param prefix: of ids in exports.
    """

    corpus_id: int
    corpus: str
    lang: str

    @property
    def prefix(self) -> str:
        return f"{self.corpus}/{self.lang}/"


class Match(NamedTuple):
    """The sentence of a row.

    :param key: of the sentence; 0 if there is none.
    :param words: its words as stored.
    :param reason: how it was found: ``id``, ``words``, ``line``; or why not: ``no-sentence``, ``ambiguous``.
    """

    key: int
    words: str
    reason: str


_NONE = Match(0, "", "no-sentence")


def scopes(connection: Connection, lang: str, name: str | None) -> list[Scope]:
    """The corpora in which sentences are looked up.

    :param name: of the corpus; None: every corpus with this language.
    :raises UsageError: when there are no sentences in this language.
    """
    query = select(corpus.c.id, corpus.c.name).order_by(corpus.c.id)
    result = []
    for key, corpus_name in connection.execute(query if name is None else query.where(corpus.c.name == name)):
        some = select(sentence.c.id).where(sentence.c.corpus_id == key, sentence.c.lang == lang).limit(1)
        if connection.execute(some).first() is not None:
            result.append(Scope(key, corpus_name, lang))
    if not result:
        where = f"the corpus {name}" if name is not None else "the database"
        hint = "xprojdb status lists them; import the sentences first"
        raise UsageError(f"{where} has no sentences in {lang}", hint=hint, corpus=name, lang=lang)
    return result


@dataclass
class Finder:
    """Finds the sentences of rows, a block of rows at a time.

    :param within: where to look.
    :param by_words: an index by words, read when it is first needed, 16 bytes per sentence.
    """

    connection: Connection
    within: Sequence[Scope]
    by_words: _WordIndex | None = field(default=None)

    def find(self, records: Sequence[Record], *, words: bool = True) -> list[Match]:
        """The sentence of each row.

        :param words: also look sentences up by their words, if none has the id.
        """
        matches = self._by_id(records)
        rest = (
            []
            if not words
            else [place for place, match in enumerate(matches) if not match.key and match.reason != "ambiguous"]
        )
        if rest:
            if self.by_words is None:
                self.by_words = _WordIndex.read(self.connection, self.within)
            forms = [unspaced(stored_form(records[place].words)) for place in rest]
            for place, match in zip(rest, self.by_words.find(self.connection, forms), strict=True):
                matches[place] = match
        return matches

    def _by_id(self, records: Sequence[Record]) -> list[Match]:
        matches = [_NONE] * len(records)
        for scope in self.within:
            ids_by_place = {place: _local(record.external_id, scope) for place, record in enumerate(records)}
            ids = {name for name in ids_by_place.values() if name is not None}
            stored = self._stored(scope, sorted(ids)) if ids else {}
            for place, name in ids_by_place.items():
                if name in stored:
                    clear = not matches[place].key
                    matches[place] = Match(*stored[name], "id") if clear else Match(0, "", "ambiguous")
        return matches

    def _stored(self, scope: Scope, ids: Sequence[str]) -> Mapping[str | None, tuple[int, str]]:
        own = sentence.c
        query = select(own.external_id, own.id, own.words).where(own.corpus_id == scope.corpus_id)
        query = query.where(own.lang == scope.lang, bulk.among_texts(self.connection, own.external_id, ids))
        return {name: (key, words) for name, key, words in bulk.fetch(self.connection, query)}


def _local(name: str | None, scope: Scope) -> str | None:
    """An id within its corpus: exports put the corpus and the language in front of it."""
    return name.removeprefix(scope.prefix) if name is not None else None


@dataclass(frozen=True)
class _WordIndex:
    """Sentences by the hash of their words without spaces, 16 bytes each.

    :param hashes: (N,) ascending.
    :param keys: (N,) of the sentences.
    """

    hashes: NDArray[np.int64]
    keys: NDArray[np.int64]

    @classmethod
    def read(cls, connection: Connection, within: Sequence[Scope]) -> _WordIndex:
        blocks = [np.empty((2, 0), np.int64), *_hashed(connection, within)]
        hashes, keys = np.concatenate(blocks, 1)
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], keys[order])

    def find(self, connection: Connection, forms: Sequence[str]) -> list[Match]:
        hashes = np.array([hash(form) for form in forms], np.int64)
        first, last = np.searchsorted(self.hashes, hashes), np.searchsorted(self.hashes, hashes, "right")
        keys = np.unique(np.concatenate([self.keys[a:b] for a, b in zip(first, last, strict=True)])).tolist()
        query = select(sentence.c.id, sentence.c.words).where(bulk.among(connection, sentence.c.id, keys))
        words: dict[int, str] = dict(bulk.fetch(connection, query)) if keys else {}
        matches = []
        for form, a, b in zip(forms, first.tolist(), last.tolist(), strict=True):
            same = [key for key in self.keys[a:b].tolist() if unspaced(words[key]) == form]
            reason = "words" if len(same) == 1 else "ambiguous" if same else "no-sentence"
            matches.append(Match(same[0], words[same[0]], reason) if len(same) == 1 else Match(0, "", reason))
        return matches


def _hashed(connection: Connection, within: Sequence[Scope]) -> Iterator[NDArray[np.int64]]:
    own = sentence.c
    for scope in within:
        query = select(own.id, own.words).where(own.corpus_id == scope.corpus_id, own.lang == scope.lang)
        for rows in bulk.stream(connection, query, _BLOCK):
            yield np.array([[hash(unspaced(words)) for _, words in rows], [key for key, _ in rows]], np.int64)


@dataclass
class LineFinder:
    """Assigns rows to sentences in import order, the first row to the first sentence.

    :param part: only sentences of this part of the corpus.
    :ivar read: sentences that were passed.
    """

    connection: Connection
    scope: Scope
    part: str | None = None
    read: int = 0
    _rest: Iterator[Match] | None = field(default=None)

    def find(self, records: Sequence[Record]) -> list[Match]:
        """The sentence of each row."""
        return [self.next() for _ in records]

    def next(self) -> Match:
        """The next sentence, if any."""
        if self._rest is None:
            self._rest = self._in_order()
        self.read += 1
        return next(self._rest, _NONE)

    def _in_order(self) -> Iterator[Match]:
        own = source_file.c
        query = select(own.id).where(own.corpus_id == self.scope.corpus_id, own.lang == self.scope.lang)
        query = query.where(own.part == self.part) if self.part is not None else query
        for file_id in list(self.connection.execute(query.order_by(own.id)).scalars()):
            cursor = 0
            rows = select(sentence.c.id, sentence.c.words).where(sentence.c.source_file_id == file_id)
            rows = rows.order_by(sentence.c.id).limit(_BLOCK)
            while block := bulk.fetch(self.connection, rows.where(sentence.c.id > cursor)):
                yield from (Match(key, words, "line") for key, words in block)
                cursor = block[-1][0]

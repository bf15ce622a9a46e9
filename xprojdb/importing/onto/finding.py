"""The stored sentence that a row of labels is about: by its id, or else by its own words."""

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

    :param prefix: of their ids, as exports write them.
    """

    corpus_id: int
    corpus: str
    lang: str

    @property
    def prefix(self) -> str:
        return f"{self.corpus}/{self.lang}/"


class Match(NamedTuple):
    """What a row is about.

    :param key: of the sentence; 0: there is none.
    :param words: its words as stored.
    :param reason: why there is none, ``no-sentence`` or ``ambiguous``, or what found it: ``id``, ``words``, ``line``.
    """

    key: int
    words: str
    reason: str


_NONE = Match(0, "", "no-sentence")


def scopes(connection: Connection, lang: str, name: str | None) -> list[Scope]:
    """Where sentences may be.

    :param name: of the corpus; None: every one that has the language.
    :raises UsageError: when there are none in this language.
    """
    query = select(corpus.c.id, corpus.c.name).order_by(corpus.c.id)
    found = []
    for key, known in connection.execute(query if name is None else query.where(corpus.c.name == name)):
        some = select(sentence.c.id).where(sentence.c.corpus_id == key, sentence.c.lang == lang).limit(1)
        if connection.execute(some).first() is not None:
            found.append(Scope(key, known, lang))
    if not found:
        where = f"the corpus {name}" if name is not None else "the database"
        hint = "xprojdb status lists them; import the sentences first"
        raise UsageError(f"{where} has no sentences in {lang}", hint=hint, corpus=name, lang=lang)
    return found


@dataclass
class Finder:
    """Finds the sentences of rows, a block of them at a time.

    :param within: where they may be.
    :param by_words: what else than an id finds a sentence; read when it is first needed, 16 bytes a sentence.
    """

    connection: Connection
    within: Sequence[Scope]
    by_words: _WordIndex | None = field(default=None)

    def find(self, records: Sequence[Record], *, words: bool = True) -> list[Match]:
        """What each row is about.

        :param words: look for its words, too, where no sentence has its id.
        """
        found = self._by_id(records)
        rest = (
            []
            if not words
            else [place for place, match in enumerate(found) if not match.key and match.reason != "ambiguous"]
        )
        if rest:
            if self.by_words is None:
                self.by_words = _WordIndex.read(self.connection, self.within)
            forms = [unspaced(stored_form(records[place].words)) for place in rest]
            for place, match in zip(rest, self.by_words.find(self.connection, forms), strict=True):
                found[place] = match
        return found

    def _by_id(self, records: Sequence[Record]) -> list[Match]:
        found = [_NONE] * len(records)
        for scope in self.within:
            wanted = {place: _local(record.external_id, scope) for place, record in enumerate(records)}
            ids = {name for name in wanted.values() if name is not None}
            stored = self._stored(scope, sorted(ids)) if ids else {}
            for place, name in wanted.items():
                if name in stored:
                    clear = not found[place].key
                    found[place] = Match(*stored[name], "id") if clear else Match(0, "", "ambiguous")
        return found

    def _stored(self, scope: Scope, ids: Sequence[str]) -> Mapping[str | None, tuple[int, str]]:
        own = sentence.c
        query = select(own.external_id, own.id, own.words).where(own.corpus_id == scope.corpus_id)
        query = query.where(own.lang == scope.lang, bulk.among_texts(self.connection, own.external_id, ids))
        return {name: (key, words) for name, key, words in bulk.fetch(self.connection, query)}


def _local(name: str | None, scope: Scope) -> str | None:
    """An id inside its corpus: exports write the corpus and the language in front of it."""
    return name.removeprefix(scope.prefix) if name is not None else None


@dataclass(frozen=True)
class _WordIndex:
    """Sentences by the hash of their words, without the spaces between: 16 bytes each.

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
        wanted = np.array([hash(form) for form in forms], np.int64)
        first, last = np.searchsorted(self.hashes, wanted), np.searchsorted(self.hashes, wanted, "right")
        keys = np.unique(np.concatenate([self.keys[a:b] for a, b in zip(first, last, strict=True)])).tolist()
        query = select(sentence.c.id, sentence.c.words).where(bulk.among(connection, sentence.c.id, keys))
        words: dict[int, str] = dict(bulk.fetch(connection, query)) if keys else {}
        found = []
        for form, a, b in zip(forms, first.tolist(), last.tolist(), strict=True):
            same = [key for key in self.keys[a:b].tolist() if unspaced(words[key]) == form]
            reason = "words" if len(same) == 1 else "ambiguous" if same else "no-sentence"
            found.append(Match(same[0], words[same[0]], reason) if len(same) == 1 else Match(0, "", reason))
        return found


def _hashed(connection: Connection, within: Sequence[Scope]) -> Iterator[NDArray[np.int64]]:
    own = sentence.c
    for scope in within:
        query = select(own.id, own.words).where(own.corpus_id == scope.corpus_id, own.lang == scope.lang)
        for rows in bulk.stream(connection, query, _BLOCK):
            yield np.array([[hash(unspaced(words)) for _, words in rows], [key for key, _ in rows]], np.int64)


@dataclass
class LineFinder:
    """Finds the sentences of rows in the order of the import: the first row is the first sentence.

    :param part: only sentences of this part of the corpus.
    :ivar read: sentences that were passed.
    """

    connection: Connection
    scope: Scope
    part: str | None = None
    read: int = 0
    _rest: Iterator[Match] | None = field(default=None)

    def find(self, records: Sequence[Record]) -> list[Match]:
        """What each row is about."""
        return [self.next() for _ in records]

    def next(self) -> Match:
        """The next sentence, or none."""
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

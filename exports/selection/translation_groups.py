"""Groups of sentences that are translations of one another, directly or through others, and must stay together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, select

from xprojdb.arrays import Longs
from xprojdb.db.tables import corpus, sentence, translation
from xprojdb.exports.rows.arrow_reading import read_arrays
from xprojdb.exports.selection.hashing import Hashes, hash_texts
from xprojdb.steps.inputs import within

_BLOCK = 10_000
_LINKS = 100_000


@dataclass(frozen=True)
class Groups:
    """Sentences connected by translations.

    :param ids: (N,) ascending keys of sentences that have a translation.
    :param roots: (N,) the lowest key in each sentence's group, which is the sentence imported first.
    """

    ids: Longs
    roots: Longs

    def roots_of(self, keys: Longs) -> Longs:
        """The groups of sentences; a sentence without translations is a group of its own."""
        if not len(self.ids):
            return keys.copy()
        place = np.minimum(np.searchsorted(self.ids, keys), len(self.ids) - 1)
        return np.where(self.ids[place] == keys, self.roots[place], keys)


def join_groups(left: Longs, right: Longs) -> Groups:
    """The connected components of links between sentences.

    :param left: (L,) keys.
    :param right: (L,) keys.
    """
    # Not np.unique, whose table of hashes is slow where most keys differ.
    both = np.sort(np.concatenate([left, right]))
    ids = both[np.append(True, both[1:] != both[:-1])]
    root = np.arange(len(ids))
    left, right = np.searchsorted(ids, left), np.searchsorted(ids, right)
    while True:
        low = np.minimum(root[left], root[right])
        joined = root.copy()
        # Hook the roots themselves, not only the ends of the link, so that whole trees move at once.
        for ends in (left, right):
            np.minimum.at(joined, root[ends], low)
        while not np.array_equal(joined, joined[joined]):
            joined = joined[joined]
        if np.array_equal(joined, root):
            return Groups(ids, ids[root])
        root = joined


def read_groups(connection: Connection, corpora: Collection[int]) -> Groups:
    """The groups of the sentences of some corpora.

    :param corpora: their keys.
    """
    left, right = map(np.concatenate, zip(*_links(connection, corpora), strict=True))
    return join_groups(left, right)


def _links(connection: Connection, corpora: Collection[int]) -> Iterator[tuple[Longs, Longs]]:
    """The two sides of translations, in blocks."""
    ends = (translation.c.original_id, translation.c.rendering_id)
    yield from _pairs(connection, select(*ends).where(translation.c.corpus_id.in_(corpora)), translation.c.id)
    # The parent of a sentence made by a step is its original, whether or not there is a translation row.
    made = select(sentence.c.parent_id, sentence.c.id).where(sentence.c.parent_id.is_not(None))
    yield from _pairs(connection, made.where(sentence.c.corpus_id.in_(corpora)), sentence.c.id)


def _pairs(connection: Connection, query: Select[Any], key: ColumnElement[int]) -> Iterator[tuple[Longs, Longs]]:
    """The rows of a query of two numbers, in blocks by ascending keys; the last block is empty."""
    cursor, query = 0, query.add_columns(key.label("key")).order_by(key).limit(_LINKS)
    while True:
        left, right, keys = read_arrays(connection, query.where(key > cursor), 3).whole
        yield left, right
        if not len(keys):
            return
        cursor = int(keys[-1])


def read_ranks(connection: Connection, roots: Longs, seed: int) -> Hashes:
    """A hash for each group, of the name of its first sentence without the language: ``CORPUS/ID``.

    Languages of a parallel corpus share their ids, so it does not matter which of them was imported first.

    :param roots: (N,) keys, in any order.
    :returns: (N,)
    """
    keys, places = np.unique(roots, return_inverse=True)
    hashes = np.empty(len(keys), dtype=np.uint64)
    names = connection.execute(select(corpus.c.id, corpus.c.name))
    heads = {key: f"{seed}\x1f{name}/" for key, name in names}
    for first in range(0, len(keys), _BLOCK):
        block = keys[first : first + _BLOCK].tolist()
        query = select(sentence.c.corpus_id, sentence.c.id, sentence.c.external_id).order_by(sentence.c.id)
        rows = read_arrays(connection, query.where(within(connection, sentence.c.id, block)), 2)
        columns = (*(column.tolist() for column in rows.whole), rows.texts[0].to_pylist())
        texts = [
            f"{heads[corpus_id]}{external_id or key}" for corpus_id, key, external_id in zip(*columns, strict=True)
        ]
        hashes[first : first + len(rows)] = hash_texts(texts)
    return hashes[places]

"""Groups of sentences that are translations of one another, directly or through others, and must stay together."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain

import numpy as np
from sqlalchemy import Connection, select

from xprojdb.arrays import Longs
from xprojdb.db import bulk
from xprojdb.db.tables import corpus, sentence, translation
from xprojdb.exports.selection.hashing import Hashes, hash_texts
from xprojdb.steps.inputs import within

_BLOCK = 10_000


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
    links = list(_links(connection, corpora))
    if not links:
        return Groups(np.empty(0, np.int64), np.empty(0, np.int64))
    pairs = np.concatenate(links)
    return join_groups(pairs[:, 0], pairs[:, 1])


def _links(connection: Connection, corpora: Collection[int]) -> Iterator[Longs]:
    query = select(translation.c.original_id, translation.c.rendering_id)
    # The parent of a sentence made by a step is its original, whether or not there is a translation row.
    parents = select(sentence.c.parent_id, sentence.c.id).where(sentence.c.parent_id.is_not(None))
    # Not the bare column, whose index has all sentences of a corpus, and few of them have a parent.
    parents = parents.where((sentence.c.corpus_id + 0).in_(corpora))
    queries = (query.where(translation.c.corpus_id.in_(corpora)), parents)
    for query_ in queries:
        for block in bulk.stream(connection, query_):
            yield np.fromiter(chain.from_iterable(block), np.int64, 2 * len(block)).reshape(-1, 2)


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
        query = select(sentence.c.corpus_id, sentence.c.external_id, sentence.c.id).order_by(sentence.c.id)
        rows = bulk.fetch(connection, query.where(within(connection, sentence.c.id, block)))
        texts = [f"{heads[corpus_id]}{external_id or key}" for corpus_id, external_id, key in rows]
        hashes[first : first + len(rows)] = hash_texts(texts)
    return hashes[places]

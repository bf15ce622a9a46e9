"""Test sets, and the sentences that share a text with them and must not be used for training."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path

import numpy as np
from sqlalchemy import Connection, func, select

from xprojdb.arrays import Longs
from xprojdb.db import bulk
from xprojdb.db.tables import corpus, sentence
from xprojdb.errors import UsageError
from xprojdb.exports.rows.projected_labels import DEFAULT_SPLIT
from xprojdb.exports.selection.hashing import Hashes, hash_letters
from xprojdb.readers import read_conll


def read_test_texts(connection: Connection, names: Collection[str]) -> Hashes:
    """The texts of test sets, in any language, as ascending hashes.

    :param names: ``CORPUS`` or ``CORPUS:SPLIT`` in the database, or the path of a CoNLL file.
    :raises UsageError: when a name is none of these, or the split has no sentences; the field ``name``.
    :raises ReadError: when a file cannot be read.
    """
    hashes = [np.fromiter(_texts(connection, name), dtype=np.uint64) for name in names]
    for name, texts in zip(names, hashes, strict=True):
        if not len(texts):
            raise UsageError(f"the test set {name} has no sentences", hint="check the split's name", name=name)
    return np.unique(np.concatenate(hashes))


def sentences_with(connection: Connection, corpora: Collection[int], texts: Hashes) -> Longs:
    """The keys of the sentences of some corpora, in any language, that have one of the given texts.

    :param corpora: their keys.
    :param texts: ascending hashes.
    """
    query = select(sentence.c.id, sentence.c.words).where(sentence.c.corpus_id.in_(corpora))
    keys_found = [np.empty(0, np.int64)]
    for block in bulk.stream(connection, query):
        hashes = np.array([hash_letters(json.loads(words)) for _, words in block], dtype=np.uint64)
        keys = np.array([key for key, _ in block], dtype=np.int64)
        keys_found.append(keys[np.isin(hashes, texts)])
    return np.concatenate(keys_found)


def _texts(connection: Connection, name: str) -> Iterator[int]:
    corpora = {name_: key for key, name_ in connection.execute(select(corpus.c.id, corpus.c.name))}
    whole, _, split = name.rpartition(":")
    if name in corpora:
        return _of_corpus(connection, corpora[name], None)
    if whole in corpora:
        return _of_corpus(connection, corpora[whole], split)
    if Path(name).is_file():
        return (hash_letters(record.words) for record in read_conll(name, labelled=False))
    names = ", ".join(sorted(corpora))
    hint = f"name a corpus ({names}), CORPUS:SPLIT, or a CoNLL file"
    raise UsageError(f"there is no test set {name!r}", hint=hint, name=name)


def _of_corpus(connection: Connection, corpus_id: int, split: str | None) -> Iterator[int]:
    query = select(sentence.c.words).where(sentence.c.corpus_id == corpus_id)
    if split is not None:
        query = query.where(func.coalesce(sentence.c.split, DEFAULT_SPLIT) == split)
    for block in bulk.stream(connection, query):
        yield from (hash_letters(json.loads(words)) for (words,) in block)

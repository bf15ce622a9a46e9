"""Encode a sentence once for all of its translations: word vectors that later batches need again are kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy import Connection, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import translation
from xprojdb.training.kept_states import RecalledStates
from xprojdb.training.states import sentence_key

if TYPE_CHECKING:
    from xprojdb.arrays import Singles
    from xprojdb.models.aligners.encoder import SentencePair
    from xprojdb.models.encoders.encoder import SubwordVectors

#: the key of a translation, and the words of its original and of its rendering
Read = tuple[int, list[str], list[str]]


class Recall:
    """The word vectors of sentences with translations in other batches.

    An aligner calls :meth:`known` before it encodes a sentence, and :meth:`seen` afterwards.
    """

    def __init__(self) -> None:
        self._kept = RecalledStates()
        self._shared: set[bytes] = set()

    def expect(self, connection: Connection, read: Sequence[Read]) -> None:
        """Find the sentences of a batch that have translations in other batches, too."""
        shared = shared_sentences(connection, [key for key, _, _ in read])
        both = ((own, shared[key][side]) for key, *sides in read for side, own in enumerate(sides))
        self._shared = {sentence_key(words) for words, is_shared in both if is_shared}

    def known(self, words: Sequence[str]) -> SubwordVectors | None:
        """The vectors of a sentence of an earlier batch."""
        if not self._kept.width:
            return None
        key = sentence_key(words)
        if key not in self._kept:
            return None
        from xprojdb.models.aligners.encoder import present_words

        return present_words(self._kept.read(key))

    def seen(self, pairs: Sequence[SentencePair], units: Sequence[SubwordVectors]) -> None:
        """Keep the vectors of shared sentences.

        :param units: of the sentences of the pairs, left and right in turns.
        """
        if not self._shared:
            return
        sentences = list(chain.from_iterable(pairs))
        new = {
            key: dense(own, len(words))
            for words, own in zip(sentences, units, strict=True)
            if (key := sentence_key(words)) in self._shared and key not in self._kept
        }
        self._kept.keep(list(new), list(new.values()))


def shared_sentences(connection: Connection, items: Sequence[int]) -> dict[int, tuple[bool, bool]]:
    """For each translation of a batch, whether other batches have translations of its original and of its rendering."""
    query = select(translation.c.id, translation.c.original_id, translation.c.rendering_id)
    sides = list(bulk.fetch(connection, query.where(bulk.among(connection, translation.c.id, items))))
    inside = Counter(chain.from_iterable(own for _, *own in sides))
    everywhere: Counter[int] = Counter()
    for side in (translation.c.original_id, translation.c.rendering_id):
        counts = select(side, func.count()).where(bulk.among(connection, side, sorted(inside))).group_by(side)
        everywhere.update(dict(bulk.fetch(connection, counts)))
    return {
        key: (everywhere[original] > inside[original], everywhere[rendering] > inside[rendering])
        for key, original, rendering in sides
    }


def dense(units: SubwordVectors, words: int) -> Singles:
    """The vectors of all words of a sentence, with zeros for those that have none: float32 (words, width)."""
    if len(units.words) == words:
        return units.vectors
    rows = np.zeros((words, units.vectors.shape[1]), np.float32)
    rows[units.words] = units.vectors
    return rows

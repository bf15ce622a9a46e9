"""Read the sentences of a campaign by key."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import corpus, sentence
from xprojdb.text.spans import Span


@dataclass(frozen=True, slots=True)
class ReviewSentence:
    """A sentence.

    :param name: the sentence as ``xprojdb explain`` takes it.
    """

    id: int
    name: str
    lang: str
    split: str | None
    words: list[str]

    def phrase(self, span: Span) -> str:
        """The words of a span; positions outside the sentence are ignored."""
        return " ".join(self.words[max(span.start, 0) : span.end])


def read_sentences(connection: Connection, keys: Sequence[int]) -> dict[int, ReviewSentence]:
    """Sentences by their keys."""
    own = sentence.c
    query = select(own.id, corpus.c.name, own.lang, own.external_id, own.split, own.words)
    query = query.join(corpus, corpus.c.id == own.corpus_id).where(bulk.among(connection, own.id, keys))
    sentences = {}
    for key, called, lang, external_id, split, words in bulk.fetch(connection, query):
        name = str(key) if external_id is None else f"{called}/{lang}/{external_id}"
        sentences[key] = ReviewSentence(key, name, lang, split, json.loads(words))
    return sentences

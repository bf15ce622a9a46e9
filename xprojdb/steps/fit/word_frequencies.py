"""Word frequencies: how often each word of one language occurs in a corpus."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from xprojdb.matching.scores.word_weights import WordCounts
from xprojdb.steps.fit.stage import Fit, read_artifact, stream_sentences


class WordFrequencies(Fit):
    """Count words, in lower case."""

    kind = "frequencies"
    version = 1

    @property
    def title(self) -> str:
        return f"count the words of {self.lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        blocks = stream_sentences(connection, corpus_id, self.lang)
        counted = WordCounts.of(words for block in blocks for _, words in block)
        return {"counts": counted.counts, "total": counted.total}


def read_frequencies(connection: Connection, step_id: int, corpus_id: int) -> WordCounts:
    """Read the word counts of a corpus."""
    content = read_artifact(connection, step_id, corpus_id)
    return WordCounts(content["counts"], content["total"])

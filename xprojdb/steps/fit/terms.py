"""Terms: which word sequences an earlier project step labelled in a corpus, and how often they occur in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import label
from xprojdb.matching.scores.term_consistency import Place, Terms, count_occurrences, count_terms
from xprojdb.steps.fit.stage import LabelsFit, read_artifact, stream_sentences


class TermsFit(LabelsFit):
    """Count the terms that the step ``labels`` projected onto the sentences of a language."""

    kind = "terms"
    version = 1

    @property
    def title(self) -> str:
        return f"count the projected terms of {self.lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        chosen: Counter[str] = Counter()
        for block in stream_sentences(connection, corpus_id, self.lang):
            own = read_projected(connection, self.input_ids["labels"], [key for key, _ in block])
            labelled = [(words, own[key]) for key, words in block if key in own]
            chosen.update(count_terms([words for words, _ in labelled], [places for _, places in labelled]))
        blocks = stream_sentences(connection, corpus_id, self.lang)
        return {
            "chosen": chosen,
            "occurs": count_occurrences((words for block in blocks for _, words in block), chosen.keys()),
        }


def read_terms(connection: Connection, step_id: int, corpus_id: int) -> Terms:
    """Read the terms of a corpus."""
    content = read_artifact(connection, step_id, corpus_id)
    return Terms(content["chosen"], content["occurs"])


def read_projected(connection: Connection, step_id: int, sentences: Sequence[int]) -> dict[int, set[Place]]:
    """Read the spans that a project step labelled, by sentence; a span from several translations appears once."""
    columns = (label.c.sentence_id, label.c.start_word, label.c.end_word)
    query = select(*columns).where(label.c.step_id == step_id, bulk.among(connection, label.c.sentence_id, sentences))
    spans: dict[int, set[Place]] = {}
    for key, start, end in bulk.fetch(connection, query):
        spans.setdefault(key, set()).add((start, end))
    return spans

"""Surface forms: which labels the same words have throughout the database, counted by the database."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy import Connection, Select, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import label, sentence
from xprojdb.matching.scores.translation_memory import majority_labels
from xprojdb.steps.fit.entity_renderings import folded_phrase
from xprojdb.steps.fit.stage import LabelsFit, read_artifact


class SurfaceFormsFit(LabelsFit):
    """Count the labels that the step ``labels`` gave each sequence of words of a language, over all corpora.

    Words that were labelled only once are left out, since no other label could agree with theirs.
    """

    kind = "forms"
    version = 1

    @property
    def title(self) -> str:
        return f"count the labels of the same words of {self.lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:  # noqa: ARG002 -- all corpora count
        counters: dict[str, Counter[str]] = {}
        for block in bulk.stream(connection, self._counted(connection)):
            for text, name, count in block:
                counters.setdefault(folded_phrase(text), Counter())[name] += count
        return {text: counts for text, counts in counters.items() if counts.total() > 1}

    def _counted(self, connection: Connection) -> Select[tuple[str, str, int]]:
        """Words, label, count."""
        text = bulk.phrase(connection, sentence.c.words, label.c.start_word, label.c.end_word).label("text")
        texts = (
            select(text, label.c.label)
            .join(sentence, sentence.c.id == label.c.sentence_id)
            .where(label.c.step_id == self.input_ids["labels"], sentence.c.lang == self.lang)
            .subquery("texts")
        )
        columns = (texts.c.text, texts.c.label)
        return select(*columns, func.count()).group_by(*columns)


def read_majority(connection: Connection, step_id: int, corpus_id: int, share: float) -> dict[str, str]:
    """The majority label of each form, where one label has more than a given share."""
    return majority_labels(read_artifact(connection, step_id, corpus_id), share)

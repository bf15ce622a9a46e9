"""Names: which words a tagger labels in a corpus, how often, and how often they occur there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Connection, Select, exists, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, outcome, sentence
from xprojdb.steps.fit.stage import Fit, read_artifact, stream_sentences
from xprojdb.steps.stage import Bitext
from xprojdb.text.gazetteer import count_names, count_places, frequent_names
from xprojdb.text.spans import Span


class TaggedNamesFit(Fit):
    """Count the names that the step ``entities`` tagged in the sentences of a language."""

    kind = "names"
    version = 1

    @property
    def title(self) -> str:
        return f"count the names that were tagged in {self.lang}"

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        # What it learned from nothing would stand when there is something.
        done = select(outcome.c.item_id).join(sentence, sentence.c.id == outcome.c.item_id)
        tagged = (outcome.c.step_id == self.input_ids["entities"], sentence.c.corpus_id == pair.corpus_id)
        return super().ready(pair).where(exists(done.where(*tagged)))

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        blocks = stream_sentences(connection, corpus_id, self.lang)
        tagged = count_names(
            (words, spans)
            for block in blocks
            for words, spans in _tagged(connection, self.input_ids["entities"], dict(block))
        )
        places = stream_sentences(connection, corpus_id, self.lang)
        return {"tagged": tagged, "occurs": count_places((words for block in places for _, words in block), tagged)}


def read_names(connection: Connection, step_id: int, corpus_id: int, min_share: float) -> dict[str, str]:
    """The label of each name of a corpus that is tagged in at least a share of its places."""
    content = read_artifact(connection, step_id, corpus_id)
    return frequent_names(content["tagged"], content["occurs"], min_share)


def read_tagged(connection: Connection, step_id: int, sentences: Iterable[int]) -> dict[int, list[Span]]:
    """The spans that a step tagged in sentences, by their keys."""
    columns = (entity.c.sentence_id, entity.c.start_word, entity.c.end_word, entity.c.label)
    chosen = bulk.among(connection, entity.c.sentence_id, sorted(sentences))
    query = select(*columns).where(entity.c.step_id == step_id, chosen)
    spans: dict[int, list[Span]] = {}
    for key, *span in bulk.fetch(connection, query.order_by(entity.c.sentence_id, entity.c.ordinal)):
        spans.setdefault(key, []).append(Span(*span))
    return spans


def _tagged(connection: Connection, step_id: int, block: dict[int, list[str]]) -> list[tuple[list[str], list[Span]]]:
    spans = read_tagged(connection, step_id, block)
    return [(block[key], own) for key, own in spans.items()]

"""Fit steps learn something from all sentences of a corpus in one language and store it as an artifact.

Later steps use the stored artifact unchanged, even for sentences added after the fit.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy import Connection, Select, exists, or_, select

from xprojdb.db import bulk
from xprojdb.db.tables import artifact, corpus, outcome, sentence, translation
from xprojdb.digest import canonical_json, digest_of
from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, ItemKind, Outcome, Result, Rows, Stage


@dataclass(frozen=True, kw_only=True)
class FitParams(StepParams):
    """Parameters that every fit step has.

    :param lang: the language to learn from.
    :param refit: a step with another number learns anew, from what the corpora hold at that time.
    """

    kind: ClassVar[str] = "fit"
    lang: str
    refit: int = left_out(0)


class Fit(Stage):
    """A stage whose items are corpora."""

    block = 1
    item_kind = ItemKind.CORPORA

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.lang = FitParams.from_params(spec.params).lang

    def unmade(self, counts: Sequence[int]) -> int:  # noqa: ARG002 -- corpora are there already
        return 0

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return select(corpus.c.id).where(corpus.c.id == pair.corpus_id)

    @abstractmethod
    def learn(self, connection: Connection, corpus_id: int) -> Any:
        """Learn from a corpus.

        :returns: a JSON value.
        """

    def evidence(self, content: Any) -> str | None:  # noqa: ARG002 -- most have nothing short to report
        """The reason to store with the outcome: a code, followed by a colon and details; None for none.

        :param content: what :meth:`learn` returned.
        """
        return None

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        learned = [self.learn(connection, item) for item in items]
        rows = [
            (self.step_id, item, canonical_json(content), digest_of(content))
            for item, content in zip(items, learned, strict=True)
        ]
        columns = ("step_id", "corpus_id", "content", "digest")
        outcomes = [Outcome(item, "ok", self.evidence(content)) for item, content in zip(items, learned, strict=True)]
        return Result(outcomes, [Rows(artifact, columns, rows)])


class LabelsFit(Fit):
    """A fit that counts what the step ``labels`` did in a language, and so waits for it to have done something.

    What was counted in nothing, because that step lacked its model or its input, would remain.
    """

    counts_labels = True

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        of_sentences = self.spec.inputs["labels"].kind == "combine"
        place = sentence if of_sentences else translation
        langs = [sentence.c.lang] if of_sentences else [translation.c.original_lang, translation.c.rendering_lang]
        done = select(outcome.c.item_id).join(place, place.c.id == outcome.c.item_id)
        labelled = (outcome.c.step_id == self.input_ids["labels"], place.c.corpus_id == pair.corpus_id)
        return super().ready(pair).where(exists(done.where(*labelled, or_(*(lang == self.lang for lang in langs)))))


def stream_sentences(connection: Connection, corpus_id: int, lang: str) -> Iterator[list[tuple[int, list[str]]]]:
    """Stream the keys and words of a corpus in one language, in blocks, in key order and constant memory."""
    query = select(sentence.c.id, sentence.c.words).where(sentence.c.corpus_id == corpus_id, sentence.c.lang == lang)
    for block in bulk.stream(connection, query.order_by(sentence.c.id)):
        yield [(key, json.loads(words)) for key, words in block]


def read_artifact(connection: Connection, step_id: int, corpus_id: int) -> Any:
    """Read what a fit step learned from a corpus."""
    query = select(artifact.c.content).where(artifact.c.step_id == step_id, artifact.c.corpus_id == corpus_id)
    return json.loads(connection.execute(query).scalar_one())

"""Tag: find entities on the labelled side of translations with a model."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, cast

import numpy as np
from sqlalchemy import Connection, Select, select

from xprojdb.arrays import Floats, Singles
from xprojdb.db import bulk
from xprojdb.db.tables import entity, sentence, translation, word_score
from xprojdb.steps.inputs import within
from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import (
    Bitext,
    ItemKind,
    ModelStage,
    Outcome,
    Result,
    Row,
    Rows,
    Side,
    imported,
    sentence_key,
    translations,
)
from xprojdb.text.spans import Span

if TYPE_CHECKING:
    from xprojdb.models.taggers.spacy import ScoringTagger, Tagger

_COLUMNS = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")


@dataclass(frozen=True, kw_only=True)
class TagParams(StepParams):
    """Parameters that every tag step has.

    :param lang: the language to tag, on either side of a translation.
    :param keep_scores: whether word probabilities are stored.
    :param labels: the columns of the stored probabilities.
    """

    kind: ClassVar[str] = "tag"
    lang: str
    keep_scores: bool = left_out(False)
    labels: tuple[str, ...] = left_out(())


class Tagging(NamedTuple):
    """What a tagger found in some sentences.

    :param spans: the entities of each sentence.
    :param rows: the word probabilities, if those are stored.
    :param reasons: what the outcome of each sentence says besides; empty for nothing.
    """

    spans: Sequence[Sequence[Span]]
    rows: Sequence[Rows] = ()
    reasons: Sequence[str | None] = ()


def probability_rows(step_id: int, keys: Sequence[int], probabilities: Sequence[Singles]) -> list[Rows]:
    """Rows with the word probabilities of sentences.

    :param probabilities: (words, labels) of each sentence.
    """
    packed = [(step_id, key, own.astype(np.float16).tobytes()) for key, own in zip(keys, probabilities, strict=True)]
    return [Rows(word_score, ("step_id", "sentence_id", "probabilities"), packed)]


class Tag(ModelStage["Tagger"]):
    """Run a tagger over source sentences. Its items are sentences, each tagged once."""

    kind = TagParams.kind
    version = 1
    block = 1_000
    item_kind = ItemKind.SENTENCES

    def __init__(self, spec: StepSpec, load: Callable[[], Tagger]) -> None:
        super().__init__(spec, load)
        params = TagParams.from_params(spec.params)
        self.lang, self.keep_scores = params.lang, params.keep_scores

    @property
    def title(self) -> str:
        return f"tag {self.lang} with {self.spec.model}"

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return tagged_sentences(pair, self.lang)

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        query = select(sentence.c.id, sentence.c.words).where(bulk.among(connection, sentence.c.id, items))
        read = bulk.fetch(connection, query.order_by(sentence.c.id))
        keys = [key for key, _ in read]
        result = self.tagging(keys, [json.loads(words) for _, words in read])
        outcomes = [
            Outcome(key, "ok", reason) if spans else Outcome(key, "empty", f"no-entities {reason or ''}".rstrip())
            for key, spans, reason in zip(keys, result.spans, result.reasons or repeat(None), strict=False)
        ]
        return Result(outcomes, [Rows(entity, _COLUMNS, self._entities(keys, result.spans)), *result.rows])

    def tagging(self, keys: Sequence[int], sentences: list[list[str]]) -> Tagging:
        """Tag the sentences with some keys."""
        if not self.keep_scores:
            return Tagging(self.model.tag(sentences))
        tagged = cast("ScoringTagger", self.model).tag_scored(sentences)
        rows = probability_rows(self.step_id, keys, [entry.probabilities for entry in tagged])
        return Tagging([entry.spans for entry in tagged], rows)

    def _entities(self, keys: Sequence[int], tagged: Sequence[Sequence[Span]]) -> Iterator[Row]:
        for key, spans in zip(keys, tagged, strict=True):
            for ordinal, span in enumerate(spans):
                yield (self.step_id, key, ordinal, *span)


def tagged_sentences(pair: Bitext, lang: str) -> Select[tuple[int]]:
    """The sentences of a set of translations in a language, each once."""
    if not pair.link:
        return imported(pair, lang)
    side: Side = "original" if pair.original_lang == lang else "rendering"
    tagged: Select[Any] = select(sentence_key(side)).where(translation.c.id.in_(translations(pair))).distinct()
    return tagged


def read_word_scores(
    connection: Connection, step_id: int, items: Sequence[int], side: Side, labels: int
) -> list[Floats]:
    """Read the word probabilities that a tag step stored.

    :param items: keys of translations, ascending.
    :param side: the side that was tagged.
    :param labels: the number of columns, which the step's ``labels`` name.
    :returns: (words, labels) for each translation.
    """
    query = (
        select(word_score.c.probabilities)
        .select_from(translation)
        .join(word_score, (word_score.c.step_id == step_id) & (word_score.c.sentence_id == sentence_key(side)))
        .where(within(connection, translation.c.id, items))
        .order_by(translation.c.id)
    )
    read = bulk.fetch(connection, query)
    return [np.frombuffer(packed, np.float16).reshape(-1, labels).astype(np.float64) for (packed,) in read]

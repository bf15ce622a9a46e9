"""Tag: entities that a model finds on the labelled side of translations."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, sentence, translation
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Pair, Result, Rows, Side, Stage, sentence_key, translations

if TYPE_CHECKING:
    from xprojdb.models.taggers import Tagger

_COLUMNS = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")


class Tag(Stage):
    """Run a tagger over the sentences that labels come from. Its items are sentences, each tagged once.

    Its parameter ``lang`` says which sentences: those of that language, on whichever side of a translation they are.

    :param load: makes the tagger; called when the first batch is due.
    """

    kind = "tag"
    version = 1
    block = 1_000
    noun = "sentences"

    def __init__(self, spec: StepSpec, load: Callable[[], Tagger]) -> None:
        super().__init__(spec)
        self.lang: str = spec.params["lang"]
        self._load = load
        self._tagger: Tagger | None = None

    @property
    def title(self) -> str:
        return f"tag {self.lang} with {self.spec.model}"

    def open(self) -> None:
        self._tagger = self._load()

    def close(self) -> None:
        self._tagger = None

    def ready(self, pair: Pair) -> Select[tuple[int]]:
        side: Side = "original" if pair.original_lang == self.lang else "rendering"
        tagged: Select[Any] = select(sentence_key(side)).where(translation.c.id.in_(translations(pair))).distinct()
        return tagged

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        assert self._tagger is not None, "open() comes first"
        query = select(sentence.c.id, sentence.c.words).where(bulk.among(connection, sentence.c.id, items))
        read = bulk.fetch(connection, query.order_by(sentence.c.id))
        tagged = self._tagger.tag([json.loads(words) for _, words in read])
        rows = [
            (self.step_id, key, ordinal, *span)
            for (key, _), spans in zip(read, tagged, strict=True)
            for ordinal, span in enumerate(spans)
        ]
        outcomes = [
            Outcome(key, "ok") if spans else Outcome(key, "empty", "no-entities")
            for (key, _), spans in zip(read, tagged, strict=True)
        ]
        return Result(outcomes, [Rows(entity, _COLUMNS, rows)])

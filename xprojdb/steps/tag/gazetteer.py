"""Gazetteer: the entities of a tagger, and the other places of the names that it labels often enough in the corpus."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sqlalchemy import ColumnElement, Connection, Select, exists, literal, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, outcome, sentence
from xprojdb.steps.fit.stage import FitParams
from xprojdb.steps.fit.tagged_names import TaggedNamesFit, read_names, read_tagged
from xprojdb.steps.params import StepParams
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import DONE, Bitext, ItemKind, Outcome, Result, Rows, Side, Stage, sentence_key
from xprojdb.steps.tag.stage import tagged_sentences
from xprojdb.text.gazetteer import completed

_COLUMNS = ("step_id", "sentence_id", "ordinal", "start_word", "end_word", "label")


@dataclass(frozen=True, kw_only=True)
class GazetteerParams(StepParams):
    """Its parameters.

    :param lang: the language of the sentences.
    :param min_share: of the places of a name that were tagged.
    """

    kind: ClassVar[str] = "gazetteer"
    lang: str
    min_share: float


class Gazetteer(Stage):
    """Add the places of names that its input ``names`` has counted to the entities of its input ``tagged``."""

    kind = GazetteerParams.kind
    version = 1
    block = 1_000
    item_kind = ItemKind.SENTENCES

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = GazetteerParams.from_params(spec.params)
        self.lang = self.params.lang
        self._names: dict[int, dict[str, str]] = {}

    @property
    def title(self) -> str:
        return f"tag the other places of names in {self.lang}"

    def close(self) -> None:
        self._names.clear()

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        return tagged_sentences(pair, self.lang)

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        side: Side = "original" if pair.original_lang == self.lang else "rendering"
        key = sentence_key(side) if pair.link else sentence.c.id
        return self.items(pair).where(self._done("tagged", key), self._done("names", literal(pair.corpus_id)))

    def _done(self, role: str, item: ColumnElement[int]) -> ColumnElement[bool]:
        done = outcome.alias(f"done_{role}")
        same = (done.c.step_id == self.input_ids[role], done.c.item_id == item, done.c.status.in_(DONE))
        return exists().where(*same)

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        columns = (sentence.c.id, sentence.c.corpus_id, sentence.c.words)
        query = select(*columns).where(bulk.among(connection, sentence.c.id, items)).order_by(sentence.c.id)
        tagged = read_tagged(connection, self.input_ids["tagged"], items)
        outcomes, rows = [], []
        for key, corpus_id, words in bulk.fetch(connection, query):
            spans = completed(json.loads(words), tagged.get(key, []), self._known(connection, corpus_id))
            rows += [(self.step_id, key, ordinal, *span) for ordinal, span in enumerate(spans)]
            outcomes.append(Outcome(key, "ok") if spans else Outcome(key, "empty", "no-entities"))
        return Result(outcomes, [Rows(entity, _COLUMNS, rows)])

    def _known(self, connection: Connection, corpus_id: int) -> dict[str, str]:
        if corpus_id not in self._names:
            names = read_names(connection, self.input_ids["names"], corpus_id, self.params.min_share)
            self._names[corpus_id] = names
        return self._names[corpus_id]


def gazetteer_spec(tagger: StepSpec, lang: str, min_share: float, refit: int) -> StepSpec:
    """The step that completes what a tagger found in a language.

    :param refit: see :class:`xprojdb.steps.fit.stage.FitParams`.
    """
    fit = FitParams(lang=lang, refit=refit).to_params()
    names = StepSpec(TaggedNamesFit.kind, TaggedNamesFit.version, fit, inputs={"entities": tagger})
    params = GazetteerParams(lang=lang, min_share=min_share).to_params()
    return StepSpec(Gazetteer.kind, Gazetteer.version, params, inputs={"tagged": tagger, "names": names})

"""Carry: translate sentences with their entities marked, and recover the entities from the translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Select, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, sentence
from xprojdb.models.easyproject.labelled_translation import (
    Carried,
    LabelledSentence,
    easyproject,
    labelpigeon,
    tagged_texts,
    texts_of,
)
from xprojdb.models.translators.text_tokens import Translated
from xprojdb.steps.inputs import within
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.project.stage import Reasons
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, Outcome, Result, Rows, imported
from xprojdb.steps.translate.params import CarryParams
from xprojdb.steps.translate.sentences import Kind, Original, Rendering, read_originals, rendering_rows
from xprojdb.steps.translate.stage import Translating
from xprojdb.text.spans import Span

if TYPE_CHECKING:
    from xprojdb.models.translators.translator import Translator

_ENTITY = ("sentence_id", "step_id", "ordinal", "start_word", "end_word", "label")
Ordinal = int


class Carry(Translating):
    """Translate labelled sentences with their labels (EasyProject, Chen et al. 2023, or LabelPigeon, arXiv 2603.12021),
    or, on the round trip, translate a tagged translation back. An entity keeps its ordinal and its original label,
    which is mapped on projection. One whose label the mapping drops is not carried, and one that gets lost is named in
    the outcome.

    The input ``entities`` labelled the sentences; on the round trip ``sentences`` made them, and a sentence without
    entities is not translated: its rendering has no words.
    """

    kind = "carry"
    version = 1

    def __init__(self, spec: StepSpec, load: Callable[[], Translator]) -> None:
        super().__init__(spec, load)
        self.back = "sentences" in spec.inputs
        params = CarryParams.from_params(spec.params)
        self.min_similarity, self.in_tags = params.min_similarity, params.markers == "xml"
        self.mapping = mapping_of(spec)

    @property
    def title(self) -> str:
        way = "translate back" if self.back else "translate"
        marked = "in XML tags" if self.in_tags else "marked"
        return f"{way} {self.original_lang} → {self.lang} with entities {marked}, with {self.spec.model}"

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        if not self.back:
            return imported(pair, self.original_lang)
        origin = sentence.alias("origin")
        query = select(sentence.c.id).join(origin, origin.c.id == sentence.c.parent_id)
        query = query.where(sentence.c.step_id == self.input_ids.get("sentences", 0))
        query = query.where(origin.c.corpus_id == pair.corpus_id, origin.c.lang == pair.original_lang)
        return query.where(origin.c.split.in_(pair.splits)) if pair.splits else query

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {"entities": sentence.c.id}

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        originals = read_originals(connection, items)
        entities = self._read_entities(connection, items)
        labelled = self._to_translate(originals, entities)
        carried = self._carry(list(labelled.values()))
        return self._result(originals, entities, dict(zip(labelled, carried, strict=True)))

    def texts(self, connection: Connection, items: Sequence[int]) -> list[str]:
        labelled = self._to_translate(read_originals(connection, items), self._read_entities(connection, items))
        if self.in_tags:
            return tagged_texts(list(labelled.values()), self.original_lang)
        marked, entities = texts_of(list(labelled.values()), self.original_lang)
        return [*marked, *chain.from_iterable(entities)]

    def _to_translate(
        self, originals: Sequence[Original], entities: Mapping[int, list[tuple[Ordinal, Span]]]
    ) -> dict[int, LabelledSentence]:
        """The sentences to translate, with their entities."""
        pairs = (
            (original, [span for _, span in entities.get(original.id, ())]) for original in originals if original.words
        )
        return {
            original.id: LabelledSentence(original.words, spans) for original, spans in pairs if spans or not self.back
        }

    def _carry(self, sentences: Sequence[LabelledSentence]) -> list[Carried]:
        if self.in_tags:
            return labelpigeon(sentences, self.model, self.original_lang, self.lang)
        return easyproject(sentences, self.model, self.original_lang, self.lang, threshold=self.min_similarity)

    def _result(
        self,
        originals: Sequence[Original],
        entities: Mapping[int, list[tuple[Ordinal, Span]]],
        carried: Mapping[int, Carried],
    ) -> Result:
        renderings: list[Rendering] = []
        spans: list[tuple[int, int, Ordinal, int, int, str]] = []
        outcomes = []
        for original in originals:
            translated, own = carried.get(original.id), entities.get(original.id, [])
            outcome = self._outcome(original, translated, [ordinal for ordinal, _ in own])
            outcomes.append(outcome)
            if outcome.status != "ok":
                continue
            for span, number in zip(translated.spans, translated.entities, strict=True) if translated else ():
                spans.append((len(renderings), self.step_id, own[number][0], *span))
            renderings.append(Rendering(original, translated.words if translated else (), None, None))
        kind: Kind = "back" if self.back else "machine"
        rows = rendering_rows(renderings, self.lang, self.step_id, self.spec.short, kind)
        return Result(outcomes, [*rows, Rows(entity, _ENTITY, sorted(spans), new_keys=("sentence_id",))])

    def _outcome(self, original: Original, translated: Carried | None, ordinals: Sequence[Ordinal]) -> Outcome:
        if not original.words:
            return Outcome(original.id, "filtered", "no-words")
        if translated is None:
            return Outcome(original.id, "ok", "no-entities")
        refused = self.refused(original, Translated(" ".join(translated.words), translated.cut))
        if refused is not None:
            return Outcome(original.id, "filtered", refused)
        lost = Reasons()
        for loss in translated.lost:
            lost.add(original.id, loss.reason.value, ordinals[loss.entity])
        # EasyProject drops sentences that lost an entity; on the round trip the remaining entities still count.
        status = "filtered" if translated.lost and not self.back else "ok"
        return Outcome(original.id, status, lost.describe(original.id))

    def _read_entities(self, connection: Connection, items: Sequence[int]) -> dict[int, list[tuple[Ordinal, Span]]]:
        columns = (entity.c.sentence_id, entity.c.ordinal, entity.c.start_word, entity.c.end_word, entity.c.label)
        query = select(*columns).where(entity.c.step_id == self.input_ids["entities"])
        query = query.where(within(connection, entity.c.sentence_id, items))
        entities: dict[int, list[tuple[Ordinal, Span]]] = {}
        for key, ordinal, *place in bulk.fetch(connection, query.order_by(entity.c.sentence_id, entity.c.ordinal)):
            if self._is_carried(span := Span(*place)):
                entities.setdefault(key, []).append((ordinal, span))
        return entities

    def _is_carried(self, span: Span) -> bool:
        return self.mapping is None or bool(self.mapping.apply([span]))

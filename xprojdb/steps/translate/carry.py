"""Carry: translate sentences with their entities marked, and read the entities off the translation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Select, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, sentence
from xprojdb.models.easyproject.labelled_translation import Carried, LabelledSentence, easyproject, texts_of
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
    """Translate labelled sentences with their labels (EasyProject, Chen et al. 2023), or, on the round trip, translate
    a tagged translation back. An entity keeps its ordinal and its own label, which is mapped when it is projected; one
    whose label maps to nothing is not carried, and one that is not found is named in the outcome.

    Its input ``entities`` labelled the sentences; on the round trip ``sentences`` made them. There, a sentence without
    entities is not translated: its rendering has no words.
    """

    kind = "carry"
    version = 1

    def __init__(self, spec: StepSpec, load: Callable[[], Translator]) -> None:
        super().__init__(spec, load)
        self.back = "sentences" in spec.inputs
        self.min_similarity = CarryParams.from_params(spec.params).min_similarity
        self.mapping = mapping_of(spec)

    @property
    def title(self) -> str:
        way = "translate back" if self.back else "translate"
        return f"{way} {self.original_lang} → {self.lang} with entities marked, with {self.spec.model}"

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
        wanted = self._wanted(originals, entities)
        carried = self._carry(list(wanted.values()))
        return self._result(originals, entities, dict(zip(wanted, carried, strict=True)))

    def texts(self, connection: Connection, items: Sequence[int]) -> list[str]:
        wanted = self._wanted(read_originals(connection, items), self._read_entities(connection, items))
        marked, entities = texts_of(list(wanted.values()), self.original_lang)
        return [*marked, *chain.from_iterable(entities)]

    def _wanted(
        self, originals: Sequence[Original], entities: Mapping[int, list[tuple[Ordinal, Span]]]
    ) -> dict[int, LabelledSentence]:
        """The sentences that are translated, with their entities."""
        told = (
            (original, [span for _, span in entities.get(original.id, ())]) for original in originals if original.words
        )
        return {each.id: LabelledSentence(each.words, spans) for each, spans in told if spans or not self.back}

    def _carry(self, sentences: Sequence[LabelledSentence]) -> list[Carried]:
        return easyproject(sentences, self.model, self.original_lang, self.lang, threshold=self.min_similarity)

    def _result(
        self,
        originals: Sequence[Original],
        entities: Mapping[int, list[tuple[Ordinal, Span]]],
        carried: Mapping[int, Carried],
    ) -> Result:
        made: list[Rendering] = []
        spans: list[tuple[int, int, Ordinal, int, int, str]] = []
        outcomes = []
        for original in originals:
            found, own = carried.get(original.id), entities.get(original.id, [])
            outcome = self._outcome(original, found, [ordinal for ordinal, _ in own])
            outcomes.append(outcome)
            if outcome.status != "ok":
                continue
            for span, number in zip(found.spans, found.entities, strict=True) if found else ():
                spans.append((len(made), self.step_id, own[number][0], *span))
            made.append(Rendering(original, found.words if found else (), None, None))
        kind: Kind = "back" if self.back else "machine"
        rows = rendering_rows(made, self.lang, self.step_id, self.spec.short, kind)
        return Result(outcomes, [*rows, Rows(entity, _ENTITY, sorted(spans), new_keys=("sentence_id",))])

    def _outcome(self, original: Original, found: Carried | None, ordinals: Sequence[Ordinal]) -> Outcome:
        if not original.words:
            return Outcome(original.id, "filtered", "no-words")
        if found is None:
            return Outcome(original.id, "ok", "no-entities")
        refused = self.refused(original, Translated(" ".join(found.words), found.cut))
        if refused is not None:
            return Outcome(original.id, "filtered", refused)
        lost = Reasons()
        for each in found.lost:
            lost.add(original.id, each.reason.value, ordinals[each.entity])
        # EasyProject trains on no sentence that has lost an entity; on the round trip, the others still count.
        status = "filtered" if found.lost and not self.back else "ok"
        return Outcome(original.id, status, lost.told(original.id))

    def _read_entities(self, connection: Connection, items: Sequence[int]) -> dict[int, list[tuple[Ordinal, Span]]]:
        columns = (entity.c.sentence_id, entity.c.ordinal, entity.c.start_word, entity.c.end_word, entity.c.label)
        query = select(*columns).where(entity.c.step_id == self.input_ids["entities"])
        query = query.where(within(connection, entity.c.sentence_id, items))
        found: dict[int, list[tuple[Ordinal, Span]]] = {}
        for key, ordinal, *place in bulk.fetch(connection, query.order_by(entity.c.sentence_id, entity.c.ordinal)):
            if self._is_wanted(span := Span(*place)):
                found.setdefault(key, []).append((ordinal, span))
        return found

    def _is_wanted(self, span: Span) -> bool:
        return self.mapping is None or bool(self.mapping.apply([span]))

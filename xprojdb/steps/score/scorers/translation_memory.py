"""Translation memory: how often an entity's words were projected onto the candidate's words elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.arrays import Floats
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db import bulk
from xprojdb.db.tables import label, translation
from xprojdb.matching.scores.term_consistency import Place, folded, term
from xprojdb.matching.scores.translation_memory import Renderings, rendered_elsewhere, rendering_shares
from xprojdb.steps.fit.entity_renderings import EntityRenderingsFit, RenderingsParams, read_renderings
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec

#: spans by translation key and entity ordinal
ChosenSpans = Mapping[tuple[int, int], list[Place]]


@dataclass(frozen=True, kw_only=True)
class TranslationMemoryConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "translation_memory"``: how often the entity was projected like this elsewhere."""


class TranslationMemory(ScoreStage):
    """Among the projections of the entity's words and label in other sentences, the share onto the same words."""

    name = "translation_memory"
    Config = TranslationMemoryConfig
    learns = True

    @classmethod
    def inputs(cls, config: TranslationMemoryConfig, direction: Direction) -> Mapping[str, StepSpec]:  # noqa: ARG003
        labels = direction.draft_labels()
        params = RenderingsParams(source=direction.source, lang=direction.target, refit=direction.refit).to_params()
        inputs = {"labels": labels, "entities": direction.entities}
        fit = StepSpec(EntityRenderingsFit.kind, EntityRenderingsFit.version, params, inputs=inputs)
        return {"labels": labels, "renderings": fit}

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**super().needs(), "labels": translation.c.id, "renderings": translation.c.corpus_id}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        renderings = self.learned(connection, batch, "renderings", read_renderings)
        chosen = _read_chosen(connection, self.input_ids["labels"], batch)
        own = batch.candidates.by_entity(batch.pairs.entity_ptr).tolist()
        starts, ends = batch.candidates.start.tolist(), batch.candidates.end.tolist()
        shares = np.zeros(len(batch.candidates))
        for row, texts, elsewhere in _entities_elsewhere(batch, renderings, chosen):
            first, last = own[row], own[row + 1]
            places = zip(starts[first:last], ends[first:last], strict=True)
            shares[first:last] = rendering_shares(texts, places, elsewhere)
        return shares


def _entities_elsewhere(
    batch: ScoringBatch, renderings: list[Renderings], chosen: ChosenSpans
) -> Iterator[tuple[int, list[str], Mapping[str, int]]]:
    """The entities that were also projected elsewhere: row, folded words of the target sentence, and renderings."""
    entities, ptr = batch.entities, batch.pairs.entity_ptr.tolist()
    start, end, ordinal = (column.tolist() for column in (entities.start, entities.end, entities.ordinal))
    for i, key in enumerate(batch.keys.tolist()):
        source, target = folded(batch.source_words[i]), folded(batch.target_words[i])
        names = [(entities.label[e], term(source, start[e], end[e])) for e in range(ptr[i], ptr[i + 1])]
        here: dict[tuple[str, str], Counter[str]] = {}
        for name, number in zip(names, ordinal[ptr[i] : ptr[i + 1]], strict=True):
            spans = chosen.get((key, number), [])
            here.setdefault(name, Counter()).update(term(target, *place) for place in spans)
        for row, (label_name, text) in enumerate(names, ptr[i]):
            elsewhere = rendered_elsewhere(renderings[i].get(label_name, {}).get(text, {}), here[label_name, text])
            if elsewhere:
                yield row, target, elsewhere


def _read_chosen(connection: Connection, step_id: int, batch: ScoringBatch) -> ChosenSpans:
    """Read the spans that an earlier project step chose for the entities of a batch."""
    columns = (label.c.translation_id, label.c.entity_ordinal, label.c.start_word, label.c.end_word)
    sentences = sorted(set(batch.target_sentences))
    query = select(*columns).where(label.c.step_id == step_id, bulk.among(connection, label.c.sentence_id, sentences))
    spans: dict[tuple[int, int], list[Place]] = {}
    for key, ordinal, start, end in bulk.fetch(connection, query):
        spans.setdefault((key, ordinal), []).append((start, end))
    return spans

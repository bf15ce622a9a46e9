"""Renderings: which words the entities of one language were projected onto, counted by the database."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Select, and_, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import entity, label, sentence, translation
from xprojdb.matching.scores.translation_memory import Renderings, count_renderings
from xprojdb.steps.fit.stage import FitParams, LabelsFit, read_artifact
from xprojdb.steps.labelling import LabellingParams, mapping_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Side, other, sentence_key
from xprojdb.text.label_schemes import LabelMapping
from xprojdb.text.normalization import fold


@dataclass(frozen=True, kw_only=True)
class RenderingsParams(FitParams):
    """Parameters of the step.

    :param source: the language of the entities.
    :param lang: the language they were projected into.
    """

    source: str


class EntityRenderingsFit(LabelsFit):
    """Count, for each label and entity text, the texts that the step ``labels`` projected it onto.

    All labels of that step count, whatever their corpus. They are the mapped labels of the entities; changes made by
    the rule for derived words are ignored.
    """

    kind = "renderings"
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.source = RenderingsParams.from_params(spec.params).source
        self.labelled: Side = LabellingParams.from_params(spec.inputs["labels"].params).labelled
        self.mapping = mapping_of(spec.inputs["labels"])

    @property
    def title(self) -> str:
        return f"count what names in {self.source} became in {self.lang}"

    def learn(self, connection: Connection, corpus_id: int) -> Any:  # noqa: ARG002 -- all corpora count
        blocks = bulk.stream(connection, self._counted(connection))
        return count_renderings(row for block in blocks for row in _folded(block, self.mapping))

    def _counted(self, connection: Connection) -> Select[tuple[str, str, str, int]]:
        """Label, text of the entity, text it was projected onto, count."""
        source, chosen = sentence.alias("source"), sentence.alias("chosen")
        langs = {self.labelled: self.source, other(self.labelled): self.lang}
        texts = (
            select(
                entity.c.label,
                bulk.phrase(connection, source.c.words, entity.c.start_word, entity.c.end_word).label("source"),
                bulk.phrase(connection, chosen.c.words, label.c.start_word, label.c.end_word).label("chosen"),
            )
            .select_from(label)
            .join(translation, translation.c.id == label.c.translation_id)
            .join(source, source.c.id == sentence_key(self.labelled))
            .join(chosen, chosen.c.id == label.c.sentence_id)
            .join(
                entity,
                and_(
                    entity.c.step_id == self.input_ids["entities"],
                    entity.c.sentence_id == source.c.id,
                    entity.c.ordinal == label.c.entity_ordinal,
                ),
            )
            .where(
                label.c.step_id == self.input_ids["labels"],
                translation.c.original_lang == langs["original"],
                translation.c.rendering_lang == langs["rendering"],
            )
            .subquery("texts")
        )
        columns = (texts.c.label, texts.c.source, texts.c.chosen)
        return select(*columns, func.count()).group_by(*columns)


def read_renderings(connection: Connection, step_id: int, corpus_id: int) -> Renderings:
    """Read the renderings that were counted for a corpus."""
    renderings: Renderings = read_artifact(connection, step_id, corpus_id)
    return renderings


def _folded(rows: list[tuple[Any, ...]], mapping: LabelMapping | None) -> Iterator[tuple[str, str, str, int]]:
    table = dict(mapping.table) if mapping else {}
    for name, text, chosen, count in rows:
        yield table.get(name) or name, folded_phrase(text), folded_phrase(chosen), count


def folded_phrase(text: str) -> str:
    """Fold each of the space-separated words."""
    return " ".join(map(fold, text.split(" ")))

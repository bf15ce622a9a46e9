"""Learn how names of a corpus pass into another language, from links and entities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sqlalchemy import ColumnElement, Connection, Select, exists, select

from xprojdb.db import bulk
from xprojdb.db.tables import alignment, outcome, translation
from xprojdb.matching.scores.name_habits import NameHabits, name_habits
from xprojdb.steps.fit.stage import Fit, FitParams, read_artifact
from xprojdb.steps.inputs import read_entities, read_pairs, read_side_words
from xprojdb.steps.labelling import LabellingParams, mapping_of
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Bitext, entities_done, other, require_done

#: the most translations to read, evenly spaced in the corpus, and how many to read at once
MOST, BLOCK = 10_000, 1_000


@dataclass(frozen=True, kw_only=True)
class HabitsParams(FitParams, LabellingParams):
    """The parameters of :class:`NameHabitsFit`.

    :param source: the language of the entities.
    :param lang: the language the entities are projected onto.
    """

    kind: ClassVar[str] = "habits"
    source: str


class NameHabitsFit(Fit):
    """Count certain links and preserved capitals of names in the sentences that the step ``alignment`` aligned."""

    kind = HabitsParams.kind
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = HabitsParams.from_params(spec.params)
        self.mapping = mapping_of(spec)

    @property
    def title(self) -> str:
        return f"learn how names in {self.params.source} look in {self.lang}"

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        # Counts from no sentences or labels at all would remain after these are added.
        done = select(outcome.c.item_id).join(translation, translation.c.id == outcome.c.item_id)
        aligned = (outcome.c.step_id == self.input_ids["alignment"], *self._between(pair.corpus_id))
        for role, key in entities_done(self.spec, self.params.labelled).items():
            done = require_done(done, role, self.input_ids[role], key)
        return super().ready(pair).where(exists(done.where(*aligned)))

    def learn(self, connection: Connection, corpus_id: int) -> Any:
        keys = self._translations(connection, corpus_id)
        counted = NameHabits()
        for first in range(0, len(keys), BLOCK):
            counted = counted.plus(self._counted(connection, keys[first : first + BLOCK]))
        return {**counted._asdict(), "translations": len(keys)}

    def evidence(self, content: Any) -> str:
        return f"learned:translations={content['translations']},{_habits(content).summary}"

    def _counted(self, connection: Connection, items: Sequence[int]) -> NameHabits:
        side = self.params.labelled
        entities = read_entities(connection, self.input_ids["entities"], items, side, self.mapping)
        if not entities.label:
            return NameHabits()
        keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, side)
        sides = (read_side_words(connection, keys.tolist(), own) for own in (side, other(side)))
        return name_habits(pairs, *sides)

    def _translations(self, connection: Connection, corpus_id: int) -> list[int]:
        """The aligned translations between the two languages, at most :data:`MOST`, evenly spaced."""
        query = (
            select(translation.c.id)
            .join(alignment, alignment.c.translation_id == translation.c.id)
            .where(alignment.c.step_id == self.input_ids["alignment"], *self._between(corpus_id))
        )
        keys = [key for (key,) in bulk.fetch(connection, query.order_by(translation.c.id))]
        places = np.linspace(0, len(keys) - 1, min(MOST, len(keys)), dtype=np.int64)
        return [keys[place] for place in places.tolist()]

    def _between(self, corpus_id: int) -> tuple[ColumnElement[bool], ...]:
        """The conditions for translations of a corpus between the two languages."""
        langs = (self.params.source, self.lang)
        original, rendering = langs if self.params.labelled == "original" else langs[::-1]
        return (
            translation.c.corpus_id == corpus_id,
            translation.c.original_lang == original,
            translation.c.rendering_lang == rendering,
        )


def read_habits(connection: Connection, step_id: int, corpus_id: int) -> NameHabits:
    """Read what was learned from a corpus."""
    return _habits(read_artifact(connection, step_id, corpus_id))


def _habits(content: Mapping[str, int]) -> NameHabits:
    return NameHabits(*(content[name] for name in NameHabits._fields))

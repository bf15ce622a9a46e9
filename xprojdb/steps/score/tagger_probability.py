"""The NER score: what a tagger of the target language thinks of a candidate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from sqlalchemy import ColumnElement, Connection

from xprojdb.matching.arrays import Floats
from xprojdb.matching.scores.tagger_probability import ALPHA, LEAST, ner, tag_columns
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import other, sentence_key
from xprojdb.steps.tag.stage import read_word_scores
from xprojdb.text.label_schemes import LabelMapping


class TaggerProbability(ScoreStage):
    """The mean probability, under a tagger, of the candidate's words being an entity with the label of the source.

    Its input ``target_tags`` is a tag step on the unlabelled side that keeps its word probabilities. The tagger's
    labels are mapped as the entities' are. With ``any_label``, the label that is likeliest for the candidate counts.
    """

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.alpha: float = spec.params.get("alpha", ALPHA)
        self.least: float = spec.params.get("least", LEAST)
        self.any_label: bool = spec.params.get("any_label", False)
        tags: list[str] = list(spec.inputs["target_tags"].params["labels"])
        self._n_tags = len(tags)
        self._columns = tag_columns(tags, renamed(tags, self.mapping))

    @property
    def title(self) -> str:
        return f"{super().title} by {self.spec.inputs['target_tags'].model}"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**super().needs(), "target_tags": sentence_key(other(self.labelled))}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        side, step_id = other(self.labelled), self.input_ids["target_tags"]
        read = read_word_scores(connection, step_id, batch.keys.tolist(), side, self._n_tags)
        words = np.concatenate([np.empty((0, self._n_tags)), *read])
        column = {label: place for place, label in enumerate(self._columns.labels)}
        label = np.array([column.get(name, -1) for name in batch.entities.label], np.int64)
        tables = (words @ self._columns.begin, words @ self._columns.inside)
        return ner(batch.pairs, batch.candidates, label, *tables, self.alpha, self.least, self.any_label)


def renamed(tags: list[str], mapping: LabelMapping | None) -> dict[str, str]:
    """What a mapping makes of the labels of tags; those that it drops keep their names."""
    table = dict(mapping.table) if mapping else {}
    becomes = {label: table.get(label) for label in {tag[2:] for tag in tags}}
    return {label: name for label, name in becomes.items() if name}

"""Tagger probability: how probable a tagger of the target language finds a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import Gt, Le
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Floats
from xprojdb.config.fields.prefixed import plugin_of
from xprojdb.config.fields.types import Share
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.matching.scores.tagger_probability import ALPHA, LEAST, ner, tag_columns
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import other, sentence_key
from xprojdb.steps.tag.stage import TagParams, read_word_scores
from xprojdb.steps.tag.variant import scoring_spec
from xprojdb.text.label_schemes import LabelMapping


@dataclass(frozen=True, kw_only=True)
class TaggerProbabilityConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "tagger_probability"``: how probable a target-language tagger finds the candidate.

    :param alpha: values above 1 favour long candidates.
    :param any_label: use the candidate's most probable label instead of the entity's.
    :param tagger: ``hf:MODEL``; by default the target-language tagger in ``[tag]``.
    :param min_probability: lower scores count as 0; by default 0.05.
    """

    alpha: Annotated[float, Gt(0), Le(2)] = ALPHA
    any_label: bool = False
    tagger: str = ""
    min_probability: Share | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.tagger:
            plugin_of("taggers", self.tagger, "tagger")


class TaggerProbability(ScoreStage):
    """The mean probability, under a tagger, that the candidate's words are an entity with the source label.

    The input ``target_tags`` is a tag step on the unlabelled side that stores word probabilities. The tagger's
    labels are mapped like those of the entities. With ``any_label``, the candidate's most probable label counts.
    """

    name = "tagger_probability"
    Config = TaggerProbabilityConfig
    not_params = frozenset({"tagger"})

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        config: TaggerProbabilityConfig = self.config
        self.alpha, self.any_label = config.alpha, config.any_label
        self.min_probability = LEAST if config.min_probability is None else config.min_probability
        tags = list(TagParams.from_params(spec.inputs["target_tags"].params).labels)
        self._n_tags = len(tags)
        self._columns = tag_columns(tags, renamed(tags, self.mapping))

    @classmethod
    def inputs(cls, config: TaggerProbabilityConfig, direction: Direction) -> Mapping[str, StepSpec]:
        tags = scoring_spec(direction.proposals, direction.target, config.tagger, direction.scorer)
        return {"target_tags": tags}

    @classmethod
    def reads_taggers(cls, config: TaggerProbabilityConfig) -> bool:
        return not config.tagger

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
        return ner(batch.pairs, batch.candidates, label, *tables, self.alpha, self.min_probability, self.any_label)


def renamed(tags: list[str], mapping: LabelMapping | None) -> dict[str, str]:
    """Map the labels of tags; labels that the mapping drops keep their names."""
    table = dict(mapping.table) if mapping else {}
    becomes = {label: table.get(label) for label in {tag[2:] for tag in tags}}
    return {label: name for label, name in becomes.items() if name}

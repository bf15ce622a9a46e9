"""The default scorer: links, letters and edges in one score, weighted by evidence from the corpus without gold."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from annotated_types import MinLen
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Flags, Floats, Longs
from xprojdb.config.fields.types import Share
from xprojdb.config.tables.score import Candidates, ScorerConfig
from xprojdb.db.tables import translation
from xprojdb.matching.arrays import offsets
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.candidates import linked_edges
from xprojdb.matching.scores.adaptive import (
    FUNCTION_WORD,
    LOWER_CASE,
    MAX_FREQUENCY,
    WORD_WEIGHTS,
    Parts,
    reached,
    tells_words,
    trusted,
)
from xprojdb.matching.scores.boundary import clean_start, function_words, name_edges, name_words
from xprojdb.matching.scores.edit_similarity import Words, surface
from xprojdb.matching.scores.links import linked_elsewhere, soft_alignment
from xprojdb.matching.scores.word_weights import WordCounts, weigh_links, word_weights
from xprojdb.steps.fit.name_habits import HabitsParams, NameHabitsFit, read_habits
from xprojdb.steps.fit.word_frequencies import read_frequencies
from xprojdb.steps.score.batch import ScoringBatch
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.stage import ScoreStage
from xprojdb.steps.spec import StepSpec

_SIDES = ("source_frequencies", "target_frequencies")


@dataclass(frozen=True, kw_only=True)
class AdaptiveConfig(ScorerConfig):
    """``[[scorer]]`` with ``type = "adaptive"``: links, letters and edges in one score, weighted by the corpus."""

    candidates: Candidates | Annotated[tuple[Candidates, ...], MinLen(1)] = ("aligned", "similar")
    min_score: Share = 0.2


class Adaptive(ScoreStage):
    """Score candidates by links and letters, less penalties for their edges; :mod:`xprojdb.matching.scores.adaptive`.

    Links between rare words count more, once enough words were counted. The penalty for lower case grows with the share
    of capitals that names keep in the corpus. Links only support candidates that begin and end on a word linked to the
    entity, and letters do not support words linked to other words. Links without scores count as certain.
    """

    name = "adaptive"
    version = 2
    Config = AdaptiveConfig

    @classmethod
    def inputs(cls, config: AdaptiveConfig, direction: Direction) -> Mapping[str, StepSpec]:  # noqa: ARG003
        languages = dict(zip(_SIDES, map(direction.frequencies, (direction.source, direction.target)), strict=True))
        return {**languages, "habits": habits_spec(direction)}

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return {**super().needs(), **dict.fromkeys((*_SIDES, "habits"), translation.c.corpus_id)}

    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        return self.parts(connection, batch).fused

    def parts(self, connection: Connection, batch: ScoringBatch) -> Parts:
        """The parts of the score of each candidate."""
        counts = [self.learned(connection, batch, side, read_frequencies) for side in _SIDES]
        linked = linked_edges(batch.pairs, batch.candidates)
        links = np.where(linked, soft_alignment(_weighed(batch, *counts), batch.candidates), 0.0)
        free = 1 - linked_elsewhere(batch.pairs.sure(), batch.candidates)
        letters = surface(batch.pairs, batch.candidates, *map(Words.fold, (batch.source_words, batch.target_words)))
        clean = _clean_starts(batch, *counts)
        habits = self.learned(connection, batch, "habits", read_habits)
        doubt, capitals = np.array([(own.doubt, own.capitals) for own in habits]).reshape(-1, 2)[batch.pair].T
        lower = LOWER_CASE * capitals * (1 - _name_edges(batch))
        return Parts(trusted(links, doubt), free * reached(letters, doubt), FUNCTION_WORD * (1 - clean), lower)


def habits_spec(direction: Direction) -> StepSpec:
    """The step that learns how names pass into the target language."""
    labelling = direction.labelling
    params = HabitsParams(
        source=direction.source,
        lang=direction.target,
        labelled=labelling.labelled,
        labels=labelling.labels,
        refit=direction.refit,
    )
    inputs = {"entities": direction.entities, "alignment": direction.alignment}
    return StepSpec(NameHabitsFit.kind, NameHabitsFit.version, params.to_params(), inputs=inputs)


def _weighed(batch: ScoringBatch, source: list[WordCounts], target: list[WordCounts]) -> PairBatch:
    """The pairs, with weaker links between frequent words."""
    sides = ((batch.source_words, source), (batch.target_words, target))
    return weigh_links(batch.pairs.sure(), *(_by_corpus(words, counts, _weights) for words, counts in sides))


def _weights(sentences: Sequence[Sequence[str]], counts: WordCounts) -> Floats:
    return word_weights(sentences, counts, WORD_WEIGHTS if tells_words(counts) else 0.0)


def _clean_starts(batch: ScoringBatch, source: list[WordCounts], target: list[WordCounts]) -> Floats:
    """(C,) whether a candidate does not begin with a function word; 1 if the entity itself begins with one."""
    own = clean_start(batch.pairs, batch.candidates, _function_words(batch.target_words, target))
    unclean = _function_words(batch.source_words, source)[_entity_edges(batch)[0]]
    return np.where(unclean[batch.entity], 1.0, own)


def _function_words(sentences: list[list[str]], counts: list[WordCounts]) -> Flags:
    return _by_corpus(sentences, counts, _are_function_words).astype(np.bool_)


def _are_function_words(sentences: Sequence[Sequence[str]], counts: WordCounts) -> Flags:
    # Punctuation counts as a function word even without counts.
    return function_words(sentences, counts, MAX_FREQUENCY if tells_words(counts) else 1.0)


def _by_corpus(
    sentences: list[list[str]],
    counts: list[WordCounts],
    tell: Callable[[Sequence[Sequence[str]], WordCounts], Floats | Flags],
) -> Floats:
    """Apply a function to the words of each sentence with the counts of its own corpus, and concatenate the results."""
    if all(own is counts[0] for own in counts):
        return tell(sentences, counts[0]).astype(np.float64) if counts else np.empty(0)
    paired = zip(sentences, counts, strict=True)
    return np.concatenate([tell([words], own) for words, own in paired]).astype(np.float64)


def _name_edges(batch: ScoringBatch) -> Floats:
    """(C,) the share of a candidate's two edges that begin like a name; 1 if the entity itself is no name."""
    return name_edges(batch.pairs, batch.candidates, name_words(batch.target_words), _are_names(batch))


def _are_names(batch: ScoringBatch) -> Flags:
    """(E,) whether an entity's first word begins like a name, and so do half of its words at least."""
    named = name_words(batch.source_words)
    first, last = _entity_edges(batch)
    before = np.concatenate(([0], np.cumsum(named)))
    most: Flags = 2 * (before[last + 1] - before[first]) >= last + 1 - first
    return named[first] & most


def _entity_edges(batch: ScoringBatch) -> tuple[Longs, Longs]:
    """(E,) the first and the last word of each entity, counted through all source sentences."""
    base: Longs = offsets(batch.pairs.source_words)[batch.owners]
    return base + batch.pairs.entity_start, base + batch.pairs.entity_end - 1

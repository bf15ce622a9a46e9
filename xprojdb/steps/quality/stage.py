"""Score translations: how similar both sides are, and what was kept of length, numbers and names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from sqlalchemy import ColumnElement, Connection, select

from xprojdb.db import bulk
from xprojdb.db.tables import translation, translation_score
from xprojdb.errors import UsageError
from xprojdb.matching.scores.sentence_similarity import sentence_similarity
from xprojdb.steps.align.stage import keep_states
from xprojdb.steps.inputs import read_side_words
from xprojdb.steps.params import StepParams, left_out
from xprojdb.steps.spec import StepSpec, find_step
from xprojdb.steps.stage import Outcome, Result, Row, Rows, Side, Stage, other
from xprojdb.text.kept_words import kept_length, kept_names, kept_numbers
from xprojdb.training.kept_states import KeptStates
from xprojdb.training.states import StatesOf, WordStates

if TYPE_CHECKING:
    from xprojdb.arrays import Flags
    from xprojdb.config.tables.quality import QualityScore

#: the role of the step that aligns with the same encoder, and hands its vectors over
ALIGNMENT = "alignment"
SIDES: tuple[Side, Side] = ("original", "rendering")
#: the role of the step among the inputs of a project step
QUALITY = "quality"
#: the columns of scores, which are also the names that thresholds refer to
SCORES: tuple[QualityScore, ...] = ("similarity", "length", "numbers", "names")


@dataclass(frozen=True, kw_only=True)
class QualityParams(StepParams):
    """Parameters of the step; model and revision are those of the encoder, if there is one.

    :param labelled: the side whose numbers and names must be on the other side as well.
    :param layer: the hidden state of the encoder.
    :param precision: in which the encoder computes it.
    """

    kind: ClassVar[str] = "quality"
    labelled: Side
    layer: int | None = left_out(None)
    precision: str = left_out("float32")


class Quality(NamedTuple):
    """The scores of a translation, from 0 to 1; higher is better.

    :param similarity: BERTScore of the words' vectors; None without an encoder.
    :param length: the shorter length relative to the longer one.
    :param numbers: the share of numbers that were kept.
    :param names: the share of names that were kept.
    """

    similarity: float | None
    length: float
    numbers: float
    names: float

    def __str__(self) -> str:
        values = self._asdict().items()
        return ", ".join(f"{name} {value:.2f}" for name, value in values if value is not None)

    def below(self, least: Mapping[str, float]) -> str | None:
        """The first threshold that it falls short of, as ``similarity=0.71``; None if it reaches all."""
        for name, threshold in least.items():
            value = getattr(self, name)
            if value is not None and value < threshold:
                return f"{name}={value:.3f}"
        return None


class TranslationQuality(Stage):
    """Score each translation by itself."""

    kind = QualityParams.kind
    version = 1

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = QualityParams.from_params(spec.params)
        self._states: dict[Side, WordStates] = {}
        self._kept: dict[Side, KeptStates | None] = {}

    @property
    def title(self) -> str:
        return f"score translations{'' if self.spec.model is None else f' with {self.spec.model}'}"

    @property
    def _what(self) -> StatesOf | None:
        if self.spec.model is None or self.params.layer is None:
            return None
        return StatesOf(self.spec.model, self.spec.revision or "", self.params.layer, precision=self.params.precision)

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        return dict.fromkeys(self.spec.inputs, translation.c.id)

    def join(self, earlier: Mapping[StepSpec, Stage]) -> None:
        if self._what is not None and ALIGNMENT in self.spec.inputs:
            self._kept = {side: keep_states(earlier.values(), self._what, side) for side in SIDES}

    def open(self) -> None:
        if self._what is not None:
            self._states = {side: WordStates(self._what, handed=self._kept.get(side)) for side in SIDES}

    def close(self) -> None:
        self._states = {}

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        sides = (self.params.labelled, other(self.params.labelled))
        source, target = (read_side_words(connection, items, side) for side in sides)
        rows: list[Row] = [
            (self.step_id, item, similarity, kept_length(*words), kept_numbers(*words), kept_names(*words))
            for item, similarity, *words in zip(items, self._similarities(source, target), source, target, strict=True)
        ]
        columns = ("step_id", "translation_id", *SCORES)
        return Result([Outcome(item, "ok") for item in items], [Rows(translation_score, columns, rows)])

    def _similarities(self, source: Sequence[list[str]], target: Sequence[list[str]]) -> Sequence[float | None]:
        if not self._states:
            return [None] * len(source)
        sides = ((self.params.labelled, source), (other(self.params.labelled), target))
        vectors = [self._states[side].read(words, keep=False) for side, words in sides]
        return [sentence_similarity(*map(_singles, pair)) for pair in zip(*vectors, strict=True)]


def read_quality(connection: Connection, step_id: int, translations: Sequence[int]) -> dict[int, Quality]:
    """The scores of translations, by key; those that have none are missing.

    :param translations: keys in any order.
    """
    query = select(translation_score.c.translation_id, *(translation_score.c[name] for name in SCORES))
    own = bulk.among(connection, translation_score.c.translation_id, sorted(set(translations)))
    return {key: Quality(*scores) for key, *scores in bulk.fetch(connection, query.where(own, _of(step_id)))}


def _of(step_id: int) -> Any:
    return translation_score.c.step_id == step_id


def scores_behind(projection: StepSpec, least: Mapping[str, float]) -> StepSpec:
    """The step that scored the translations of a projection, for thresholds.

    :raises UsageError: when its recipe does not score translations, or leaves one of the scores out.
    """
    scores = projection.inputs.get(QUALITY)
    if scores is None:
        raise _unscored()
    if "similarity" in least and scores.model is None:
        hint = "leave out similarity = false in [quality] and run the recipe again"
        raise UsageError("the similarity of translations was not computed", hint=hint, key="min_quality")
    return scores


def reached(
    connection: Connection, projection: StepSpec, translations: Sequence[int], least: Mapping[str, float]
) -> Flags:
    """(N,) whether each of N translations of a projection has scores and reaches all thresholds.

    :raises UsageError: as :func:`scores_behind`.
    """
    step_id = find_step(connection, scores_behind(projection, least))
    if step_id is None:
        raise _unscored()
    scores = read_quality(connection, step_id, translations)
    return np.array([key in scores and scores[key].below(least) is None for key in translations], np.bool_)


def _unscored() -> UsageError:
    hint = "add the table [quality] to the recipe and run it again"
    return UsageError("translations have no scores to choose by", hint=hint, key="min_quality")


def _singles(vectors: Any) -> Any:
    return np.asarray(vectors, np.float32)

"""Score: the candidates of every entity, each with one scorer's value. Every scorer is a :class:`ScoreStage`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection

from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db.tables import candidate, translation
from xprojdb.matching.arrays import Floats, Longs
from xprojdb.matching.batch import PairBatch
from xprojdb.steps.inputs import LabelledSpans, read_entities, read_pairs
from xprojdb.steps.labelling import mapping_of
from xprojdb.steps.score.batch import ScoringBatch, cut_entities, cut_pairs, portions
from xprojdb.steps.score.candidates import Generator
from xprojdb.steps.score.direction import Direction
from xprojdb.steps.score.handover import HandedEntities, HandedScores
from xprojdb.steps.score.params import ScoreParams, own_keys
from xprojdb.steps.spec import StepSpec
from xprojdb.steps.stage import Outcome, Result, Row, Rows, Side, Stage, entities_done, plain_outcomes

T = TypeVar("T")
Columns = list[npt.NDArray[Any]]
_COLUMNS = ("step_id", "translation_id", "entity_ordinal", "start_word", "end_word", "score")


class ScoreStage(Stage):
    """A scorer: generates candidates on the unlabelled side, scores them, keeps those above the least score.

    A plug-in of the group ``xprojdb.scorers`` is a subclass with a ``name``, a ``Config`` with its keys, and
    :meth:`values`. What it reads besides links and entities it plans in :meth:`inputs` and adds to :meth:`needs`; what
    it loads it loads in :meth:`open` and frees in :meth:`close`.
    """

    #: what recipes call it, and the keys of its table
    name: ClassVar[str]
    Config: ClassVar[type[ScorerConfig]]
    #: keys of the table that a step has in its model or its inputs, not among its parameters
    not_params: ClassVar[frozenset[str]] = frozenset()
    #: whether it learns from what the other scorers choose in a first pass
    learns: ClassVar[bool] = False

    kind = "score"
    version = 1
    block = 10_000

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "name" in vars(cls):
            cls.Config.variant = cls.name

    def __init__(self, spec: StepSpec) -> None:
        super().__init__(spec)
        self.params = ScoreParams.from_params(spec.params)
        self.labelled: Side = self.params.labelled
        self.mapping = mapping_of(spec)
        self.min_score = self.params.min_score
        self.candidates = Generator(spec)
        self.handed = HandedScores()
        #: where it hands over the entities too, when somebody asked for them
        self.handed_entities: HandedEntities | None = None
        self._learned: dict[tuple[str, int], Any] = {}

    @classmethod
    def inputs(cls, config: Any, direction: Direction) -> Mapping[str, StepSpec]:  # noqa: ARG003
        """The steps that it reads besides links, entities and candidates, by role.

        :raises UsageError: when the recipe lacks what it needs.
        """
        return {}

    @classmethod
    def model(cls, config: Any) -> tuple[str | None, str | None]:  # noqa: ARG003
        """The model that it loads and its revision.

        :raises ModelError: when it cannot be found.
        """
        return None, None

    @classmethod
    def languages(cls, direction: Direction) -> Mapping[str, str]:  # noqa: ARG003
        """The languages among its parameters, where its values depend on them: ``source`` and ``target``."""
        return {}

    @classmethod
    def reads_taggers(cls, config: Any) -> bool:  # noqa: ARG003
        """Whether it reads the word probabilities of the recipe's tagger of the target language."""
        return False

    @property
    def config(self) -> Any:
        """The keys of its table that the step has among its parameters; the others have their defaults."""
        return self.Config(**own_keys(self.Config, self.spec.params, self.not_params))

    @property
    def title(self) -> str:
        return f"score {self.candidates.title} candidates ({self.params.type})"

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        given = {"alignment": translation.c.id, **entities_done(self.spec, self.labelled)}
        return given | dict(self.candidates.needs())

    def bind(self, step_id: int, input_ids: Mapping[str, int]) -> None:
        super().bind(step_id, input_ids)
        # A run begins: what an earlier one left may no longer be what is stored.
        self.handed.clear()
        if self.handed_entities is not None:
            self.handed_entities.clear()

    def close(self) -> None:
        self._learned.clear()

    @abstractmethod
    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        """Score candidates.

        :param connection: to read with; nothing may be written.
        :returns: (C,) finite values, one for each of ``batch.candidates``.
        """

    def learned(
        self, connection: Connection, batch: ScoringBatch, role: str, read: Callable[[Connection, int, int], T]
    ) -> list[T]:
        """What an input that learns from corpora learned from the corpus of each pair: N values, read once a corpus.

        :param role: of the input.
        :param read: reads it: given the step and the corpus.
        """
        for corpus_id in set(batch.corpora):
            if (role, corpus_id) not in self._learned:
                self._learned[role, corpus_id] = read(connection, self.input_ids[role], corpus_id)
        return [self._learned[role, corpus_id] for corpus_id in batch.corpora]

    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        entities = read_entities(connection, self.input_ids["entities"], items, self.labelled, self.mapping)
        if self.handed_entities is not None:
            self.handed_entities.offer_entities(items, entities)
        if not entities.label:
            return Result([Outcome(item, "empty", "no-entities") for item in items])
        keys, pairs = read_pairs(connection, self.input_ids["alignment"], items, entities, self.labelled)
        parts = [self._scored(batch) for batch in self._batches(connection, keys, pairs, entities)]
        merged = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
        self.handed.offer(items, merged[:5])
        outcomes = plain_outcomes(items, keys, np.unique(merged[0]))
        columns = (*_COLUMNS, "origin") if self._united else _COLUMNS
        return Result(outcomes, [Rows(candidate, columns, chain.from_iterable(map(self._rows, parts)))])

    def _batches(
        self, connection: Connection, keys: Longs, pairs: PairBatch, entities: LabelledSpans
    ) -> Iterator[ScoringBatch]:
        for first, last in portions(pairs, self.candidates.max_length):
            items, part = keys[first:last], cut_pairs(pairs, first, last)
            own = cut_entities(entities, *pairs.entity_ptr[[first, last]].tolist())
            found = self.candidates.generate(connection, self.input_ids, items.tolist(), part, own)
            yield ScoringBatch(connection, self.labelled, items, part, own, found)

    @property
    def _united(self) -> bool:
        """Whether candidates come from several sets, so that their origins are stored."""
        return len(self.candidates.origins) > 1

    def _scored(self, batch: ScoringBatch) -> Columns:
        """Item, ordinal, start, end and value of the candidates that are stored, and their origins if there are."""
        values = self.values(batch.connection, batch)
        kept = np.flatnonzero(values > self.min_score)
        found, ordinal = batch.candidates, batch.entities.ordinal[batch.entity[kept]]
        columns: Columns = [batch.keys[batch.pair[kept]], ordinal, found.start[kept], found.end[kept], values[kept]]
        if self._united:
            columns.append(found.origin[kept])
        return columns

    def _rows(self, part: Columns) -> Iterator[Row]:
        return zip(repeat(self.step_id), *(column.tolist() for column in part), strict=False)

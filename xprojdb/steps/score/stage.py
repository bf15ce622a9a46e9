"""Score: the candidates of every entity, with the value of one scorer. Every scorer is a :class:`ScoreStage`."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, repeat
from typing import Any, ClassVar, TypeVar

import numpy as np
import numpy.typing as npt
from sqlalchemy import ColumnElement, Connection

from xprojdb.arrays import Flags, Floats, Longs
from xprojdb.config.tables.score import ScorerConfig
from xprojdb.db.tables import candidate, translation
from xprojdb.matching.batch import PairBatch
from xprojdb.matching.solvers.needed import needed
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
    """A scorer: generates candidates on the unlabelled side, scores them, and stores those above the minimum score.

    A plug-in of the group ``xprojdb.scorers`` is a subclass with a ``name``, a ``Config`` with its keys, and
    :meth:`values`. If it reads more than links and entities, it plans that in :meth:`inputs` and adds it to
    :meth:`needs`. It loads models in :meth:`open` and frees them in :meth:`close`.
    """

    #: its name in recipes, and the keys of its table
    name: ClassVar[str]
    Config: ClassVar[type[ScorerConfig]]
    #: keys of the table that are stored in the step's model or inputs rather than in its parameters
    not_params: ClassVar[frozenset[str]] = frozenset()
    #: whether it learns from labels that the other scorers chose in a first pass
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
        #: the stages that read ``handed``
        self.readers: list[Stage] = []
        #: where it hands over the entities as well, if a later stage asked for them
        self.handed_entities: HandedEntities | None = None
        self._learned: dict[tuple[str, int], Any] = {}

    @classmethod
    def inputs(cls, config: Any, direction: Direction) -> Mapping[str, StepSpec]:  # noqa: ARG003
        """The steps it reads besides links, entities and candidates, by role.

        :raises UsageError: when the recipe lacks a step it needs.
        """
        return {}

    @classmethod
    def model(cls, config: Any) -> tuple[str | None, str | None]:  # noqa: ARG003
        """The model it loads, and the revision.

        :raises ModelError: when it cannot be found.
        """
        return None, None

    @classmethod
    def languages(cls, direction: Direction) -> Mapping[str, str]:  # noqa: ARG003
        """The parameters ``source`` and ``target``, if its values depend on the languages."""
        return {}

    @classmethod
    def reads_taggers(cls, config: Any) -> bool:  # noqa: ARG003
        """Whether it reads word probabilities from the recipe's target-language tagger."""
        return False

    @property
    def config(self) -> Any:
        """The keys of its table, read back from the step's parameters; all others have their defaults."""
        return self.Config(**own_keys(self.Config, self.spec.params, self.not_params))

    @property
    def title(self) -> str:
        return f"score {self.candidates.title} candidates ({self.params.type})"

    @property
    def takers(self) -> Sequence[Stage]:
        return self.readers if self.handed.is_full else ()

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        columns = {"alignment": translation.c.id, **entities_done(self.spec, self.labelled)}
        return columns | dict(self.candidates.needs())

    def bind(self, step_id: int, input_ids: Mapping[str, int]) -> None:
        super().bind(step_id, input_ids)
        # A new run: what an earlier run left behind may no longer match the tables.
        self.handed.clear()
        if self.handed_entities is not None:
            self.handed_entities.clear()

    def close(self) -> None:
        self._learned.clear()

    @abstractmethod
    def values(self, connection: Connection, batch: ScoringBatch) -> Floats:
        """Score candidates.

        :param connection: for reading; nothing may be written.
        :returns: (C,) finite values, one for each of ``batch.candidates``.
        """

    def learned(
        self, connection: Connection, batch: ScoringBatch, role: str, read: Callable[[Connection, int, int], T]
    ) -> list[T]:
        """Read what a fit input learned from the corpus of each pair: N values, read once per corpus.

        :param role: the role of the input.
        :param read: reads it, given the connection, the step and the corpus.
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
            candidates = self.candidates.generate(connection, self.input_ids, items.tolist(), part, own)
            yield ScoringBatch(connection, self.labelled, items, part, own, candidates)

    @property
    def _united(self) -> bool:
        """Whether candidates come from several sets, in which case their origins are stored."""
        return len(self.candidates.origins) > 1

    def _scored(self, batch: ScoringBatch) -> Columns:
        """Item, ordinal, start, end and value of the candidates to store, and their origins if they have any."""
        values = self.values(batch.connection, batch)
        rows = np.flatnonzero(self._kept(batch, values))
        candidates, ordinal = batch.candidates, batch.entities.ordinal[batch.entity[rows]]
        columns: Columns = [
            batch.keys[batch.pair[rows]],
            ordinal,
            candidates.start[rows],
            candidates.end[rows],
            values[rows],
        ]
        if self._united:
            columns.append(candidates.origin[rows])
        return columns

    def _kept(self, batch: ScoringBatch, values: Floats) -> Flags:
        """(C,) which candidates are stored."""
        above = values > self.min_score
        if self.params.keep == "all":
            return above
        return above & needed(batch.pairs.entity_ptr, batch.candidates, values)

    def _rows(self, part: Columns) -> Iterator[Row]:
        return zip(repeat(self.step_id), *(column.tolist() for column in part), strict=False)

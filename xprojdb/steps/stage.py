"""The interface between stages and the engine."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, Literal, NamedTuple, TypeVar, overload

import numpy as np
from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, Table, and_, select
from sqlalchemy.sql.selectable import FromClause

from xprojdb.arrays import Longs
from xprojdb.db.tables import outcome, sentence, step, translation
from xprojdb.steps.shard import Shard
from xprojdb.steps.spec import StepSpec

Row = tuple[Any, ...]
Side = Literal["original", "rendering"]
Model = TypeVar("Model")
#: the outcomes of an item that let later steps read it
DONE = ("ok", "empty")
_STATUS = np.array(["ok", "empty", "empty"], object)
_REASON = np.array([None, "no-candidates", "no-entities"], object)


class Outcome(NamedTuple):
    """The outcome of one item.

    :param item: the key of the sentence or translation.
    :param status: ``"ok"``, ``"empty"`` (done, no rows), ``"filtered"`` or ``"failed"``.
    :param reason: a code for the reason, such as ``"no-links"``.
    """

    item: int
    status: str
    reason: str | None = None


class Outcomes(Sequence[Outcome]):
    """The outcomes of many items, stored by column: a batch has thousands, nearly all of them alike.

    :param items: the keys of N items.
    :param statuses: N statuses.
    :param reasons: N reasons.
    """

    def __init__(self, items: Sequence[int], statuses: Sequence[str], reasons: Sequence[str | None]) -> None:
        self.columns = (items, statuses, reasons)

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> Outcomes:
        """Convert outcomes to columns."""
        if isinstance(outcomes, cls):
            return outcomes
        return cls(*zip(*outcomes, strict=True)) if outcomes else cls((), (), ())

    @property
    def failed(self) -> int:
        """The number of failed items."""
        return self.columns[1].count("failed")

    def __len__(self) -> int:
        return len(self.columns[0])

    def __iter__(self) -> Iterator[Outcome]:
        return map(Outcome, *self.columns)

    @overload
    def __getitem__(self, place: int) -> Outcome: ...

    @overload
    def __getitem__(self, place: slice) -> Outcomes: ...

    def __getitem__(self, place: int | slice) -> Outcome | Outcomes:
        items, statuses, reasons = self.columns
        if isinstance(place, slice):
            return Outcomes(items[place], statuses[place], reasons[place])
        return Outcome(items[place], statuses[place], reasons[place])


def plain_outcomes(items: Sequence[int], keys: Longs, with_rows: Longs) -> Outcomes:
    """The outcome of each item: ``ok`` if it has rows, otherwise ``empty`` with a reason.

    :param items: ascending.
    :param keys: the items that have entities.
    :param with_rows: the items that have rows.
    """
    code = np.where(np.isin(items, with_rows), 0, np.where(np.isin(items, keys), 1, 2))
    return Outcomes(items, _STATUS[code].tolist(), _REASON[code].tolist())


@dataclass(slots=True)
class Rows:
    """Rows for one table: the names of their columns, and the values, which can be iterated once.

    :param new_keys: the columns that hold keys of new sentences, numbered from 0; their real keys are known only when
        they are written. They refer to the latest rows for the table ``sentence`` before these rows, or to these
        rows themselves.
    """

    table: Table
    columns: tuple[str, ...]
    values: Iterable[Row]
    new_keys: tuple[str, ...] = ()


@dataclass(slots=True)
class Result:
    """The result of a batch: rows for the tables, and an outcome for every item."""

    outcomes: Sequence[Outcome]
    rows: list[Rows] = field(default_factory=list)


class ItemKind(StrEnum):
    """What the items of a stage are; ``pairs`` are translations."""

    PAIRS = "pairs"
    SENTENCES = "sentences"
    CORPORA = "corpora"
    STEPS = "models"


class Bitext(NamedTuple):
    """One set of translations that a plan covers. It is not part of a step's identity.

    :param link: the digest of the step that made the translations; empty for the imported sentences of one language,
        without translations.
    :param splits: only sentences of these splits; all if empty.
    """

    corpus_id: int
    original_lang: str
    rendering_lang: str
    link: str
    splits: tuple[str, ...] = ()


class Filling(NamedTuple):
    """The import that fills a step, where no run can.

    :param noun: what is imported.
    :param name: the name it is imported under.
    :param command: the command that imports it.
    """

    noun: str
    name: str
    command: str


class Stage(ABC):
    """A step that can be run: it knows its items, and how to process a batch of them.

    :param spec: the step's frozen parameters.

    ``shard`` is the share of the items this process handles; None for all of them. ``stopping`` says whether the run is
    to end: an item of many minutes that can be gone on with asks it, and raises
    :class:`xprojdb.errors.Unfinished`.
    """

    #: items read and written in one transaction
    block: int = 1_000
    #: what the items are
    item_kind: ItemKind = ItemKind.PAIRS
    #: whether it makes translations, which later steps then cover
    makes_translations: bool = False
    #: whether it counts the labels of its input ``labels``, which is then only a draft
    counts_labels: bool = False

    def __init__(self, spec: StepSpec) -> None:
        self.spec = spec
        self.shard: Shard | None = None
        self.stopping: Callable[[], bool] = lambda: False
        self.step_id = 0
        self.input_ids: Mapping[str, int] = {}

    def bind(self, step_id: int, input_ids: Mapping[str, int]) -> None:
        """Called by the engine once the step and its inputs have ids in the database."""
        self.step_id = step_id
        self.input_ids = input_ids

    @property
    def title(self) -> str:
        """One line for display: the stage and what distinguishes it."""
        return self.spec.kind

    @property
    def filled_by(self) -> Filling | None:
        """The import that fills the step; None if runs do."""
        return None

    def open(self) -> None:  # noqa: B027 -- most stages load nothing
        """Load what batches need, such as models; called once, and only if items are pending."""

    def close(self) -> None:  # noqa: B027
        """Free what :meth:`open` loaded."""

    def needs(self) -> Mapping[str, ColumnElement[int]]:
        """The inputs that must be done before an item: by role, the column with the item's key in that input."""
        return {}

    def items(self, pair: Bitext) -> Select[tuple[int]]:
        """Select the items of a set of translations, ready or not; the first column is the item's key."""
        return translations(pair)

    def cover(self, pair: Bitext) -> None:  # noqa: B027 -- most stages need not know
        """Called when a plan adds a set of translations, for stages that depend on all of them together."""

    def join(self, earlier: Mapping[StepSpec, Stage]) -> None:  # noqa: B027 -- most stages read tables only
        """Called when a plan adds this stage: it may take what earlier stages hold in memory.

        :param earlier: the stages before this one, by step.
        """

    @property
    def takers(self) -> Sequence[Stage]:
        """Later stages that should take what this one holds in memory before it goes on; empty while it has room."""
        return ()

    def unmade(self, counts: Sequence[int]) -> int:
        """Estimate how many items earlier steps of the same run would make.

        :param counts: the number of translations they would make, for each set that the stage covers.
        """
        return sum(counts)

    def ready(self, pair: Bitext) -> Select[tuple[int]]:
        """Select the items whose inputs are all done, whether or not this step has processed them."""
        query = self.items(pair)
        for number, (role, item) in enumerate(self.needs().items()):
            query = require_done(query, f"input{number}", self.input_ids[role], item)
        return query

    @abstractmethod
    def process(self, connection: Connection, items: Sequence[int]) -> Result:
        """Compute a batch, reading through the connection and writing nothing.

        :param items: keys in ascending order.
        :returns: rows, and exactly one outcome per item.
        """


class ModelStage(Stage, Generic[Model]):
    """A stage that uses a model.

    :param load: loads the model; called before the first batch.
    """

    def __init__(self, spec: StepSpec, load: Callable[[], Model]) -> None:
        super().__init__(spec)
        self.load = load
        self._model: Model | None = None

    @property
    def model(self) -> Model:
        """The model, between :meth:`open` and :meth:`close`."""
        assert self._model is not None, "open() comes first"
        return self._model

    def open(self) -> None:
        self._model = self.load()

    def close(self) -> None:
        self._model = None


def imported(pair: Bitext, lang: str) -> Select[tuple[int]]:
    """Select the keys of the imported sentences of a language."""
    query = select(sentence.c.id).where(
        sentence.c.corpus_id == pair.corpus_id, sentence.c.lang == lang, sentence.c.step_id.is_(None)
    )
    return query.where(sentence.c.split.in_(pair.splits)) if pair.splits else query


def translations(pair: Bitext) -> Select[tuple[int]]:
    """Select the keys of the translations of a set, using the index made for that."""
    query = select(translation.c.id).where(
        translation.c.corpus_id == pair.corpus_id,
        translation.c.original_lang == pair.original_lang,
        translation.c.rendering_lang == pair.rendering_lang,
        translation.c.step_id == step_of_digest(pair.link),
    )
    if pair.splits:
        query = query.join(sentence, sentence.c.id == translation.c.original_id)
        query = query.where(sentence.c.split.in_(pair.splits))
    return query


def step_of_digest(digest: str) -> ScalarSelect[int]:
    """The key of a step as a subquery; the step need not be in the database yet."""
    return select(step.c.id).where(step.c.digest == digest).scalar_subquery()


def sentence_key(side: Side) -> ColumnElement[int]:
    """The column of ``translation`` that holds the sentence on one side."""
    return translation.c.original_id if side == "original" else translation.c.rendering_id


def entities_done(spec: StepSpec, labelled: Side) -> dict[str, ColumnElement[int]]:
    """The inputs a step waits for before reading entities; those of a carry step came with the sentence itself."""
    return {} if spec.inputs["entities"].kind == "carry" else {"entities": sentence_key(labelled)}


def other(side: Side) -> Side:
    """The opposite side."""
    return "rendering" if side == "original" else "original"


def require_done(query: Select[tuple[int]], name: str, step_id: int, item: ColumnElement[int]) -> Select[tuple[int]]:
    """Keep the items that an earlier step finished without failing or filtering them.

    :param name: an alias that is unique in the query.
    """
    done: FromClause = outcome.alias(name)
    joined = and_(done.c.step_id == step_id, done.c.item_id == item, done.c.status.in_(DONE))
    return query.join(done, joined)

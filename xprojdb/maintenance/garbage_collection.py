"""What no recipe or export references any more: list it, and delete it in blocks.

A step that is being deleted loses its outcomes first. If a run plans it again meanwhile, the run finds its items
pending and recomputes them; rows that were not deleted yet equal the recomputed ones.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, or_, select

from xprojdb.db import Database
from xprojdb.db.live import claim_ground
from xprojdb.db.tables import (
    evaluation,
    model,
    pair_prediction,
    phrase_score,
    recipe,
    sentence,
    step,
    step_input,
    training_item,
    training_pair,
    translation,
)
from xprojdb.errors import UsageError
from xprojdb.maintenance.references import named_steps, needed_steps
from xprojdb.maintenance.removal import remove_sentences, remove_translations, run_delete
from xprojdb.maintenance.row_sizes import bytes_of
from xprojdb.maintenance.step_rows import RESULT_TABLES, STEP_TABLES, StoredStep, stored_steps
from xprojdb.maintenance.tuned_encoders import TunedFolder, free_folders, unnamed_folders

#: rows deleted in one transaction
BLOCK = 50_000
#: sentences deleted in one transaction, with everything attached to them
SENTENCES = 1_000
#: outcomes before results: items without an outcome are recomputed
_ORDER = (*(table for table in STEP_TABLES if table not in RESULT_TABLES), *RESULT_TABLES)
#: what hangs on a step besides the tables whose keys begin with it
_OF_MODELS: tuple[Column[int], ...] = (
    model.c.step_id,
    pair_prediction.c.train_id,
    training_item.c.sample_id,
    training_item.c.label_step_id,
    training_pair.c.sample_id,
)
Watch = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class UnnamedStep:
    """A step that nothing references.

    :param rows: its rows, by table, not counting rows that other steps have attached to sentences made by it.
    :param bytes: their approximate size on disk.
    """

    step: StoredStep
    model: str | None
    rows: dict[str, int]
    bytes: int


@dataclass(slots=True)
class Garbage:
    """What can be deleted from a database.

    :param phrases: number and bytes of phrase scores by models that no other step uses.
    :param remaining: how many steps stay.
    :param freed: deleted rows, by table; empty if nothing was deleted.
    :param tuned: folders of tuned encoders in the cache that no step that stays names; other databases may.
    :param freed_tuned: those that were deleted.
    """

    steps: list[UnnamedStep]
    phrases: tuple[int, int]
    remaining: int
    freed: dict[str, int] = field(default_factory=dict)
    tuned: list[TunedFolder] = field(default_factory=list)
    freed_tuned: list[TunedFolder] = field(default_factory=list)

    @property
    def rows(self) -> Counter[str]:
        """Rows by table."""
        counts = Counter({"phrase_score": self.phrases[0]})
        for unnamed in self.steps:
            counts += Counter(unnamed.rows)
        return +counts

    @property
    def bytes(self) -> int:
        """Their approximate size on disk; only ``xprojdb db vacuum`` makes the file smaller."""
        return self.phrases[1] + sum(unnamed.bytes for unnamed in self.steps)


def find_garbage(database: Database, *, without: Collection[str] = (), exports: bool = True) -> Garbage:
    """What could be deleted; changes nothing.

    :param without: recipes to ignore, as if they had been deleted.
    :param exports: whether steps referenced by exports are kept.
    :raises UsageError: when a recipe in ``without`` does not exist.
    """
    with database.read() as connection:
        _check_recipes(connection, without)
        named = named_steps(connection, without=without, exports=exports)
        steps = stored_steps(connection)
        unnamed = [_measured(connection, stored) for stored in steps if stored.id not in named]
        tuned = unnamed_folders(connection, doomed=[entry.step.id for entry in unnamed])
        return Garbage(unnamed, _phrases(connection, named), len(steps) - len(unnamed), tuned=tuned)


def free_garbage(
    database: Database,
    *,
    without: Collection[str] = (),
    exports: bool = True,
    tuned_days: float | None = None,
    watch: Watch = lambda _name, _rows: None,
) -> Garbage:
    """Delete what nothing references, in transactions of bounded size; if interrupted, call it again to continue.

    The recipes in ``without`` are deleted. Steps that a run references or works on meanwhile are left alone.

    :param tuned_days: also delete folders of tuned encoders that no step names and that were not used for as many days;
        None: leave them all.
    :param watch: called after each transaction with the name of a table and the number of rows deleted from it.
    :returns: what could be deleted, and how much of it was.
    :raises RunsAlive: when runs are in progress.
    """
    garbage = find_garbage(database, without=without, exports=exports)
    with database.write() as connection:
        claim_ground(connection, "deleting steps")
        run_delete(connection, delete(recipe).where(recipe.c.name.in_(without)))
    freeing = _Freeing(database, lambda connection: needed_steps(connection, exports=exports), watch)
    # Steps come after the steps they read: delete in reverse.
    for unnamed in reversed(garbage.steps):
        freeing.step(unnamed.step)
    freeing.phrases()
    garbage.freed = dict(+freeing.freed)
    if tuned_days is not None:
        with database.read() as connection:
            garbage.freed_tuned = free_folders(unnamed_folders(connection), tuned_days)
    return garbage


def drop_steps(database: Database, steps: Collection[int]) -> Counter[str]:
    """Delete steps with all their rows, even if something references them; steps that read them must be included.

    :returns: rows by table.
    """
    with database.read() as connection:
        doomed = [stored for stored in stored_steps(connection) if stored.id in steps]
    freeing = _Freeing(database, lambda _connection: set(), lambda _name, _rows: None)
    for stored in reversed(doomed):
        freeing.step(stored)
    return +freeing.freed


class _Named(Exception):
    """A run has referenced the step meanwhile."""


class _Freeing:
    """Deletes steps in blocks.

    :param needed_steps: returns the steps to keep; called again in every transaction.
    """

    def __init__(self, database: Database, needed_steps: Callable[[Connection], set[int]], watch: Watch) -> None:
        self.database = database
        self.needed_steps = needed_steps
        self.watch = watch
        self.freed: Counter[str] = Counter()

    def step(self, stored: StoredStep) -> None:
        try:
            for table in _ORDER:
                if table.name in stored.tables:
                    self._until_done(stored, partial(_delete_rows, table=table, step_id=stored.id))
            self._until_done(stored, partial(_delete_sentences, step_id=stored.id))
            self._until_done(stored, partial(_delete_step, step_id=stored.id))
        except _Named:
            return

    def phrases(self) -> None:
        with self.database.write() as connection:
            named = self.needed_steps(connection)
            chosen = [_of_model(pair) for pair in _unused_models(connection, named)]
            if chosen:
                self._took(Counter(phrase_score=run_delete(connection, delete(phrase_score).where(or_(*chosen)))))

    def _until_done(self, stored: StoredStep, delete_block: Callable[[Connection], Counter[str]]) -> None:
        taken = True
        while taken:
            with self.database.write() as connection:
                if stored.id in self.needed_steps(connection):
                    raise _Named
                block = delete_block(connection)
            self._took(block)
            taken = bool(block)

    def _took(self, block: Counter[str]) -> None:
        self.freed += block
        for name, rows in block.items():
            self.watch(name, rows)


def _delete_rows(connection: Connection, table: Table, step_id: int) -> Counter[str]:
    """Delete the next rows of a step, in key order."""
    _, second, *_ = table.primary_key.columns
    own = table.c.step_id == step_id
    until = connection.execute(select(second).where(own).order_by(second).offset(BLOCK).limit(1)).scalar()
    chosen = [own] if until is None else [own, second <= until]
    return +Counter({table.name: run_delete(connection, delete(table).where(*chosen))})


def _delete_sentences(connection: Connection, step_id: int) -> Counter[str]:
    """Delete the next sentences and translations made by a step, with everything attached to them."""
    sentence_ids = select(sentence.c.id).where(sentence.c.step_id == step_id).order_by(sentence.c.id).limit(SENTENCES)
    links = select(translation.c.id).where(translation.c.step_id == step_id).order_by(translation.c.id)
    if sentences := list(connection.execute(sentence_ids).scalars()):
        return remove_sentences(connection, stored_steps(connection), sentences)
    if translations := list(connection.execute(links.limit(SENTENCES)).scalars()):
        return remove_translations(connection, stored_steps(connection), translations)
    return Counter()


def _delete_step(connection: Connection, step_id: int) -> Counter[str]:
    """Delete the step itself, with what a run may have added since its rows were deleted."""
    left = Counter(
        {table.name: run_delete(connection, delete(table).where(table.c.step_id == step_id)) for table in _ORDER}
    )
    scores = or_(evaluation.c.step_id == step_id, evaluation.c.gold_step_id == step_id)
    taken = Counter(evaluation=run_delete(connection, delete(evaluation).where(scores)))
    for column in _OF_MODELS:
        taken[column.table.name] += run_delete(connection, delete(column.table).where(column == step_id))
    connection.execute(delete(step_input).where(step_input.c.step_id == step_id))
    taken["step"] = run_delete(connection, delete(step).where(step.c.id == step_id))
    return taken + left


def _check_recipes(connection: Connection, names: Collection[str]) -> None:
    recipe_names = set(connection.execute(select(recipe.c.name)).scalars())
    for name in names:
        if name not in recipe_names:
            hint = f"recipes: {', '.join(sorted(recipe_names)) or 'none'}"
            raise UsageError(f"no recipe {name!r} has been run on this database", hint=hint, name=name)


def _measured(connection: Connection, stored: StoredStep) -> UnnamedStep:
    rows, size = {}, 0
    for table in (*STEP_TABLES, sentence, translation, evaluation):
        own = table.c.step_id == stored.id
        count = connection.execute(select(func.count()).select_from(table).where(own)).scalar_one()
        if count:
            rows[table.name] = count
            size += bytes_of(connection, table, count, [own])
    model = connection.execute(select(step.c.model).where(step.c.id == stored.id)).scalar()
    return UnnamedStep(stored, model, rows, size)


Model = tuple[str, str]


def _unused_models(connection: Connection, named: Collection[int]) -> Sequence[Model]:
    """The models, with revisions, whose phrase scores no referenced step can use."""
    every = {
        (row.model, row.revision)
        for row in connection.execute(select(phrase_score.c.model, phrase_score.c.revision).distinct())
    }
    if not every:
        return []
    query = select(step.c.model, step.c.revision).where(step.c.id.in_(sorted(named)), step.c.model.is_not(None))
    return sorted(every - {(row.model, row.revision) for row in connection.execute(query)})


def _phrases(connection: Connection, named: Collection[int]) -> tuple[int, int]:
    rows = size = 0
    for pair in _unused_models(connection, named):
        own = _of_model(pair)
        count = connection.execute(select(func.count()).select_from(phrase_score).where(own)).scalar_one()
        rows, size = rows + count, size + bytes_of(connection, phrase_score, count, [own])
    return rows, size


def _of_model(pair: Model) -> ColumnElement[bool]:
    return (phrase_score.c.model == pair[0]) & (phrase_score.c.revision == pair[1])

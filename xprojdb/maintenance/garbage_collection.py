"""What no recipe and no export names any more: tell it, and free it in blocks.

A step that is being freed loses its outcomes first. Whoever plans it again meanwhile finds its items pending and
computes them again: a row that was not yet freed is the one that is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, or_, select

from xprojdb.db import Database
from xprojdb.db.live import refuse_live_runs
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
from xprojdb.maintenance.references import named_steps, wanted_steps
from xprojdb.maintenance.removal import remove_sentences, remove_translations, run_delete
from xprojdb.maintenance.row_sizes import bytes_of
from xprojdb.maintenance.step_rows import RESULT_TABLES, STEP_TABLES, StoredStep, stored_steps

#: rows deleted in one transaction
BLOCK = 50_000
#: sentences deleted in one transaction, with all that is on them
SENTENCES = 1_000
#: outcomes before results: what has none is made again
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
    """A step that nothing names.

    :param rows: what it has stored, by table; not counted are rows that kept steps have put on sentences it made.
    :param bytes: about how much disk they take.
    """

    step: StoredStep
    model: str | None
    rows: dict[str, int]
    bytes: int


@dataclass(slots=True)
class Garbage:
    """What a database can do without.

    :param phrases: scores of phrases by models that no other step uses, and their bytes.
    :param kept: how many steps stay.
    :param freed: rows that were deleted, by table; empty where nothing was.
    """

    steps: list[UnnamedStep]
    phrases: tuple[int, int]
    kept: int
    freed: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> Counter[str]:
        """Rows by table."""
        found = Counter({"phrase_score": self.phrases[0]})
        for each in self.steps:
            found += Counter(each.rows)
        return +found

    @property
    def bytes(self) -> int:
        """About how much disk they take; the file gets smaller by ``xprojdb db vacuum`` only."""
        return self.phrases[1] + sum(each.bytes for each in self.steps)


def find_garbage(database: Database, *, without: Collection[str] = (), exports: bool = True) -> Garbage:
    """What could be freed; changes nothing.

    :param without: recipes that shall not count as naming anything.
    :param exports: whether what an export has written counts as named.
    :raises UsageError: when there is no recipe of a name in ``without``.
    """
    with database.read() as connection:
        _check_recipes(connection, without)
        named = named_steps(connection, without=without, exports=exports)
        steps = stored_steps(connection)
        unnamed = [_measured(connection, each) for each in steps if each.id not in named]
        return Garbage(unnamed, _phrases(connection, named), len(steps) - len(unnamed))


def free_garbage(
    database: Database, *, without: Collection[str] = (), exports: bool = True, watch: Watch = lambda _name, _rows: None
) -> Garbage:
    """Free what nothing names, in transactions of bounded size; when it is stopped, calling it again goes on.

    The recipes in ``without`` are forgotten. A step that a run names or works on meanwhile is left alone.

    :param watch: told, after each transaction, a table and how many of its rows are gone.
    :returns: what was found, and what was freed of it.
    :raises RunsAlive: when runs are under way.
    """
    found = find_garbage(database, without=without, exports=exports)
    with database.write() as connection:
        refuse_live_runs(connection, "freeing steps")
        run_delete(connection, delete(recipe).where(recipe.c.name.in_(without)))
    freeing = _Freeing(database, lambda connection: wanted_steps(connection, exports=exports), watch)
    # What rests on others first.
    for each in reversed(found.steps):
        freeing.step(each.step)
    freeing.phrases()
    found.freed = dict(+freeing.freed)
    return found


def drop_steps(database: Database, steps: Collection[int]) -> Counter[str]:
    """Drop steps with all their rows, whoever names them; what rests on them has to be among them.

    :returns: rows by table.
    """
    with database.read() as connection:
        doomed = [each for each in stored_steps(connection) if each.id in steps]
    freeing = _Freeing(database, lambda _connection: set(), lambda _name, _rows: None)
    for each in reversed(doomed):
        freeing.step(each)
    return +freeing.freed


class _Named(Exception):
    """A run has named the step meanwhile."""


class _Freeing:
    """Frees steps in blocks.

    :param wanted: the steps that are not to be freed, asked again in every transaction.
    """

    def __init__(self, database: Database, wanted: Callable[[Connection], set[int]], watch: Watch) -> None:
        self.database = database
        self.wanted = wanted
        self.watch = watch
        self.freed: Counter[str] = Counter()

    def step(self, each: StoredStep) -> None:
        try:
            for table in _ORDER:
                if table.name in each.tables:
                    self._until_done(each, partial(_delete_rows, table=table, step_id=each.id))
            self._until_done(each, partial(_delete_made, step_id=each.id))
            self._until_done(each, partial(_delete_step, step_id=each.id))
        except _Named:
            return

    def phrases(self) -> None:
        with self.database.write() as connection:
            named = self.wanted(connection)
            chosen = [_of_model(pair) for pair in _unused_models(connection, named)]
            if chosen:
                self._took(Counter(phrase_score=run_delete(connection, delete(phrase_score).where(or_(*chosen)))))

    def _until_done(self, each: StoredStep, delete_block: Callable[[Connection], Counter[str]]) -> None:
        taken = True
        while taken:
            with self.database.write() as connection:
                if each.id in self.wanted(connection):
                    raise _Named
                block = delete_block(connection)
            self._took(block)
            taken = bool(block)

    def _took(self, block: Counter[str]) -> None:
        self.freed += block
        for name, rows in block.items():
            self.watch(name, rows)


def _delete_rows(connection: Connection, table: Table, step_id: int) -> Counter[str]:
    """The next rows of a step, in the order of the table's key."""
    _, second, *_ = table.primary_key.columns
    own = table.c.step_id == step_id
    until = connection.execute(select(second).where(own).order_by(second).offset(BLOCK).limit(1)).scalar()
    chosen = [own] if until is None else [own, second <= until]
    return +Counter({table.name: run_delete(connection, delete(table).where(*chosen))})


def _delete_made(connection: Connection, step_id: int) -> Counter[str]:
    """The next sentences and translations that a step has made, with everything on them."""
    made = select(sentence.c.id).where(sentence.c.step_id == step_id).order_by(sentence.c.id).limit(SENTENCES)
    links = select(translation.c.id).where(translation.c.step_id == step_id).order_by(translation.c.id)
    if sentences := list(connection.execute(made).scalars()):
        return remove_sentences(connection, stored_steps(connection), sentences)
    if translations := list(connection.execute(links.limit(SENTENCES)).scalars()):
        return remove_translations(connection, stored_steps(connection), translations)
    return Counter()


def _delete_step(connection: Connection, step_id: int) -> Counter[str]:
    """The step itself, with what a run may have added since its rows went."""
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
    known = set(connection.execute(select(recipe.c.name)).scalars())
    for name in names:
        if name not in known:
            hint = f"it knows {', '.join(sorted(known)) or 'none'}"
            raise UsageError(f"no recipe {name!r} has been run on this database", hint=hint, name=name)


def _measured(connection: Connection, each: StoredStep) -> UnnamedStep:
    rows, size = {}, 0
    for table in (*STEP_TABLES, sentence, translation, evaluation):
        own = table.c.step_id == each.id
        count = connection.execute(select(func.count()).select_from(table).where(own)).scalar_one()
        if count:
            rows[table.name] = count
            size += bytes_of(connection, table, count, [own])
    model = connection.execute(select(step.c.model).where(step.c.id == each.id)).scalar()
    return UnnamedStep(each, model, rows, size)


Model = tuple[str, str]


def _unused_models(connection: Connection, named: Collection[int]) -> Sequence[Model]:
    """The models, with their revisions, whose scores of phrases no named step can ask for."""
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

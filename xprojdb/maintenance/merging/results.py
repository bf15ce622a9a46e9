"""Merge the results of steps, one step at a time: each item comes from one database, and all rows are checked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Table

from xprojdb.db.tables import failure, metadata, outcome
from xprojdb.errors import DatabaseError
from xprojdb.maintenance.merging.keys import execute, number
from xprojdb.maintenance.merging.records import Records
from xprojdb.maintenance.merging.sentences import same_values
from xprojdb.maintenance.step_rows import RESULT_TABLES, StoredStep
from xprojdb.steps.translate.carry import Carry

#: columns that hold keys, the tables of keys that they are joined with, and the names of these in a query
_KEYS = {
    "sentence_id": ("sentence", "s"),
    "translation_id": ("translation", "t"),
    "corpus_id": ("corpus", "c"),
    "voter_step_id": ("step", "v"),
    "run_id": ("run", "u"),
}
_ITEM = {"sentence": "s.new", "translation": "t.new", "corpus": "c.new"}


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one step in one table, as parts of queries.

    :param scope: the rows of the source with keys in the target, as ``FROM … WHERE …``.
    :param values: the value of each column in the target.
    :param item: the key of the item in the target.
    """

    table: Table
    new_step: int
    total: str
    scope: str
    values: Mapping[str, str]
    item: str

    @classmethod
    def of(cls, records: Records, step: StoredStep, table: Table) -> _Rows:
        """The rows of one step of the source."""
        values, joins = {}, []
        for column in table.columns:
            of, alias = ("item", "i") if column.name == "item_id" else _KEYS.get(column.name, ("", ""))
            if column.name == "step_id":
                values["step_id"] = str(records.steps[step.id])
            elif of:
                name = step.items if of == "item" else of
                joins.append(f"JOIN map_{name} AS {alias} ON {alias}.old = r.{column.name}")
                values[column.name] = f"{alias}.new"
            else:
                values[column.name] = f"r.{column.name}"
        item = "i.new" if "item_id" in values else _ITEM[_item_table(step, table)]
        if table.name == "entity" and step.kind == Carry.kind:
            # Its input is a sentence, but its entities belong to the sentence that it creates.
            joins.append(f"JOIN {records.source.name('sentence')} AS x ON x.id = r.sentence_id")
            joins.append("JOIN map_sentence AS y ON y.old = x.parent_id")
            item = "y.new"
        total = f"FROM {records.source.name(table.name)} AS r"
        where = f"WHERE r.step_id = {step.id}"
        return cls(
            table, records.steps[step.id], f"{total} {where}", f"{total} {' '.join(joins)} {where}", values, item
        )

    @property
    def done_here(self) -> str:
        """The condition that the target has an outcome for the item."""
        own = f"o.step_id = {self.new_step} AND o.item_id = {self.item}"
        return f"EXISTS (SELECT 1 FROM outcome AS o WHERE {own})"

    def equal(self, connection: Connection) -> str:
        """The join of each row with its counterpart in the target."""
        key = [column.name for column in self.table.primary_key.columns]
        rest = [column.name for column in self.table.columns if column.name not in (*key, "run_id", "step_id")]
        on = " AND ".join(f"h.{name} = {self.values[name]}" for name in key)
        before, where, after = self.scope.rpartition(" WHERE ")
        same = same_values(connection, "r", "h", tuple(name for name in rest))
        return f"{before} JOIN {self.table.name} AS h ON {on} AND {same}{where}{after}"


def _item_table(step: StoredStep, table: Table) -> str:
    if table.name in ("alignment", "candidate", "translation_score"):
        return "translation"
    if table.name == "artifact":
        return "corpus"
    return step.items if table.name == "label" else "sentence"


def merge_made(
    records: Records, steps: list[StoredStep], left: set[int], inputs: Mapping[int, set[int]]
) -> Counter[str]:
    """Merge the results of steps.

    :param steps: the steps of the source, in order.
    :param left: steps that are not merged, nor anything that depends on them; more are added here.
    :param inputs: the inputs of each of the source's steps.
    :returns: the number of rows that the target already had, by table.
    :raises DatabaseError: when a merged row is missing.
    """
    had: Counter[str] = Counter()
    for step in steps:
        if not step.tables:
            continue
        reads = left & inputs.get(step.id, set())
        if reads or step.id in left or _contradicts(records, step):
            left.add(step.id)
            _leave(records, step)
        else:
            had += _merge_step(records, step)
    return had


def _tables(step: StoredStep) -> list[Table]:
    """The tables with rows of a step; outcomes last, since they tell which items the target has."""
    results = [table for table in RESULT_TABLES if table.name in step.tables]
    return results + [table for table in (failure, outcome) if table.name in step.tables]


def _leave(records: Records, step: StoredStep) -> None:
    for name in step.tables - {"lease"}:
        query = f"SELECT count(*) FROM {records.source.name(name)} WHERE step_id = {step.id}"
        records.kept[name] += number(records.connection, query)


def _is_begun(records: Records, step: StoredStep) -> bool:
    """Whether both databases have an outcome for the same item."""
    if step.id in records.fresh["step"]:
        return False
    rows = _Rows.of(records, step, outcome)
    return (
        number(records.connection, f"SELECT count(*) FROM (SELECT 1 {rows.scope} AND {rows.done_here} LIMIT 1) AS q")
        > 0
    )


def _contradicts(records: Records, step: StoredStep) -> bool:
    """Whether a step has another result for an item in the target, or depends on a translation that is not merged."""
    connection = records.connection
    if "vote" in step.tables:
        votes = _Rows.of(records, step, metadata.tables["vote"])
        if number(connection, f"SELECT count(*) {votes.total}") != number(connection, f"SELECT count(*) {votes.scope}"):
            return True
    if not _is_begun(records, step):
        return False
    for table in _tables(step):
        if table is failure:
            continue
        rows = _Rows.of(records, step, table)
        there = number(connection, f"SELECT count(*) {rows.scope} AND {rows.done_here}")
        equal = number(connection, f"SELECT count(*) {rows.equal(connection)} AND {rows.done_here}")
        if there != equal:
            return True
    return False


def _merge_step(records: Records, step: StoredStep) -> Counter[str]:
    had: Counter[str] = Counter()
    begun = _is_begun(records, step)
    for table in _tables(step):
        rows = _Rows.of(records, step, table)
        only = f" AND NOT {rows.done_here}" if begun else ""
        names = ", ".join(rows.values)
        added = execute(
            records.connection,
            f"INSERT INTO {table.name} ({names}) SELECT {', '.join(rows.values.values())} {rows.scope}{only}",
        )
        records.added[table.name] += added
        had[table.name] += _check(records, step, rows, added)
    return had


def _check(records: Records, step: StoredStep, rows: _Rows, added: int) -> int:
    """Check that every row of the source is in the target, value by value.

    :returns: the number that the target had before.
    :raises DatabaseError: when one is missing.
    """
    connection, name = records.connection, rows.table.name
    total = number(connection, f"SELECT count(*) {rows.total}")
    # If all were added, all have keys.
    scope = total if added == total else number(connection, f"SELECT count(*) {rows.scope}")
    same = scope if rows.table is failure else number(connection, f"SELECT count(*) {rows.equal(connection)}")
    if same != scope:
        raise DatabaseError(
            f"{step.short}: {scope - same:,} of {scope:,} rows in {name} are not those of {records.source.url}",
            hint="nothing was merged; run 'verify' on both databases",
            table=name,
            step=step.digest,
            expected=scope,
            found=same,
        )
    records.kept[name] += total - scope
    return scope - added

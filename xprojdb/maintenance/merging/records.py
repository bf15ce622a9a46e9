"""Merge the small tables: corpora, runs, steps, files, recipes, scores and exports."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert, select, update

from xprojdb.db import bulk
from xprojdb.db import tables as t
from xprojdb.digest import canonical_json
from xprojdb.errors import DatabaseError
from xprojdb.maintenance.merging.keys import Known, Row, add, make_map, number, rows_of
from xprojdb.maintenance.merging.source import Source

Keys = dict[int, int]
_RUN = ("command", "recipe_name", "recipe_digest", "versions", "host", "started_at", "ended_at", "counts", "process")
_FILE = ("corpus_id", "lang", "part")
_CONTENT = ("format", "options", "sha256", "sentences")


@dataclass
class Records:
    """The keys of the small tables' rows in the target.

    :param fresh: the corpora, runs and steps that were added to the target.
    :param added: the number of added rows, by table.
    :param kept: the number of rows that are not merged, by table.
    :param notes: further remarks for the user.
    """

    connection: Connection
    source: Source
    corpora: Keys = field(default_factory=dict)
    runs: Keys = field(default_factory=dict)
    steps: Keys = field(default_factory=dict)
    files: Keys = field(default_factory=dict)
    fresh: dict[str, set[int]] = field(default_factory=lambda: {"corpus": set(), "run": set(), "step": set()})
    added: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def add(self, table: Any, row: Row) -> int:
        """Store a row, count it and return its key."""
        self.added[table.name] += 1
        return add(self.connection, table, row)


def merge_records(connection: Connection, source: Source) -> Records:
    """Merge what the large tables refer to, and create the tables of keys that they are joined with.

    :raises DatabaseError: when the target has a different corpus or file of the same name.
    """
    records = Records(connection, source)
    last_run = bulk.last_id(connection, t.run)
    _merge_corpora(records)
    _merge_runs(records)
    _merge_steps(records, last_run)
    known_files = _merge_files(records)
    for name, keys in (("corpus", records.corpora), ("run", records.runs), ("step", records.steps)):
        make_map(connection, name, [(old, new, old in records.fresh[name]) for old, new in keys.items()])
    make_map(connection, "source_file", [(old, new, old not in known_files) for old, new in records.files.items()])
    return records


def _merge_corpora(records: Records) -> None:
    matching = Known(records.connection, t.corpus, ("name",))
    for row in rows_of(records.connection, records.source, "corpus"):
        there = matching.take(row)
        if there is None:
            records.corpora[row["id"]] = records.add(t.corpus, row)
            records.fresh["corpus"].add(row["id"])
            continue
        records.corpora[row["id"]] = there["id"]
        _check_same(records.source, "corpus", row["name"], row, there)
        more = {name: value for name, value in row.items() if there[name] is None and value is not None}
        if more:
            records.connection.execute(update(t.corpus).where(t.corpus.c.id == there["id"]).values(more))


def _check_same(source: Source, what: str, name: str, row: Row, there: Row) -> None:
    for column, value in row.items():
        if column != "id" and value is not None and there[column] is not None and value != there[column]:
            raise DatabaseError(
                f"the {what} {name} of {source.url} has another {column}: {value!r}, and here {there[column]!r}",
                hint="give them different names, or correct one of them",
                **{what: name, "column": column},
            )


def _merge_runs(records: Records) -> None:
    matching = Known(records.connection, t.run, _RUN)
    for row in rows_of(records.connection, records.source, "run"):
        there = matching.take(row)
        if there is None:
            # Its process ended without recording it: no run is in progress.
            status = "stopped" if row["status"] == "running" else row["status"]
            records.runs[row["id"]] = records.add(t.run, {**row, "status": status})
            records.fresh["run"].add(row["id"])
        else:
            records.runs[row["id"]] = there["id"]


def _merge_steps(records: Records, last_run: int) -> None:
    matching = Known(records.connection, t.step, ("digest",))
    inputs = rows_of(records.connection, records.source, "step_input")
    for row in rows_of(records.connection, records.source, "step"):
        there = matching.take(row)
        if there is not None:
            records.steps[row["id"]] = there["id"]
            continue
        after = min(last_run, _first_run(records, row["id"]) - 1) if last_run else None
        records.steps[row["id"]] = records.add(t.step, {**row, "after_run": after})
        records.fresh["step"].add(row["id"])
    for row in inputs:
        if row["step_id"] in records.fresh["step"]:
            values = {name: records.steps[row[name]] for name in ("step_id", "input_id")}
            records.connection.execute(insert(t.step_input).values({**row, **values}))
            records.added["step_input"] += 1


def _first_run(records: Records, step_id: int) -> int:
    """The key in the target of the first run with outcomes of a step of the source; a large number if there is none."""
    outcomes = records.source.name("outcome")
    query = f"SELECT DISTINCT run_id FROM {outcomes} WHERE step_id = {int(step_id)}"
    run_ids = [key for (key,) in records.connection.exec_driver_sql(query)]
    return min((records.runs[key] for key in run_ids if key in records.runs), default=2**62)


def _merge_files(records: Records) -> set[int]:
    """Return the keys of the source's files that the target already has."""
    matching, both = Known(records.connection, t.source_file, _FILE), set()
    for row in rows_of(records.connection, records.source, "source_file"):
        keyed = {**row, "corpus_id": records.corpora[row["corpus_id"]], "run_id": records.runs[row["run_id"]]}
        there = matching.take(keyed)
        if there is None:
            records.files[row["id"]] = records.add(t.source_file, keyed)
            continue
        _check_same(
            records.source, "file", row["name"], *({name: values[name] for name in _CONTENT} for values in (row, there))
        )
        records.files[row["id"]] = there["id"]
        both.add(row["id"])
        _keep_earlier_import(records, keyed, there)
    return both


def _keep_earlier_import(records: Records, row: Row, there: Row) -> None:
    """Keep the earlier of two imports of a file: in both databases, what was derived from it came later."""
    begun: dict[int, str] = dict(bulk.fetch(records.connection, select(t.run.c.id, t.run.c.started_at)))
    if begun[row["run_id"]] < begun[there["run_id"]]:
        own = t.source_file.c.id == there["id"]
        records.connection.execute(update(t.source_file).where(own).values(run_id=row["run_id"]))


def merge_recipes(records: Records) -> None:
    """Merge recipes by name; one with other steps in the target gets another name, so its steps stay referenced."""
    recipes = {row.name: row for row in records.connection.execute(select(t.recipe))}
    for row in rows_of(records.connection, records.source, "recipe"):
        plan = [_mapped(records, entry) for entry in json.loads(row["plan"])]
        there = recipes.get(row["name"])
        if there is None:
            records.add(t.recipe, {**row, "plan": canonical_json(plan)})
        elif {entry["step"] for entry in json.loads(there.plan)} == {entry["step"] for entry in plan}:
            _unite(records, there, plan)
        elif not _is_kept(recipes, row, plan):
            name = free_name(row["name"], set(recipes))
            records.add(t.recipe, {**row, "name": name, "plan": canonical_json(plan)})
            records.notes.append(
                f"the recipe {row['name']} means other steps here: that of the source is called {name}"
            )


def _mapped(records: Records, planned: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [[records.corpora[corpus_id], *rest] for corpus_id, *rest in planned["pairs"]]
    return {"step": records.steps[planned["step"]], "pairs": pairs}


def _unite(records: Records, there: Any, plan: list[dict[str, Any]]) -> None:
    """Extend a recipe to what it covers in either database."""
    more = {entry["step"]: entry["pairs"] for entry in plan}
    united = [
        {**entry, "pairs": entry["pairs"] + [pair for pair in more[entry["step"]] if pair not in entry["pairs"]]}
        for entry in json.loads(there.plan)
    ]
    own = t.recipe.c.id == there.id
    records.connection.execute(update(t.recipe).where(own).values(plan=canonical_json(united)))


def _is_kept(recipes: Mapping[str, Any], row: Row, plan: list[dict[str, Any]]) -> bool:
    """Whether an earlier merge stored a recipe under another name."""
    names = (f"{row['name']}-{count}" for count in range(2, len(recipes) + 3))
    same = (recipes[name] for name in names if name in recipes)
    return any((recipe.digest, recipe.plan) == (row["digest"], canonical_json(plan)) for recipe in same)


def free_name(name: str, taken: set[str]) -> str:
    """A name that no recipe has yet."""
    return next(candidate for count in range(2, len(taken) + 3) if (candidate := f"{name}-{count}") not in taken)


def merge_history(records: Records) -> None:
    """Merge exports, and the scores of new corpora; other scores cover only a part of the corpus and are not merged."""
    for row in rows_of(records.connection, records.source, "evaluation"):
        if row["corpus_id"] not in records.fresh["corpus"]:
            records.kept["evaluation"] += 1
            continue
        keys = {name: records.steps[row[name]] for name in ("step_id", "gold_step_id")}
        keys |= {"corpus_id": records.corpora[row["corpus_id"]], "run_id": records.runs[row["run_id"]]}
        records.add(t.evaluation, {**row, **keys})
    for row in rows_of(records.connection, records.source, "export"):
        if row["run_id"] in records.fresh["run"]:
            records.add(t.export, {**row, "run_id": records.runs[row["run_id"]]})


def merge_phrases(records: Records) -> None:
    """Merge the probabilities of phrases; those already stored stay unchanged."""
    before = number(records.connection, "SELECT count(*) FROM phrase_score")
    columns = ", ".join(column.name for column in t.phrase_score.columns)
    records.connection.exec_driver_sql(
        f"INSERT INTO phrase_score ({columns}) SELECT {columns} FROM {records.source.name('phrase_score')} AS r"
        " WHERE 1 = 1 ON CONFLICT DO NOTHING"
    )
    records.added["phrase_score"] += number(records.connection, "SELECT count(*) FROM phrase_score") - before

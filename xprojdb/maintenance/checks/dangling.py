"""Rows that refer to what is not there."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, delete, exists, insert, literal, select

from xprojdb.db import bulk
from xprojdb.db.runs import unknown_run
from xprojdb.db.tables import (
    alignment,
    artifact,
    candidate,
    corpus,
    entity,
    failure,
    label,
    metadata,
    model_score,
    outcome,
    run,
    sentence,
    step,
    step_input,
    translation,
    vote,
    word_score,
)
from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.removal import remove_sentences, remove_translations, run_delete
from xprojdb.maintenance.step_rows import STEP_TABLES, Items, StoredStep, ids_with, stored_steps
from xprojdb.steps.stage import Side, sentence_key

_OWNERS: dict[Items, Table] = {
    "sentence": sentence,
    "translation": translation,
    "corpus": corpus,
    "step": step,
}


class Reference(NamedTuple):
    """A column that names a row of another table; rows are looked at where ``chosen`` holds."""

    column: Column[int]
    owner: Table
    chosen: tuple[ColumnElement[bool], ...] = ()

    def lost(self) -> list[ColumnElement[bool]]:
        """The conditions of a row that refers to nothing."""
        # An alias: a sentence's parent is a sentence, too.
        there = self.owner.alias("owner")
        return [
            *self.chosen,
            self.column.is_not(None),
            ~exists().where(there.c.id == self.column).correlate(self.column.table),
        ]


def references(steps: Sequence[StoredStep]) -> Iterator[Reference]:
    """Everything that can be dangling and is mended by taking the row away."""
    for table in STEP_TABLES:
        yield Reference(table.c.step_id, step)
    for table in (entity, word_score, label, vote):
        yield Reference(table.c.sentence_id, sentence)
    for table in (alignment, candidate):
        yield Reference(table.c.translation_id, translation)
    yield Reference(label.c.translation_id, translation, (label.c.translation_id != 0,))
    yield Reference(artifact.c.corpus_id, corpus)
    yield Reference(model_score.c.train_id, step)
    for table in (outcome, failure):
        for items, owner in _OWNERS.items():
            yield Reference(table.c.item_id, owner, (table.c.step_id.in_(ids_with(steps, table, items)),))
    yield from _foreign_keys()


def _foreign_keys() -> Iterator[Reference]:
    for table in metadata.sorted_tables:
        for column in table.columns:
            for key in column.foreign_keys:
                if key.column.table is not run:
                    yield Reference(column, key.column.table)


class DanglingRows(Check):
    """Rows on a step, a sentence, a translation or a corpus that is not there."""

    name = "dangling keys"
    repair = "the row is taken away, a sentence or translation with all that is on it"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each in references(steps):
            table = each.column.table
            query = select(each.column).where(*each.lost())
            for block in bulk.stream(connection, query):
                for (key,) in block:
                    told = f"{table.name} with {each.column.name} {key}, which the table {each.owner.name} has not"
                    yield Finding(told)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:  # noqa: ARG002 - one statement takes them all
        taken: Counter[str] = Counter()
        with self.database.write() as connection:
            steps = stored_steps(connection)
            for each in references(steps):
                taken += self._take(connection, steps, each)
        return taken

    @staticmethod
    def _take(connection: Connection, steps: Sequence[StoredStep], each: Reference) -> Counter[str]:
        table = each.column.table
        assert isinstance(table, Table)
        remove = {sentence: remove_sentences, translation: remove_translations}.get(table)
        if remove is not None:
            keys = list(connection.execute(select(table.c.id).where(*each.lost())).scalars())
            return remove(connection, steps, keys) if keys else Counter()
        return +Counter({table.name: run_delete(connection, delete(table).where(*each.lost()))})


class LostRuns(Check):
    """Rows whose run is not recorded: of when they were made nothing is known any more, but they are whole."""

    name = "lost runs"
    repair = "a run of that number is recorded that tells nothing"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:  # noqa: ARG002
        for key in _lost_runs(connection):
            yield Finding(f"run {key}, which rows name, is not in the table run", item=key)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        with self.database.write() as connection:
            for each in findings:
                connection.execute(insert(run).values(id=each.item, **unknown_run()))
                bulk.raise_id(connection, run, each.item)
        return Counter()


def _lost_runs(connection: Connection) -> list[int]:
    known = select(run.c.id)
    tables = [table for table in metadata.sorted_tables if "run_id" in table.columns]
    lost = [select(table.c.run_id).where(table.c.run_id.not_in(known)).distinct() for table in tables]
    return sorted({key for query in lost for key in connection.execute(query).scalars()})


class UnknownEntities(Check):
    """Candidates and labels of an entity that the labelled sentence has not."""

    name = "labels of no entity"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for each in steps:
            for table in (candidate, label):
                if table.name in each.tables and each.items == "translation":
                    yield from _unknown_entities(connection, each, table)


def _unknown_entities(connection: Connection, each: StoredStep, table: Table) -> Iterator[Finding]:
    given = select(step_input.c.input_id).where(step_input.c.step_id == each.id, step_input.c.role == "entities")
    entities = connection.execute(given).scalar()
    side = labelled_side(connection, each)
    if entities is None or side is None:
        return
    known = exists().where(
        entity.c.step_id == entities,
        entity.c.sentence_id == sentence_key(side),
        entity.c.ordinal == table.c.entity_ordinal,
    )
    query = select(table.c.translation_id).join(translation, translation.c.id == table.c.translation_id)
    query = query.where(table.c.step_id == each.id, table.c.entity_ordinal.is_not(None), ~known).distinct()
    for block in bulk.stream(connection, query):
        for (key,) in block:
            told = f"{table.name} of {each.short}, translation {key}: of an entity that is not there"
            yield Finding(told, each.id, key)


def labelled_side(connection: Connection, each: StoredStep) -> Side | None:
    """The side of a translation that a step takes labels from, where its parameters tell."""
    params: dict[str, Any] = json.loads(
        connection.execute(select(step.c.params).where(step.c.id == each.id)).scalar_one()
    )
    side = params.get("labelled")
    return side if side in ("original", "rendering") else None


class LostVotes(Check):
    """Votes for a label, of a step or through a translation that is not there."""

    name = "votes of nothing"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        by_id = {each.id: each for each in steps}
        for told, query in _lost_votes():
            for block in bulk.stream(connection, query):
                for step_id, key in block:
                    if step_id in by_id:
                        yield Finding(f"{by_id[step_id].short}, sentence {key}: {told}", step_id, key)


def _lost_votes() -> Iterator[tuple[str, Select[Any]]]:
    place = select(vote.c.step_id, vote.c.sentence_id).distinct()
    voted = exists().where(
        label.c.step_id == vote.c.step_id,
        label.c.sentence_id == vote.c.sentence_id,
        label.c.translation_id == literal(0),
        label.c.ordinal == vote.c.ordinal,
    )
    yield "a vote for a label that is not there", place.where(~voted)
    for column, owner in ((vote.c.voter_step_id, step), (vote.c.translation_id, translation)):
        lost = Reference(column, owner, (column != 0,))
        yield f"a vote with {column.name} that is not there", place.where(*lost.lost())
    voters = exists().where(
        vote.c.step_id == label.c.step_id, vote.c.sentence_id == label.c.sentence_id, vote.c.ordinal == label.c.ordinal
    )
    unvoted = select(label.c.step_id, label.c.sentence_id).distinct()
    combining = label.c.step_id.in_(select(vote.c.step_id).distinct())
    yield "a label that nobody voted for", unvoted.where(combining, label.c.translation_id == 0, ~voters)

"""Rows that refer to rows which do not exist."""

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
    translation_score,
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
    """A column that refers to a row of another table; only rows where ``chosen`` holds are checked."""

    column: Column[int]
    owner: Table
    chosen: tuple[ColumnElement[bool], ...] = ()

    def lost(self) -> list[ColumnElement[bool]]:
        """The conditions for a row that refers to nothing."""
        # An alias, since the parent of a sentence is a sentence, too.
        there = self.owner.alias("owner")
        return [
            *self.chosen,
            self.column.is_not(None),
            ~exists().where(there.c.id == self.column).correlate(self.column.table),
        ]


def references(steps: Sequence[StoredStep]) -> Iterator[Reference]:
    """All references that can dangle and are repaired by removing the row."""
    for table in STEP_TABLES:
        yield Reference(table.c.step_id, step)
    for table in (entity, word_score, label, vote):
        yield Reference(table.c.sentence_id, sentence)
    for table in (alignment, candidate, translation_score):
        yield Reference(table.c.translation_id, translation)
    yield Reference(label.c.translation_id, translation, (label.c.translation_id != 0,))
    yield Reference(artifact.c.corpus_id, corpus)
    yield Reference(model_score.c.train_id, step)
    for table in (outcome, failure):
        for items, owner in _OWNERS.items():
            yield Reference(table.c.item_id, owner, (table.c.step_id.in_(ids_with(steps, table, items)),))
    yield from _foreign_keys()


def _foreign_keys() -> Iterator[Reference]:
    # Rows that are referred to last: those that refer to them must be gone.
    for table in reversed(metadata.sorted_tables):
        for column in table.columns:
            for key in column.foreign_keys:
                if key.column.table is not run:
                    yield Reference(column, key.column.table)


class DanglingRows(Check):
    """Rows that refer to a step, sentence, translation or corpus that does not exist."""

    name = "dangling keys"
    repair = "the row is removed, sentences and translations with everything attached to them"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for reference in references(steps):
            table = reference.column.table
            query = select(reference.column).where(*reference.lost())
            for block in bulk.stream(connection, query):
                for (key,) in block:
                    text = f"{table.name} with {reference.column.name} {key}, not in the table {reference.owner.name}"
                    yield Finding(text)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:  # noqa: ARG002 - one statement takes them all
        taken: Counter[str] = Counter()
        with self.database.write() as connection:
            steps = stored_steps(connection)
            for reference in references(steps):
                taken += self._take(connection, steps, reference)
        return taken

    @staticmethod
    def _take(connection: Connection, steps: Sequence[StoredStep], reference: Reference) -> Counter[str]:
        table = reference.column.table
        assert isinstance(table, Table)
        remove = {sentence: remove_sentences, translation: remove_translations}.get(table)
        if remove is not None:
            keys = list(connection.execute(select(table.c.id).where(*reference.lost())).scalars())
            return remove(connection, steps, keys) if keys else Counter()
        return +Counter({table.name: run_delete(connection, delete(table).where(*reference.lost()))})


class LostRuns(Check):
    """Rows whose run is not recorded: nothing is known of when they were made, but they are intact."""

    name = "lost runs"
    repair = "a run with that number and no details is recorded"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:  # noqa: ARG002
        for key in _lost_runs(connection):
            yield Finding(f"run {key}, which rows refer to, is not in the table run", item=key)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        with self.database.write() as connection:
            for finding in findings:
                connection.execute(insert(run).values(id=finding.item, **unknown_run()))
                bulk.raise_id(connection, run, finding.item)
        return Counter()


def _lost_runs(connection: Connection) -> list[int]:
    run_ids = select(run.c.id)
    tables = [table for table in metadata.sorted_tables if "run_id" in table.columns]
    lost = [select(table.c.run_id).where(table.c.run_id.not_in(run_ids)).distinct() for table in tables]
    return sorted({key for query in lost for key in connection.execute(query).scalars()})


class UnknownEntities(Check):
    """Candidates and labels of an entity that the labelled sentence does not have."""

    name = "labels of no entity"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        for stored in steps:
            for table in (candidate, label):
                if table.name in stored.tables and stored.items == "translation":
                    yield from _unknown_entities(connection, stored, table)


def _unknown_entities(connection: Connection, stored: StoredStep, table: Table) -> Iterator[Finding]:
    entity_step = select(step_input.c.input_id).where(
        step_input.c.step_id == stored.id, step_input.c.role == "entities"
    )
    entities = connection.execute(entity_step).scalar()
    side = labelled_side(connection, stored)
    if entities is None or side is None:
        return
    entity_exists = exists().where(
        entity.c.step_id == entities,
        entity.c.sentence_id == sentence_key(side),
        entity.c.ordinal == table.c.entity_ordinal,
    )
    query = select(table.c.translation_id).join(translation, translation.c.id == table.c.translation_id)
    query = query.where(table.c.step_id == stored.id, table.c.entity_ordinal.is_not(None), ~entity_exists).distinct()
    for block in bulk.stream(connection, query):
        for (key,) in block:
            text = f"{table.name} of {stored.short}, translation {key}: of an entity that is not there"
            yield Finding(text, stored.id, key)


def labelled_side(connection: Connection, stored: StoredStep) -> Side | None:
    """The side of a translation that a step takes labels from, if its parameters say so."""
    params: dict[str, Any] = json.loads(
        connection.execute(select(step.c.params).where(step.c.id == stored.id)).scalar_one()
    )
    side = params.get("labelled")
    return side if side in ("original", "rendering") else None


class LostVotes(Check):
    """Votes for a label, from a step or through a translation that does not exist."""

    name = "votes of nothing"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        by_id = {stored.id: stored for stored in steps}
        for fault, query in _lost_votes():
            for block in bulk.stream(connection, query):
                for step_id, key in block:
                    if step_id in by_id:
                        yield Finding(f"{by_id[step_id].short}, sentence {key}: {fault}", step_id, key)


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

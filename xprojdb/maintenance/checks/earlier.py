"""Outcomes that are older than what they are about, which are those of an earlier step or item with the same key.

Versions before schema 0008 could reuse a key while a run continued to write under it. Such rows are consistent but
about something else, and only their age reveals it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, Select, and_, exists, false, func, not_, select

from xprojdb.db import bulk
from xprojdb.db.tables import outcome, run, sentence, source_file, step, translation
from xprojdb.maintenance.checks.check import Check, Finding
from xprojdb.maintenance.step_rows import StoredStep
from xprojdb.steps.spec import GOLD


class OlderThanStep(Check):
    """Outcomes of runs that started before their step was stored; a plan stores its steps before its run starts."""

    name = "outcomes older than their step"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        after_run: dict[int, int | None] = dict(bulk.fetch(connection, select(step.c.id, step.c.after_run)))
        for stored in steps:
            # An import stores its step after its run has started, and that step is never deleted.
            if after_run[stored.id] is None or stored.kind == GOLD.kind:
                continue
            query = select(outcome.c.item_id, outcome.c.run_id)
            query = query.where(outcome.c.step_id == stored.id, outcome.c.run_id <= after_run[stored.id])
            for block in bulk.stream(connection, query):
                for key, run_id in block:
                    text = f"{stored.short}, {stored.items} {key}: of the run {run_id}, which began before the step"
                    yield Finding(text, stored.id, key)


class OlderThanItem(Check):
    """Outcomes of runs that had ended before the file with their item was imported.

    Based on the clock of one machine: runs on other machines than the import are ignored, and so are runs whose end is
    not recorded.
    """

    name = "outcomes older than their item"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:
        if not _is_any_later(connection):
            return
        for stored in steps:
            if stored.kind != GOLD.kind and stored.items != "step" and outcome.name in stored.tables:
                query = _earlier(stored).where(outcome.c.step_id == stored.id)
                for block in bulk.stream(connection, query):
                    for key, run_id in block:
                        text = (
                            f"{stored.short}, {stored.items} {key}: of the run {run_id}, which ended before its import"
                        )
                        yield Finding(text, stored.id, key)


_imported = run.alias("imported")
#: an import on the same machine that started after the run had ended
_LATER = and_(_imported.c.host == run.c.host, _imported.c.started_at > run.c.ended_at)


def _is_any_later(connection: Connection) -> bool:
    """Whether any file was imported after a run; usually none was, and no outcome need be checked."""
    query = select(source_file.c.id).join(_imported, _imported.c.id == source_file.c.run_id)
    later = query.join(run, and_(_LATER, run.c.command.not_like("import%"))).limit(1)
    return connection.execute(later).first() is not None


def _earlier(stored: StoredStep) -> Select[tuple[int, int]]:
    query = select(outcome.c.item_id, outcome.c.run_id).join(run, run.c.id == outcome.c.run_id)
    if stored.items == "corpus":
        files = exists().where(source_file.c.corpus_id == outcome.c.item_id)
        imported = files.where(source_file.c.run_id == _imported.c.id)
        # A corpus grows: it is younger than the run only if all its files are.
        return query.where(files, ~imported.where(not_(func.coalesce(_LATER, false()))).correlate(outcome, run))
    item = outcome.c.item_id
    if stored.items == "translation":
        query = query.join(translation, translation.c.id == item)
        item = translation.c.original_id
    query = query.join(sentence, sentence.c.id == item).join(source_file, source_file.c.id == sentence.c.source_file_id)
    return query.join(_imported, and_(_imported.c.id == source_file.c.run_id, _LATER))

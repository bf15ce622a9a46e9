"""Imported sentences that differ from their file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, func, select

from xprojdb.db import bulk
from xprojdb.db.tables import sentence, source_file
from xprojdb.maintenance.checks.check import Check, Finding, drop_file, drop_files_of, drop_items
from xprojdb.maintenance.step_rows import StoredStep

_DROPPED = "the file's sentences are dropped with everything attached to them: import the file again"


class FileCounts(Check):
    """Files with more or fewer stored sentences than were imported."""

    name = "sentences of a file"
    repair = _DROPPED

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:  # noqa: ARG002
        counted = (
            select(sentence.c.source_file_id, func.count().label("stored"))
            .group_by(sentence.c.source_file_id)
            .subquery()
        )
        stored = func.coalesce(counted.c.stored, 0)
        query = select(source_file.c.id, source_file.c.name, source_file.c.sentences, stored)
        query = query.outerjoin(counted, counted.c.source_file_id == source_file.c.id)
        for key, name, expected, there in connection.execute(query.where(source_file.c.sentences != stored)):
            yield Finding(f"{name}: {expected} sentences were imported, {there} are stored", item=key)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        taken: Counter[str] = Counter()
        for finding in findings:
            taken += drop_file(self.database, finding.item)
        return taken


class SentenceWords(Check):
    """Sentences whose words cannot be read, or whose number of words is wrong."""

    name = "words of a sentence"
    repair = f"a machine translation is dropped, to be recomputed; otherwise {_DROPPED}"

    def find(self, connection: Connection, steps: Sequence[StoredStep]) -> Iterator[Finding]:  # noqa: ARG002
        columns = (
            sentence.c.id,
            sentence.c.n_words,
            sentence.c.words,
            sentence.c.offsets,
            sentence.c.step_id,
            sentence.c.parent_id,
        )
        for block in bulk.stream(connection, select(*columns).order_by(sentence.c.id), 5_000):
            for key, count, words, offsets, step_id, parent in block:
                if _wrong(count, words, str) or (offsets is not None and _wrong(count, offsets, int)):
                    owner = (step_id, parent) if step_id is not None and parent is not None else (0, key)
                    yield Finding(f"sentence {key} does not have {count} words", *owner)

    def mend(self, findings: Sequence[Finding]) -> Counter[str]:
        imported = [finding.item for finding in findings if not finding.step]
        return drop_files_of(self.database, imported) + drop_items(self.database, filter(lambda f: f.step, findings))


def _wrong(count: int, stored: str, kind: type) -> bool:
    try:
        value = json.loads(stored)
    except (ValueError, TypeError):
        return True
    return not isinstance(value, list) or len(value) != count or not all(isinstance(part, kind) for part in value)

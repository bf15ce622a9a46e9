"""``db merge``: merge several databases into one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, delete

from xprojdb.db import open_database
from xprojdb.db.live import refuse_live_runs
from xprojdb.db.runs import begin_run, end_run
from xprojdb.db.tables import run
from xprojdb.maintenance.merging.campaigns import merge_campaigns
from xprojdb.maintenance.merging.keys import number, rows_of
from xprojdb.maintenance.merging.records import (
    Records,
    merge_history,
    merge_phrases,
    merge_recipes,
    merge_records,
)
from xprojdb.maintenance.merging.results import merge_made
from xprojdb.maintenance.merging.sentences import merge_sentences, merge_translations
from xprojdb.maintenance.merging.source import Source, check_source, opened
from xprojdb.maintenance.step_rows import StoredStep, stored_steps

Watch = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class MergedSource:
    """The result of merging one database; rows are counted by table.

    :param added: rows that were added to the target.
    :param known: rows that the target already had.
    :param left: rows that were not merged.
    :param left_steps: steps that were not merged because they or their inputs have different results in the target.
    :param notes: remarks, such as renamed recipes.
    """

    url: str
    added: Counter[str]
    known: Counter[str]
    left: Counter[str]
    left_steps: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MergeReport:
    """The result of merging into a database."""

    target: str
    sources: list[MergedSource] = field(default_factory=list)


def merge_databases(
    target: str | Path, sources: Sequence[str | Path], *, watch: Watch = lambda _url: None
) -> MergeReport:
    """Merge several databases into one, each in one transaction.

    Rows are the same when their natural keys are: a corpus by its name, a sentence by its id or by what it was made
    from and the step that made it, a step by its digest, a run by when and where it was. Merging a database a second
    time adds nothing.

    :param target: created if it does not exist.
    :param watch: called with the address of each source before it is merged.
    :raises UsageError: when a source is the target.
    :raises RunsAlive: when a run is in progress in one of them.
    :raises DatabaseError: when a source contradicts what was imported into the target, or cannot be read; the sources
        before it are merged, and nothing of it is.
    """
    with open_database(target, create=True) as database:
        report = MergeReport(database.url)
        for address in sources:
            check_source(address, database.engine)
    for address in sources:
        watch(str(address))
        with open_database(address) as source, source.read() as reading:
            steps = stored_steps(reading)
        with opened(target, address) as (connection, named):
            refuse_live_runs(connection, "merging")
            report.sources.append(_merge(connection, named, steps))
    return report


def _merge(connection: Connection, source: Source, steps: list[StoredStep]) -> MergedSource:
    run_id = begin_run(connection, f"db merge {source.url}")
    records = merge_records(connection, source)
    left = merge_sentences(records)
    merge_translations(records, left)
    _count_left(records)
    known = merge_made(records, steps, left, _inputs(records))
    merge_recipes(records)
    merge_history(records)
    merge_phrases(records)
    merge_campaigns(records)
    known += _known_records(records)
    if +records.added:
        end_run(connection, run_id, "done", dict(+records.added))
    else:
        connection.execute(delete(run).where(run.c.id == run_id))
    left_steps = tuple(step.short for step in steps if step.id in left)
    return MergedSource(source.url, +records.added, +known, +records.kept, left_steps, tuple(records.notes))


def _inputs(records: Records) -> dict[int, set[int]]:
    """The input steps of each of the source's steps."""
    inputs: dict[int, set[int]] = {}
    for row in rows_of(records.connection, records.source, "step_input"):
        inputs.setdefault(row["step_id"], set()).add(row["input_id"])
    return inputs


def _known_records(records: Records) -> Counter[str]:
    """The number of the source's rows with keys that the target already had."""
    counts = {
        "corpus": len(records.corpora) - len(records.fresh["corpus"]),
        "run": len(records.runs) - len(records.fresh["run"]),
        "step": len(records.steps) - len(records.fresh["step"]),
    }
    for name in ("source_file", "sentence", "translation"):
        query = f"SELECT count(*) FROM map_{name} WHERE fresh = 0 AND old > 0"
        counts[name] = number(records.connection, query)
    return Counter(counts)


def _count_left(records: Records) -> None:
    for name in ("sentence", "translation"):
        total = number(records.connection, f"SELECT count(*) FROM {records.source.name(name)}")
        mapped = number(records.connection, f"SELECT count(*) FROM map_{name} WHERE old > 0")
        records.kept[name] += total - mapped

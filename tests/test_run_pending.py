"""What a run does: all that is pending, once, in batches; and what a dry run says beforehand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from projection_sample import Diagonal, english, german, import_sample, labels, outcomes, plan_of, results
from sqlalchemy import delete, select

from xprojdb.db import Database, bulk
from xprojdb.db.tables import lease, outcome, run
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.pending import count_pending, count_undone, pending_items
from xprojdb.execution.run import run_plan
from xprojdb.planning.store import bind_plan
from xprojdb.steps.align.stage import Align

CLAIM = ("step_id", "first_item", "last_item", "owner", "expires_at")
RowCounts = Callable[[Database], dict[str, int]]


def test_a_run_projects_and_gives_every_item_an_outcome(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    report = run_plan(database, plan_of(database, tmp_path))
    assert [(step.done, step.failed) for step in report.steps] == [(10, 0)] * 3
    result = labels(database)
    assert [row[1:] for row in result[:2]] == [(0, 2, "PER"), (6, 7, "LOC")]
    assert len(result) == 2 * 8
    assert [*outcomes(database, "project").values()].count(("empty", "no-entities")) == 2
    assert [*outcomes(database, "project").values()].count(("ok", None)) == 8
    with database.read() as connection:
        row = connection.execute(select(run).order_by(run.c.id.desc())).first()
    assert row is not None
    assert (row.status, row.recipe_name) == ("done", "sample")


def test_a_second_run_writes_nothing_at_all(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, row_counts: RowCounts
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    run_plan(database, plan_of(database, tmp_path))
    counts = row_counts(database)
    aligner = Diagonal()
    report = run_plan(database, plan_of(database, tmp_path, aligner=aligner))
    assert (report.run_id, report.done, aligner.seen) == (None, 0, [])
    assert row_counts(database) == counts


def test_fifty_added_sentences_are_the_only_ones_processed(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(70), "de": german(70)})
    run_plan(database, plan_of(database, tmp_path))
    import_sample(database, write_conll, {"en": english(120), "de": german(120)})
    aligner = Diagonal()
    report = run_plan(database, plan_of(database, tmp_path, aligner=aligner))
    assert [step.done for step in report.steps] == [50, 50, 50]
    assert sum(aligner.seen) == 50


def test_batches_make_the_same_tables_as_one(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(25), "de": german(25)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    whole = results(sqlite_database)["label"]
    monkeypatch.setattr(Align, "block", 4)
    plan = plan_of(sqlite_database, tmp_path, align="layer = 3\n", aligner=(aligner := Diagonal()))
    run_plan(sqlite_database, plan)
    assert aligner.seen == [4] * 6 + [1]
    parted = [row for row in results(sqlite_database)["label"] if row not in whole]
    assert [row[1:] for row in parted] == [row[1:] for row in whole]


@pytest.mark.parametrize("missing", [(), (0,), (4,), (9,), (0, 9), (3, 4, 5), range(10)])
def test_what_is_left_is_counted_wherever_the_gaps_are(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, missing: Sequence[int]
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10), "it": german(10)})
    run_plan(database, plan := plan_of(database, tmp_path))
    stage, pairs = plan.stages[0], plan.pairs[plan.stages[0].spec]
    with database.write() as connection:
        keys = sorted(connection.execute(select(outcome.c.item_id).where(outcome.c.step_id == stage.step_id)).scalars())
        gone = outcome.c.item_id.in_([keys[n] for n in missing])
        connection.execute(delete(outcome).where(outcome.c.step_id == stage.step_id, gone))
        # Of translations into other languages, as another recipe may have covered them with the same step.
        others = [(stage.step_id, key, "ok", None, 1) for key in (keys[0] - 1, keys[-1] + 1)]
        bulk.insert(connection, outcome, ("step_id", "item_id", "status", "reason", "run_id"), others)
    with database.read() as connection:
        assert count_undone(connection, stage, pairs) == count_pending(connection, stage, pairs) == len(missing)
        assert len(pending_items(connection, stage, pairs, 0, 100)) == len(missing)


@pytest.mark.slow
@given(data=st.data())
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_what_waits_is_the_same_by_ranges_and_item_by_item(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path, data: st.DataObject
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(12), "de": german(12)})
    bind_plan(sqlite_database, plan := plan_of(sqlite_database, tmp_path))
    pairs = plan.pairs[plan.stages[0].spec]
    some = st.sampled_from(["ok", "empty", "filtered", "failed", None])
    statuses = [data.draw(st.just(["ok"] * 12) | st.lists(some, min_size=12, max_size=12)) for _ in plan.stages]
    statuses[-1] = data.draw(st.just([None] * 12) | st.just(statuses[-1]))
    claimed = data.draw(st.none() | st.tuples(st.integers(1, 14), st.integers(0, 3)))
    with suppress(_Undone), sqlite_database.write() as connection:
        keys = pending_items(connection, plan.stages[0], pairs, 0, 100)
        done = {}
        for stage, own in zip(plan.stages, statuses, strict=True):
            done[stage.step_id] = {key: status for key, status in zip(keys, own, strict=True) if status}
            rows = [(stage.step_id, key, status, None, 1) for key, status in done[stage.step_id].items()]
            bulk.insert(connection, outcome, ("step_id", "item_id", "status", "reason", "run_id"), rows)
        for stage in plan.stages:
            inputs = [done[key] for key in stage.input_ids.values() if key in done]
            ready = [key for key in keys if all(values.get(key) in ("ok", "empty") for values in inputs)]
            waits = [key for key in ready if key not in done[stage.step_id]]
            assert count_pending(connection, stage, pairs) == len(waits)
            assert pending_items(connection, stage, pairs, keys[2], 6) == [key for key in waits if key > keys[2]][:6]
            if claimed is not None:
                first, last = keys[0] - 2 + claimed[0], keys[0] - 2 + sum(claimed)
                bulk.insert(connection, lease, CLAIM, [(stage.step_id, first, last, "another", 1e12)])
                free = [key for key in waits if not first <= key <= last]
                assert pending_items(connection, stage, pairs, 0, 100, unclaimed=True) == free
        raise _Undone


class _Undone(Exception):
    """Takes back what an example has written."""


def test_pending_items_of_several_pairs_come_in_key_order(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(6), "de": german(6), "it": german(6)})
    plan = plan_of(database, tmp_path, top='source = ["en"]\ntarget = ["it", "de"]\n')
    bind_plan(database, plan)
    stage, pairs = plan.stages[0], plan.pairs[plan.stages[0].spec]
    with database.read() as connection:
        every = pending_items(connection, stage, pairs, 0, 100)
        assert every == sorted(every)
        assert len(every) == count_pending(connection, stage, pairs) == 12
        walked, after = [], 0
        while block := pending_items(connection, stage, pairs, after, 5):
            walked += block
            after = block[-1]
    assert walked == every


def test_a_dry_run_counts_what_would_run_and_writes_nothing(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, row_counts: RowCounts
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    counts = row_counts(database)
    result = preview_plan(database, plan_of(database, tmp_path))
    assert [(entry.is_stored, entry.pending) for entry in result] == [(False, 10)] * 3
    assert row_counts(database) == counts
    run_plan(database, plan_of(database, tmp_path))
    import_sample(database, write_conll, {"en": english(13), "de": german(13)})
    result = preview_plan(database, plan_of(database, tmp_path, "[project]\nmin_score = 0.5\n"))
    assert [(entry.is_stored, entry.pending) for entry in result] == [(True, 3), (True, 3), (False, 13)]


def test_a_dry_run_expects_nothing_of_failed_items_and_unlabelled_sentences(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    lines = english(5)
    lines[2] = "poison in Turin/B-LOC"
    import_sample(sqlite_database, write_conll, {"en": lines, "de": german(5)})
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    result = preview_plan(sqlite_database, plan_of(sqlite_database, tmp_path, "[[scorer]]\nmin_score = 0.1\n"))
    assert [entry.pending for entry in result] == [0, 4, 4]
    back = plan_of(sqlite_database, tmp_path, top='source = ["de"]\ntarget = ["en"]\n')
    assert [entry.pending for entry in preview_plan(sqlite_database, back)] == [0, 0, 0]
    assert run_plan(sqlite_database, back).done == 0

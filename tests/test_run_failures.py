"""Items that fail: found by halving, recorded with their traceback, and never taken for items without entities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from projection_sample import Diagonal, english, german, import_sample, outcomes, plan_of
from sqlalchemy import select

from xprojdb.db import Database
from xprojdb.db.tables import failure, run
from xprojdb.errors import UsageError
from xprojdb.execution.run import StepFailed, forget_failures, run_plan
from xprojdb.models.aligners.encoder import SentencePair
from xprojdb.models.aligners.word_links import Links

POISONED = (3, 17, 18)


def _import_poisoned(database: Database, write_conll: Callable[..., Path], count: int = 40) -> None:
    lines = english(count)
    for place in POISONED:
        lines[place] = "poison in Turin/B-LOC"
    import_sample(database, write_conll, {"en": lines, "de": german(count)})


def test_a_failing_item_is_found_and_the_others_go_through(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    _import_poisoned(database, write_conll)
    report = run_plan(database, plan_of(database, tmp_path))
    assert [(step.done, step.failed) for step in report.steps] == [(40, 3), (37, 0), (37, 0)]
    result = outcomes(database, "align")
    failed = [place for place, (status, _) in enumerate(result[key] for key in sorted(result)) if status == "failed"]
    assert failed == list(POISONED)
    assert {result[item] for item in result if result[item][0] == "failed"} == {("failed", "RuntimeError")}
    with database.read() as connection:
        rows = connection.execute(select(failure)).all()
    assert [row.message for row in rows] == ["cannot bear poison"] * 3
    assert all("Traceback" in row.traceback and "in align" in row.traceback for row in rows)
    assert {row.run_id for row in rows} == {report.run_id}


def test_a_failed_item_is_done_and_reaches_no_later_step(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    _import_poisoned(sqlite_database, write_conll)
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    failed = {item for item, (status, _) in outcomes(sqlite_database, "align").items() if status == "failed"}
    assert len(failed) == len(POISONED)
    assert not failed & set(outcomes(sqlite_database, "project"))
    assert run_plan(sqlite_database, plan_of(sqlite_database, tmp_path)).run_id is None


def test_when_everything_fails_nothing_is_recorded(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": ["poison in Turin/B-LOC"] * 40, "de": german(40)})
    with pytest.raises(StepFailed) as caught:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    assert caught.value.items == 40
    assert "cannot bear poison" in caught.value.reason
    assert outcomes(sqlite_database, "align") == {}
    with sqlite_database.read() as connection:
        assert connection.execute(select(run.c.status).order_by(run.c.id.desc())).scalar() == "failed"


class _Unusable(Diagonal):
    def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
        raise UsageError(f"no such layer for {len(pairs)} pairs", layer=99)


def test_what_concerns_the_whole_run_ends_it(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(5), "de": german(5)})
    with pytest.raises(UsageError) as caught:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path, aligner=_Unusable()))
    assert caught.value.layer == 99
    assert outcomes(sqlite_database, "align") == {}


def test_failed_items_are_tried_again_when_asked(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    _import_poisoned(database, write_conll)
    run_plan(database, plan_of(database, tmp_path))

    class Cured(Diagonal):
        def align(self, pairs: Sequence[SentencePair]) -> list[Links]:
            return super().align([([word.replace("poison", "water") for word in left], right) for left, right in pairs])

    cured = Cured()
    plan = plan_of(database, tmp_path, aligner=cured)
    assert forget_failures(database, plan) == len(POISONED)
    report = run_plan(database, plan)
    assert cured.seen == [len(POISONED)]
    assert [(step.done, step.failed) for step in report.steps] == [(3, 0)] * 3
    assert forget_failures(database, plan) == 0
    with database.read() as connection:
        assert len(connection.execute(select(failure)).all()) == len(POISONED)

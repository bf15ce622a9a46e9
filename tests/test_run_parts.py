"""Parts of a run: some of its steps, some of their items; and what a dry run says is the reason."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import Diagonal, english, german, import_sample, outcomes, plan_of
from sqlalchemy import func, select

from xprojdb.db import Database
from xprojdb.db.tables import lease
from xprojdb.errors import UsageError
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.steps.align.stage import Align

Write = Callable[..., Path]


def test_at_most_so_many_items_of_each_step(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Align, "block", 4)
    import_sample(database, write_conll, {"en": english(20), "de": german(20)})
    plan = plan_of(database, tmp_path, aligner=(aligner := Diagonal()))
    assert [entry.pending for entry in preview_plan(database, plan, limit=6)] == [6, 6, 6]
    assert [step.done for step in run_plan(database, plan, limit=6).steps] == [6, 6, 6]
    assert aligner.seen == [4, 2]
    assert [step.done for step in run_plan(database, plan, limit=100).steps] == [14, 14, 14]
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(lease)).scalar() == 0


def test_only_the_named_steps_run(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(5), "de": german(5)})
    plan = plan_of(sqlite_database, tmp_path)
    assert run_plan(sqlite_database, plan, only=["score"]).run_id is None
    assert [entry.pending for entry in preview_plan(sqlite_database, plan, only=["score"])] == [0]
    assert [entry.pending for entry in preview_plan(sqlite_database, plan, only=["align", "score"])] == [5, 5]
    assert [step.done for step in run_plan(sqlite_database, plan, only=["align"]).steps] == [5]
    digest = plan.stages[1].spec.digest[:10]
    assert [step.done for step in run_plan(sqlite_database, plan, only=[digest, "project"]).steps] == [5, 5]


@pytest.mark.parametrize("name", ["alignn", "", "zz"])
def test_a_step_that_the_recipe_does_not_have_is_a_usage_error(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, name: str
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(5), "de": german(5)})
    with pytest.raises(UsageError) as caught:
        run_plan(sqlite_database, plan_of(sqlite_database, tmp_path), only=["align", name])
    assert caught.value.step == name
    assert outcomes(sqlite_database, "align") == {}


def test_a_dry_run_names_the_change_that_makes_steps_new(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(5), "de": german(5)})
    first = preview_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    assert {entry.change for entry in first} == {"the recipe has not run here"}
    run_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    assert [entry.change for entry in preview_plan(sqlite_database, plan_of(sqlite_database, tmp_path))] == [""] * 3
    threshold = preview_plan(sqlite_database, plan_of(sqlite_database, tmp_path, "[project]\nmin_score = 0.5\n"))
    assert [entry.change for entry in threshold] == ["", "", "min_score 0.4 → 0.5"]
    layer = preview_plan(sqlite_database, plan_of(sqlite_database, tmp_path, align="layer = 3\n"))
    assert layer[0].change == "layer 7 → 3"
    assert layer[1].change.startswith("alignment: its step ")
    import_sample(sqlite_database, write_conll, {"en": english(7), "de": german(7)})
    more = preview_plan(sqlite_database, plan_of(sqlite_database, tmp_path))
    assert [(entry.pending, entry.change) for entry in more] == [(2, "new or undone items")] * 3

"""Plans: which steps a recipe stands for, what a changed parameter adds, and plans in the database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, plan_of, results

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import bind_plan, load_plan
from xprojdb.steps.spec import find_steps, load_specs

RowCounts = Callable[[Database], dict[str, int]]


@pytest.fixture
def sample(sqlite_database: Database, write_conll: Callable[..., Path]) -> Database:
    import_sample(sqlite_database, write_conll, {"en": english(10), "de": german(10), "it": german(10)})
    return sqlite_database


def _digests(plan: Plan) -> list[str]:
    return [stage.spec.digest for stage in plan.stages]


def test_equal_recipes_have_equal_steps(sample: Database, tmp_path: Path) -> None:
    plain = plan_of(sample, tmp_path)
    assert [stage.spec.kind for stage in plain.stages] == ["align", "score", "project"]
    assert _digests(plan_of(sample, tmp_path)) == _digests(plain)
    assert _digests(plan_of(sample, tmp_path, "[[scorer]]\nmin_score = 0.2\n[project]\nmin_score = 0.4\n")) == _digests(
        plain
    )


def test_a_stored_step_is_read_once_however_many_others_read_it(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path, '[[scorer]]\ntype = "term_consistency"\n')
    bind_plan(sample, plan)
    specs = [stage.spec for stage in plan.stages]
    with sample.read() as connection:
        ids = find_steps(connection, specs)
        stored = load_specs(connection, ids.values())
    assert {stored[ids[spec]] for spec in specs} == set(specs)
    assert [stored[ids[spec]].params for spec in specs] == [spec.params for spec in specs]
    inner = [own for spec in stored.values() for own in spec.inputs.values()]
    assert len({id(own) for own in inner}) == len({own.digest for own in inner}) < len(inner)


@pytest.mark.parametrize(
    ("settings", "align", "kept"),
    [
        ("[project]\nmin_score = 0.5\n", "", 2),
        ("[[scorer]]\nweight = 0.5\n", "", 2),
        ("[[scorer]]\nmin_score = 0.1\n", "", 1),
        ("", "layer = 3\n", 0),
    ],
)
def test_a_changed_parameter_keeps_the_steps_before_it(
    sample: Database, tmp_path: Path, settings: str, align: str, kept: int
) -> None:
    before = _digests(plan_of(sample, tmp_path))
    after = _digests(plan_of(sample, tmp_path, settings, align=align))
    assert after[:kept] == before[:kept]
    assert not set(after[kept:]) & set(before)


def test_which_items_is_no_part_of_a_step(sample: Database, tmp_path: Path) -> None:
    one = plan_of(sample, tmp_path)
    two = plan_of(sample, tmp_path, top='source = ["en"]\ntarget = ["de", "it"]\n')
    assert _digests(one) == _digests(two)
    assert [len(two.pairs[stage.spec]) for stage in two.stages] == [2, 2, 2]


def test_the_labelled_side_is_part_of_a_step(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path, top='source = ["en", "it"]\ntarget = ["de"]\n')
    assert [stage.spec.kind for stage in plan.stages] == ["align", "score", "score", "project", "project"]
    assert [(projection.source, projection.target, projection.labelled) for projection in plan.projections] == [
        ("en", "de", "original"),
        ("it", "de", "rendering"),
    ]


def test_two_scorers_are_two_steps(sample: Database, tmp_path: Path) -> None:
    tables = '[[scorer]]\n[[scorer]]\ntype = "link_dice"\ncandidates = "aligned"\n'
    plan = plan_of(sample, tmp_path, tables)
    assert [stage.spec.kind for stage in plan.stages] == ["align", "score", "score", "project"]
    assert plan.stages[-1].spec.params["weights"] == {"soft:aligned": 1.0, "alignment:aligned": 1.0}


@pytest.mark.parametrize(
    ("top", "field"), [('source = ["en"]\ntarget = ["sw"]\n', "corpora"), ('splits = ["dev"]\n', "corpora")]
)
def test_no_translations_between_the_languages(sample: Database, tmp_path: Path, top: str, field: str) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(sample, tmp_path, top=top)
    assert caught.value.fields[field] == ("news",)


def test_no_such_corpus(sqlite_database: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        plan_of(sqlite_database, tmp_path)
    assert caught.value.corpus == "news"


def test_a_plan_is_read_back(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, row_counts: RowCounts
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    plan = plan_of(database, tmp_path)
    bind_plan(database, plan)
    counts = row_counts(database)
    bind_plan(database, plan_of(database, tmp_path))
    assert row_counts(database) == counts
    again = load_plan(database)
    assert _digests(again) == _digests(plan)
    assert again.pairs == plan.pairs
    assert again.recipe == plan.recipe
    assert [stage.step_id for stage in again.stages] == [stage.step_id for stage in plan.stages]
    with pytest.raises(UsageError) as caught:
        load_plan(database, "other")
    assert caught.value.name == "other"


def test_a_changed_project_parameter_adds_one_step_and_realigns_nothing(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(database, write_conll, {"en": english(10), "de": german(10)})
    run_plan(database, plan_of(database, tmp_path))
    before = results(database)
    report = run_plan(database, plan_of(database, tmp_path, "[project]\nmin_score = 0.5\n"))
    assert [(step.title.split()[0].rstrip(","), step.done) for step in report.steps] == [
        ("align", 0),
        ("score", 0),
        ("project", 10),
    ]
    after = results(database)
    assert after["alignment"] == before["alignment"]
    assert len(after["label"]) == 2 * len(before["label"])


def test_a_changed_align_parameter_recomputes_all(sample: Database, tmp_path: Path) -> None:
    run_plan(sample, plan_of(sample, tmp_path))
    report = run_plan(sample, plan_of(sample, tmp_path, align="layer = 3\n"))
    assert [step.done for step in report.steps] == [10, 10, 10]


def test_another_language_computes_only_what_is_new(sample: Database, tmp_path: Path) -> None:
    run_plan(sample, plan_of(sample, tmp_path))
    before = results(sample)
    wider = plan_of(sample, tmp_path, top='source = ["en"]\ntarget = ["de", "it"]\n')
    report = run_plan(sample, wider)
    assert [step.done for step in report.steps] == [10, 10, 10]
    assert set(before["outcome"]) < set(results(sample)["outcome"])

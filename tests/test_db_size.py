"""``db size``: the tables, and what a recipe needs for more sentences, by what runs have measured."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from projection_sample import english, german, import_sample, plan_of, results

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.sizing.estimate import measure_size
from xprojdb.maintenance.vacuum import vacuum
from xprojdb.planning.planner import plan_recipe
from xprojdb.steps.stage import ItemKind

Write = Callable[..., Path]
COUNT = 500


@pytest.fixture
def sample(database: Database, write_conll: Write) -> Database:
    import_sample(database, write_conll, {"en": english(COUNT), "de": german(COUNT)})
    return database


def test_rows_and_bytes_of_the_tables(sample: Database) -> None:
    report = measure_size(sample)
    assert {table.name: table.rows for table in report.tables}["sentence"] == 2 * COUNT
    assert all(table.size > 0 for table in report.tables)
    assert report.size > 0


def test_what_was_measured_is_multiplied(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path)
    run_plan(sample, plan)
    result = results(sample)
    need = measure_size(sample, plan, sentences=200 * COUNT).need
    assert need is not None
    align, score, project = need.steps
    assert [step.measured for step in need.steps] == [COUNT] * 3
    assert [step.items for step in need.steps] == [100 * COUNT] * 3
    assert align.rows == 100 * 2 * COUNT
    assert score.rows == 100 * (len(result["candidate"]) + COUNT)
    assert project.rows == 100 * (len(result["label"]) + COUNT)
    assert all(step.hours > 0 for step in need.steps)
    assert need.rows == need.imported.rows + sum(step.rows for step in need.steps)


def test_an_estimate_from_a_part_is_about_what_the_whole_takes(
    sample: Database, tmp_path: Path, write_conll: Write
) -> None:
    """The bytes that 500 pairs promise for 8 000 are those that 8 000 take, within a half."""
    plan = plan_of(sample, tmp_path)
    run_plan(sample, plan)
    vacuum(sample)
    promised = measure_size(sample, plan, sentences=32 * COUNT).need
    import_sample(sample, write_conll, {"en": english(15 * COUNT), "de": german(15 * COUNT)}, "more")
    both = plan_of(sample, tmp_path, corpora='["more", "news"]')
    run_plan(sample, both)
    vacuum(sample)
    whole = measure_size(sample, both).need
    assert promised is not None
    assert whole is not None
    assert promised.rows == whole.rows
    assert 0.5 < promised.size / whole.size < 2


def test_steps_that_have_not_run_are_estimated_and_it_says_so(sample: Database, tmp_path: Path) -> None:
    need = measure_size(sample, plan_of(sample, tmp_path), hours=0.001).need
    assert need is not None
    assert [step.measured for step in need.steps] == [0] * 3
    assert [step.items for step in need.steps] == [COUNT] * 3
    assert need.hours > 0
    assert need.drivers is not None
    assert need.drivers >= need.hours / 0.001
    assert need.connections == 2 * need.drivers


LEARNS = """
name = "learns"
corpora = ["news"]
source = ["en"]
target = ["de"]
[align]
aligner = "equal_words"
words = "all"
[[scorer]]
type = "link_mass"
[[scorer]]
type = "term_consistency"
candidates = "scored"
"""


def test_what_is_to_be_learned_takes_as_long_as_the_corpus_is_large(sample: Database) -> None:
    plan = plan_recipe(sample, parse_recipe(LEARNS))
    once, tenfold = (measure_size(sample, plan, sentences=2 * COUNT * times).need for times in (1, 10))
    assert once is not None and tenfold is not None
    learned = [place for place, stage in enumerate(plan.stages) if stage.item_kind is ItemKind.CORPORA]
    assert learned
    for place in learned:
        assert 0 < 9 * once.steps[place].hours < tenfold.steps[place].hours
        assert once.steps[place].rows == tenfold.steps[place].rows == 2


def test_without_sentences_there_is_nothing_to_measure(sample: Database, tmp_path: Path) -> None:
    plan = plan_of(sample, tmp_path)
    with sample.write() as connection:
        for name in ("outcome", "entity", "translation", "sentence"):
            connection.exec_driver_sql(f"DELETE FROM {name}")
    with pytest.raises(UsageError) as refused:
        measure_size(sample, plan)
    assert refused.value.sentences == 0


@pytest.mark.slow
@pytest.mark.usefixtures("sample")
def test_the_command(address: str, run_cli: Any, tmp_path: Path) -> None:
    done = run_cli("--db", address, "db", "size", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["need"] is None
    assert run_cli("--db", address, "db", "size", "--hours", "3").code == 2
    recipe = tmp_path / "recipe.toml"
    recipe.write_text('name = "r"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n', encoding="utf-8")
    planned = run_cli("--db", address, "db", "size", "--plan", recipe, "--sentences", "100000000", "--hours", "24")
    assert planned.code == 0, planned.stderr
    assert "processes at once" in planned.stdout

"""Steps keep their digests: recipes in today's words plan the steps that they planned in those of commit 6edc96b."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from digest_sample import import_corpora, pretend_models

from xprojdb.config.recipe import LoadedRecipe, Recipe, parse_recipe
from xprojdb.db import Database, open_database, schema
from xprojdb.db.opening import connect
from xprojdb.execution.dry_run import preview_plan
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import plan_recipe

RunCli = Callable[..., Any]
DATA = Path(__file__).parent / "data"
CASES: dict[str, dict[str, Any]] = json.loads((DATA / "step_digests.json").read_text(encoding="utf-8"))
RECIPE = """name = "old"
corpora = ["news"]
source = ["en", "es"]
target = ["de"]

[align]
aligner = "equal_words"
words = "all"

[[scorer]]
min_score = 0.1

[[scorer]]
name = "letters"
type = "edit_similarity"
candidates = "ngram"
max_length = 4
stop_words = ["in"]
offset = 0.3
weight = 0.5

[[scorer]]
type = "boundary"
rule = "capitals"
candidates = "scored"
scorers = ["link_mass:aligned", "letters"]
weight = 0.2

[[scorer]]
type = "term_consistency"
candidates = "scored"
weight = 0.2

[project]
min_score = 0.3
candidates_per_entity = "<= 1"
label_consistency = 0.6

[combine]
method = "joint"
min_score = 0.1
min_support = 0.2

[export]
on_low_score = "label"
min_score = 0.1
"""


@pytest.fixture(scope="module")
def corpora(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("corpora")
    engine = connect(str(folder / "corpora.db"), create=True)
    schema.upgrade(engine)
    engine.dispose()
    with open_database(str(folder / "corpora.db")) as database:
        import_corpora(database, folder)
        yield database


@pytest.mark.parametrize("name", CASES)
def test_a_translated_recipe_plans_the_same_steps(
    corpora: Database, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    pretend_models(monkeypatch)
    loaded = parse_recipe(CASES[name]["recipe"])
    plan = plan_recipe(corpora, loaded)
    assert [f"{stage.spec.kind} {stage.spec.digest}" for stage in plan.stages] == CASES[name]["steps"]
    again = plan_recipe(corpora, LoadedRecipe.of(Recipe.from_toml(loaded.recipe.to_toml())))
    assert [stage.spec for stage in again.stages] == [stage.spec for stage in plan.stages]


@pytest.fixture
def older(tmp_path: Path) -> Path:
    """A database that commit 6edc96b has made, with a run and an export, upgraded."""
    path = tmp_path / "older.db"
    with sqlite3.connect(path) as connection:
        connection.executescript((DATA / "before_the_words.sql").read_text(encoding="utf-8"))
    connection.close()
    engine = connect(str(path))
    schema.upgrade(engine)
    engine.dispose()
    return path


def test_an_older_database_has_nothing_to_do_for_the_translated_recipe(older: Path) -> None:
    with open_database(str(older)) as database:
        plan = plan_recipe(database, parse_recipe(RECIPE))
        previews = preview_plan(database, plan)
        assert len(previews) == 11
        assert [(preview.is_stored, preview.pending) for preview in previews] == [(True, 0)] * 11
        assert run_plan(database, plan).done == 0


def test_an_older_database_is_explained_in_todays_words(older: Path, run_cli: RunCli) -> None:
    shown = run_cli("--db", str(older), "explain", "news/de/test-1")
    assert shown.code == 0, shown.stderr
    assert "score:link_mass:aligned" in shown.stdout
    assert "label_consistency 0.6" in shown.stdout
    assert "soft:aligned" not in shown.stdout


def test_an_older_recipe_is_told_todays_words(older: Path, run_cli: RunCli, tmp_path: Path) -> None:
    refused = run_cli("--db", str(older), "export", "conll", str(tmp_path / "out"))
    assert refused.code == 2
    assert "it is now called on_low_score" in refused.stderr
    (tmp_path / "old.toml").write_text(RECIPE, encoding="utf-8")
    assert run_cli("--db", str(older), "run", str(tmp_path / "old.toml")).code == 0
    assert run_cli("--db", str(older), "export", "conll", str(tmp_path / "out")).code == 0

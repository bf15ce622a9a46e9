"""Other recipes as sources: several methods, aligners and taggers vote on one sentence."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import plan_of
from several_sample import FIRST, combined_plan, consensus, count_votes, import_part

from xprojdb.db import Database
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.planning.planner import Plan
from xprojdb.planning.store import load_plan
from xprojdb.provenance.explain import explain_sentence

ENGLISH = 'source = ["en"]\ntarget = ["de"]'


@pytest.fixture
def news(database: Database, write_conll: Callable[..., Path]) -> Database:
    """Sentences in several languages; the recipe ``other`` projects from English by the reference's heuristic."""
    import_part(database, write_conll, FIRST, "a")
    return database


def _run_other(database: Database, folder: Path) -> Plan:
    plan = plan_of(database, folder, '[project]\nmethod = "heuristic"\npreset = "reference"\n', top=ENGLISH)
    plan.recipe = type(plan.recipe)("other", plan.recipe.digest, plan.recipe.text)
    run_plan(database, plan)
    return plan


@pytest.mark.slow
def test_two_methods_vote_on_one_language(news: Database, tmp_path: Path) -> None:
    _run_other(news, tmp_path)
    plan = combined_plan(news, tmp_path, 'method = "majority"\nrecipes = ["other"]', top=ENGLISH)
    (result,) = plan.consensuses
    assert result.sources == ("en", "en@other")
    run_plan(news, plan)
    assert all(votes == 2 for counts in count_votes(news, plan).values() for votes in counts)
    assert consensus(news, plan)["a-1"][0][:3] == (0, 2, "PER")


def test_a_vote_tells_its_recipe(news: Database, tmp_path: Path) -> None:
    _run_other(news, tmp_path)
    run_plan(news, combined_plan(news, tmp_path, 'method = "majority"\nrecipes = ["other"]', top=ENGLISH))
    sentence = explain_sentence(news, load_plan(news, "sample"), "news/de/a-1")
    assert sentence.consensus is not None
    votes = sentence.consensus.labels[0].votes
    assert sorted((vote.source, vote.text) for vote in votes) == [("en", "Anna Berg"), ("en@other", "Anna Berg")]


def test_a_recipe_is_no_source_of_its_own_and_an_unknown_one_is_refused(news: Database, tmp_path: Path) -> None:
    for name in ("sample", "nobody"):
        with pytest.raises(UsageError) as caught:
            combined_plan(news, tmp_path, f'method = "majority"\nrecipes = ["{name}"]', top=ENGLISH)
        assert caught.value.name == name

"""A source does not vote through a translation that is too poor."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import outcomes
from several_sample import consensus, import_part, run_combined

from xprojdb.config.errors import RecipeError
from xprojdb.db import Database
from xprojdb.errors import UsageError

Write = Callable[..., Path]
#: Spanish has a number that German lacks in the first sentence, and calls Anna a place
SIDES = {
    "en": ("3 women met Anna/B-PER", "Omar/B-PER left"),
    "de": ("3 Frauen trafen Anna", "Omar ging"),
    "es": ("7 mujeres vieron Anna/B-LOC", "Omar/B-LOC salió"),
}
TOP = 'source = ["en", "es"]\ntarget = ["de"]'
QUALITY = "\n[quality]\nsimilarity = false\n"
LEAST = "min_quality = { numbers = 1.0 }\n"
MAJORITY = 'method = "majority"\n'
JOINT = 'method = "joint"\nweights = "equal"\nmin_support = 0.6\nother_label = 0\n'


@pytest.fixture
def news(sqlite_database: Database, write_conll: Write) -> Database:
    import_part(sqlite_database, write_conll, SIDES, "a")
    return sqlite_database


@pytest.mark.parametrize("method", [MAJORITY, JOINT], ids=["majority", "joint"])
def test_sources_that_disagree_find_no_consensus(news: Database, tmp_path: Path, method: str) -> None:
    plan = run_combined(news, tmp_path, method + QUALITY, top=TOP)
    assert consensus(news, plan) == {}


@pytest.mark.parametrize("method", [MAJORITY, JOINT, 'method = "weighted"\nweights = "learned"\n'])
def test_no_vote_through_a_poor_translation(news: Database, tmp_path: Path, method: str) -> None:
    plan = run_combined(news, tmp_path, method + LEAST + QUALITY, top=TOP)
    assert consensus(news, plan)["a-1"] == [(3, 4, "PER", 1.0)]
    assert {status for status, _ in outcomes(news, "project").values()} == {"ok"}


@pytest.mark.parametrize("method", [MAJORITY, JOINT], ids=["majority", "joint"])
def test_what_was_filtered_is_no_vote_against(news: Database, tmp_path: Path, method: str) -> None:
    plan = run_combined(news, tmp_path, method + QUALITY + LEAST, top=TOP)
    assert consensus(news, plan) == {"a-1": [(3, 4, "PER", 1.0)]}


def test_thresholds_need_scores(news: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        run_combined(news, tmp_path, MAJORITY + LEAST, top=TOP)
    assert raised.value.key == "min_quality"
    with pytest.raises(UsageError):
        run_combined(news, tmp_path, f"{MAJORITY}min_quality = {{ similarity = 0.5 }}\n{QUALITY}", top=TOP)


def test_without_a_consensus_there_is_nothing_to_leave_out(news: Database, tmp_path: Path) -> None:
    with pytest.raises(RecipeError) as raised:
        run_combined(news, tmp_path, LEAST + QUALITY, top=TOP)
    assert raised.value.key == "combine.min_quality"

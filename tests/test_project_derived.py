"""The rule for names that became adjectives, as a setting of both methods."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from projection_sample import english, german, import_sample, labels, outcomes, plan_of
from sqlalchemy import select

from xprojdb.config.recipe import RecipeError
from xprojdb.db import Database
from xprojdb.db.tables import label
from xprojdb.execution.run import run_plan
from xprojdb.provenance.explain import explain_sentence

EN = ("Anna/B-PER visits Turin/B-LOC", "Europe/B-LOC sleeps", "the/B-LOC sea/I-LOC sleeps")
DE = ("anna besucht turiner", "europäisch schläft", "meer meer schläft")
METHODS = {"match": "", "heuristic": 'method = "heuristic"\n'}


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("settings", "places"),
    [
        ("", ["PER", "LOC", "LOC", "LOC"]),
        ('adjective_label = "MISC"', ["PER", "MISC", "MISC", "LOC"]),
        ('adjective_label = "MISC"\nadjective_from = ["PER"]', ["MISC", "LOC", "LOC", "LOC"]),
        ('adjective_label = "drop"', ["PER", "LOC"]),
    ],
    ids=["off", "on", "from persons", "drop"],
)
def test_a_word_in_lower_case_for_a_capitalised_name_has_the_derived_label(
    database: Database, write_conll: Callable[..., Path], tmp_path: Path, method: str, settings: str, places: list[str]
) -> None:
    import_sample(database, write_conll, {"en": EN, "de": DE})
    plan = plan_of(database, tmp_path, f"[project]\n{METHODS[method]}{settings}\n")
    run_plan(database, plan)
    assert [row[3] for row in labels(database)] == places
    result = outcomes(database, "project" if method == "match" else "heuristic")
    founds = [result[item] for item in sorted(result)]
    if "drop" in settings:
        assert founds == [("ok", "derived:1"), ("filtered", "derived:0"), ("ok", None)]
        [projection] = explain_sentence(database, plan, _first_labelled(database)).projections
        assert [entity.reason for entity in projection.entities] == [None, "derived"]
    else:
        assert founds == [("ok", None)] * 3


def _first_labelled(database: Database) -> str:
    with database.read() as connection:
        return str(connection.execute(select(label.c.sentence_id).order_by(label.c.sentence_id)).scalar())


def test_an_absent_rule_is_no_part_of_a_step(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(1), "de": german(1)})
    specs = [
        plan_of(sqlite_database, tmp_path, f"[project]\n{settings}\n").stages[-1].spec
        for settings in (
            "",
            'adjective_label = ""',
            'adjective_from = ["LOC"]',
            'adjective_label = "MISC"',
            'adjective_label = "drop"',
        )
    ]
    assert specs[0] == specs[1] == specs[2]
    assert len({spec.digest for spec in specs}) == 3


def test_a_label_that_the_recipe_does_not_keep_is_refused(
    sqlite_database: Database, write_conll: Callable[..., Path], tmp_path: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(1), "de": german(1)})
    kept = 'source = ["en"]\ntarget = ["de"]\nlabels = ["PER", "LOC"]'
    with pytest.raises(RecipeError) as caught:
        plan_of(sqlite_database, tmp_path, '[project]\nadjective_label = "MISC"\n', top=kept)
    assert caught.value.key == "project.adjective_label"
    for becomes in ("drop", "PER"):
        plan_of(sqlite_database, tmp_path, f'[project]\nadjective_label = "{becomes}"\n', top=kept)

"""Scores of translations: what they measure, and what recipes and exports leave out by them."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from browse_sample import browser
from click.testing import CliRunner
from projection_sample import import_sample, outcomes, plan_of
from rich.console import Console
from sqlalchemy import select
from training_sample import encoder

from xprojdb.api.results.explanation import ExplanationResult
from xprojdb.cli.main import group
from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import parse_recipe
from xprojdb.config.tables.export import ExportTable
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database, schema
from xprojdb.db import tables as t
from xprojdb.errors import UsageError
from xprojdb.execution.run import run_plan
from xprojdb.exports.api import export_dataset
from xprojdb.maintenance.verify import verify
from xprojdb.matching.scores.sentence_similarity import sentence_similarity
from xprojdb.planning.plan import Plan
from xprojdb.planning.planner import plan_recipe
from xprojdb.provenance.explain import explain_sentence
from xprojdb.steps.quality.stage import Quality
from xprojdb.study.samples import Sampler
from xprojdb.text.kept_words import kept_length, kept_names, kept_numbers
from xprojdb.training import states
from xprojdb.training.states import StatesOf

Write = Callable[..., Path]
ENGLISH = ("Anna/B-PER Berg/I-PER sold 12 boats in Turin/B-LOC", "Omar/B-PER left with 7 men", "Nobody saw it")
#: whole; without a number; far too long
GERMAN = (
    "Anna Berg verkaufte 12 Boote in Turin",
    "Omar ging mit einigen Leuten",
    "Niemand hat es gesehen und keiner hat davon erzählt oder es je erfahren",
)


def test_similarity_is_the_mean_of_the_best_cosines() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        left, right = (rng.normal(size=(rng.integers(1, 6), 4)).astype(np.float32) for _ in range(2))
        cosine = [[float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in right] for a in left]
        first = sum(map(max, cosine)) / len(left)
        second = sum(map(max, zip(*cosine, strict=True))) / len(right)
        expected = 2 * first * second / (first + second) if min(first, second) > 0 else 0.0
        assert sentence_similarity(left, right) == pytest.approx(expected, abs=1e-5)
        assert sentence_similarity(left, left) == pytest.approx(1, abs=1e-5)
    assert sentence_similarity(np.zeros((0, 4), np.float32), np.ones((2, 4), np.float32)) == 0
    assert sentence_similarity(np.zeros((2, 4), np.float32), np.ones((2, 4), np.float32)) == 0


@pytest.mark.parametrize(
    ("source", "target", "share"),
    [
        ("in 1,000 days", "in 1.000 Tagen", 1),
        ("in 1000 days", "١٠٠٠ يوم", 1),
        ("in 2000 300 came", "300 kamen 2000", 1),
        ("from 3 to 3", "von 3 an", 0.5),
        ("from 3 to 4", "vier", 0),
        ("never", "in 7 Tagen", 1),
    ],
)
def test_numbers_count_as_often_as_they_occur(source: str, target: str, share: float) -> None:
    assert kept_numbers(source.split(), target.split()) == share


def test_names_may_be_spelled_nearly_alike() -> None:
    assert kept_names(["He", "saw", "Vladimir", "Putin"], ["Er", "sah", "Wladimir", "Putin"]) == 1
    assert kept_names(["He", "saw", "Anna", "in", "Turin"], ["Er", "sah", "Anna"]) == 0.5
    assert kept_names(["Boats", "are", "here"], ["Da", "sind", "sie"]) == 1


def test_the_length_is_that_of_the_shorter_over_that_of_the_longer() -> None:
    assert kept_length(["abc"], ["ab", "cdef"]) == 0.5
    assert kept_length([], []) == 1 and kept_length([], ["a"]) == 0


def test_shares_are_shares_whatever_the_words() -> None:
    signs = random.Random(3)
    for _ in range(300):
        left, right = (
            ["".join(signs.choices("Aa1２,. é世", k=signs.randint(0, 5))) for _ in range(signs.randint(0, 5))]
            for _ in range(2)
        )
        for share in (kept_length(left, right), kept_numbers(left, right), kept_names(left, right)):
            assert 0 <= share <= 1
        assert kept_numbers(left, left) == kept_names(left, left) == 1


def _news(database: Database, write_conll: Write) -> None:
    import_sample(database, write_conll, {"en": ENGLISH, "de": GERMAN})


def _run(database: Database, folder: Path, tables: str) -> Plan:
    plan = plan_of(database, folder, tables)
    run_plan(database, plan)
    return plan


def _shown(result: ExplanationResult) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(result)
    return captured.get()


def _scores(database: Database) -> dict[int, Quality]:
    table = t.translation_score
    columns = (table.c.translation_id, table.c.similarity, table.c.length, table.c.numbers, table.c.names)
    with database.read() as connection:
        return {key: Quality(*scores) for key, *scores in connection.execute(select(*columns))}


def test_every_translation_gets_scores_and_nothing_is_left_out(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _news(database, write_conll)
    plan = _run(database, tmp_path, f'[quality]\nencoder = "{encoder(tmp_path)}"\nlayer = 1\n')
    first, second, third = (_scores(database)[key] for key in (1, 2, 3))
    assert [scores.numbers for scores in (first, second, third)] == [1, 0, 1]
    assert first.names == 1 and third.length < 0.3
    assert all(scores.similarity is not None and 0 < scores.similarity <= 1 for scores in (first, second, third))
    assert {status for status, _ in outcomes(database, "project").values()} == {"ok", "empty"}
    assert not any(check.count for check in verify(database).checks)
    (projection,) = explain_sentence(database, plan, "news/de/all-2").projections
    assert projection.quality == second
    assert "quality" in {step.kind for step in projection.made_by}
    assert "numbers 0.00" in _shown(ExplanationResult(explain_sentence(database, plan, "news/de/all-2")))


def test_the_vectors_of_the_aligner_are_handed_over(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _news(sqlite_database, write_conll)
    head = 'name = "n"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n[[scorer]]\n'
    model = f'[align]\nmodel = "{encoder(tmp_path)}"\nlayer = 2\n'
    run_plan(sqlite_database, plan_recipe(sqlite_database, parse_recipe(f"{head}{model}[quality]\nlayer = 1\n")))
    apart = _scores(sqlite_database)[1].similarity

    def refused(_what: StatesOf) -> None:
        raise AssertionError("the encoder is loaded a second time")

    monkeypatch.setattr(states, "load_encoder", refused)
    same = model.replace("layer = 2", "layer = 1")
    plan = plan_recipe(sqlite_database, parse_recipe(f"{head}{same}[quality]\nlayer = 1\n"))
    assert run_plan(sqlite_database, plan).failed == 0
    with sqlite_database.read() as connection:
        own = t.translation_score.c.translation_id == 1
        values = connection.execute(select(t.translation_score.c.similarity).where(own))
        assert values.scalars().all() == [apart, apart]


def test_a_database_that_was_at_an_older_revision_scores_translations_again(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _news(database, write_conll)
    table = "[quality]\nsimilarity = false\n"
    _run(database, tmp_path, table)
    before = _scores(database)
    schema.downgrade(database.engine, "0015")
    schema.upgrade(database.engine)
    assert not _scores(database)
    assert not any(check.count for check in verify(database).checks)
    _run(database, tmp_path, table)
    assert _scores(database) == before


def test_nothing_is_projected_through_a_poor_translation(
    database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _news(database, write_conll)
    _run(database, tmp_path, "[quality]\nsimilarity = false\nmin_quality = { numbers = 1.0, length = 0.5 }\n")
    assert outcomes(database, "project") == {
        1: ("ok", None),
        2: ("filtered", "quality:numbers=0.000"),
        3: ("filtered", f"quality:length={_scores(database)[3].length:.3f}"),
    }
    assert all(scores.similarity is None for scores in _scores(database).values())
    assert not any(check.count for check in verify(database).checks)


@pytest.mark.parametrize("method", ["match", "heuristic"])
def test_each_method_leaves_out_the_same(
    sqlite_database: Database, write_conll: Write, tmp_path: Path, method: str
) -> None:
    _news(sqlite_database, write_conll)
    tables = f'[project]\nmethod = "{method}"\n[quality]\nsimilarity = false\nmin_quality = {{ numbers = 1.0 }}\n'
    _run(sqlite_database, tmp_path, tables)
    kind = "project" if method == "match" else "heuristic"
    assert [status for status, _ in outcomes(sqlite_database, kind).values()] == ["ok", "filtered", "empty"]


def test_an_export_chooses_by_scores_and_its_card_says_so(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _news(sqlite_database, write_conll)
    plan = _run(sqlite_database, tmp_path, "[quality]\nsimilarity = false\n")
    report = export_dataset(sqlite_database, plan, tmp_path / "hf", table=ExportTable(min_quality={"numbers": 1.0}))
    assert report.removed == {"min_quality": 1}
    card = (tmp_path / "hf" / "README.md").read_text(encoding="utf-8")
    assert "Translations reach these scores: numbers=1." in card
    assert "**quality**: Translations were scored" in card
    assert "| en → de | 3 | – | " in card


def test_a_consensus_needs_one_good_translation(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    _news(sqlite_database, write_conll)
    plan = _run(sqlite_database, tmp_path, '[quality]\nsimilarity = false\n[combine]\nmethod = "majority"\n')
    report = export_dataset(sqlite_database, plan, tmp_path / "hf", table=ExportTable(min_quality={"numbers": 1.0}))
    assert report.removed == {"min_quality": 1}


def test_a_recipe_without_scores_has_nothing_to_choose_by(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _news(sqlite_database, write_conll)
    plan = _run(sqlite_database, tmp_path, "")
    with pytest.raises(UsageError) as raised:
        export_dataset(sqlite_database, plan, tmp_path / "hf", table=ExportTable(min_quality={"length": 0.5}))
    assert raised.value.fields["key"] == "min_quality"
    plan = _run(sqlite_database, tmp_path, "[quality]\nsimilarity = false\n")
    with pytest.raises(UsageError):
        export_dataset(sqlite_database, plan, tmp_path / "hf", table=ExportTable(min_quality={"similarity": 0.5}))


def test_a_training_set_leaves_poor_translations_out(
    sqlite_database: Database, write_conll: Write, tmp_path: Path
) -> None:
    _news(sqlite_database, write_conll)
    plan = _run(sqlite_database, tmp_path, "[quality]\nsimilarity = false\n")
    train = {"from": plan.recipe.name, "min_quality": {"numbers": 1.0}}
    recipe = LoadedTraining.of(TrainingRecipe(name="tiny", corpora=["news"], train=train)).recipe
    sample = Sampler(sqlite_database, recipe).draw("de", None, "sentences", 0)
    assert len(sample.items) == 2
    assert sample.spec.params["chosen"] == {"min_quality": {"numbers": 1.0}}


@pytest.mark.parametrize(
    "table",
    [
        "similarity = false\nmin_quality = { similarity = 0.5 }",
        "min_quality = { beauty = 1.0 }",
        "min_quality = { names = 2 }",
    ],
)
def test_thresholds_are_of_scores_that_are_computed(table: str) -> None:
    with pytest.raises(RecipeError):
        parse_recipe(f'name = "n"\ncorpora = ["c"]\nsource = ["en"]\ntarget = ["de"]\n[quality]\n{table}\n')


def test_the_page_of_a_sentence_shows_the_scores(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    _news(sqlite_database, write_conll)
    _run(sqlite_database, tmp_path, "[quality]\nsimilarity = false\n")
    page = browser(sqlite_database).get("/sentence/news/de/all-2").text
    assert "scores of the translation: length 0.67, numbers 0.00, names 1.00" in page


def test_the_option_of_exports(sqlite_database: Database, write_conll: Write, tmp_path: Path) -> None:
    _news(sqlite_database, write_conll)
    plan = _run(sqlite_database, tmp_path, "[quality]\nsimilarity = false\n")
    arguments = ["--db", sqlite_database.url, "export", "hf", str(tmp_path / "out")]
    result = CliRunner().invoke(group, [*arguments, "--recipe", plan.recipe.name, "--min-quality", "numbers=1"])
    assert result.exit_code == 0, result.output
    assert "min_quality removed 1" in result.output

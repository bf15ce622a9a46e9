"""Training: what is refused, and what is told of a training that did not come to its end."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from training_sample import import_languages, import_sample_of_dates, rows, train, train_toml, zero

from xprojdb.api.results.training import TrainResult
from xprojdb.config.errors import RecipeError
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import ModelError, UsageError
from xprojdb.study.train import train_model

pytestmark = pytest.mark.slow

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> None:
    """Models that are trained here are kept for one test."""


@pytest.fixture
def news(database: Database, write_conll: Write) -> Database:
    import_languages(database, write_conll, "en", "de", "es")
    return database


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ('dev = "test"', "train.dev"),
        ('dev = "train"', "train.dev"),
        ("min_score = 0.5", "train.min_score"),
        ('weight = "score"', "train.weight"),
        ("soft = true", "train.soft"),
        ('from = "x"\nweight = "score"\nsoft = true\nsmoothing = 0.1', "train.soft"),
        ('arm = "centre"', "train.arm"),
        ("step = 5", "train.step"),
        ("steps = 0", "train.steps"),
        ('from = "gold"\nfrom_ = 1', "train.from_"),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_key(table: str, key: str) -> None:
    with pytest.raises(RecipeError) as refused:
        TrainingRecipe.from_toml(f'name = "x"\ncorpora = ["news"]\n[train]\n{table}\n')
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("table", "field", "value"),
    [
        ('languages = ["fr"]', "reason", "no-labels"),
        ('languages = ["en"]\nsplits = ["other"]', "reason", "no-entities"),
        ('from = "nothing"\nlanguages = ["en"]', "name", "nothing"),
    ],
)
def test_nothing_to_learn_from_is_told(news: Database, tmp_path: Path, table: str, field: str, value: str) -> None:
    with pytest.raises(UsageError) as refused:
        train(news, tmp_path, table)
    assert value in (refused.value.fields.get(field), refused.value.fields.get("reason"), "no-entities")
    assert rows(news, t.model) == 0


def test_a_split_that_a_language_does_not_have_is_answered_with_those_it_has(news: Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        train(news, tmp_path, 'languages = ["en"]\nsplits = ["dev"]')
    assert (refused.value.reason, refused.value.splits) == ("no-labels", ("test", "train", "validation"))
    assert "test, train, validation" in refused.value.hint
    with pytest.raises(UsageError) as refused:
        train(news, tmp_path, 'languages = ["en"]', top='labels = ["PERS"]')
    assert refused.value.reason == "no-entities" and "only PERS" in refused.value.hint


def test_a_training_that_failed_says_why(news: Database, tmp_path: Path) -> None:
    text = train_toml(tmp_path, 'languages = ["en"]').replace("rate = 0.05", "rate = 1e9")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = train_model(news, LoadedTraining(TrainingRecipe.from_toml(text), text))
    assert report.sha256 is None and report.problem.startswith("the loss is")
    console = Console(width=200)
    with console.capture() as capture:
        console.print(TrainResult(report))
    shown = capture.get()
    assert report.problem in shown and "status --failed" in shown
    with pytest.raises(ModelError) as refused:
        zero(news)
    assert refused.value.reason == "untrained" and "status --failed" in refused.value.hint
    # Once more says it again, and tries nothing.
    assert train_model(news, LoadedTraining(TrainingRecipe.from_toml(text), text)).problem == report.problem


def test_languages_with_different_labels_are_refused_unless_the_recipe_says_which(
    news: Database, write_conll: Write, tmp_path: Path
) -> None:
    import_sample_of_dates(news, write_conll)
    with pytest.raises(UsageError) as refused:
        train(news, tmp_path, 'languages = ["en", "fr"]')
    assert (refused.value.reason, refused.value.common) == ("labels-differ", ("LOC", "PER"))
    assert train(news, tmp_path, 'languages = ["en", "fr"]', top='labels = ["PER", "LOC"]').sha256 is not None

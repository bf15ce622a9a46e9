"""Training: what is learned from is a step's own rows, the model is another's, and a tagger of recipes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import pytest
from projection_sample import english, german, import_sample, plan_of
from sqlalchemy import delete, func, select, update
from training_sample import ZERO, encoder, import_languages, lines, rows, train, train_toml, zero

import xprojdb
from xprojdb.config.recipe import parse_recipe
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import GroundMoved, ModelError, UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.execution.status.database import read_status
from xprojdb.importing.files import corpus_file
from xprojdb.maintenance.corpus_deletion import delete_corpus
from xprojdb.maintenance.database_copy import copy_database
from xprojdb.maintenance.errata.replacement import replace_file
from xprojdb.maintenance.garbage_collection import find_garbage, free_garbage
from xprojdb.maintenance.verify import verify
from xprojdb.planning.planner import plan_recipe
from xprojdb.planning.store import load_plan
from xprojdb.steps.registry import stage_of
from xprojdb.steps.spec import load_spec
from xprojdb.steps.train.items import read_sample
from xprojdb.steps.train.stage import Train, TrainedBefore
from xprojdb.study.train import train_model
from xprojdb.training.errors import DamagedModel, TrainingError

pytestmark = pytest.mark.slow

Write = Callable[..., Path]


@pytest.fixture(autouse=True)
def cache(own_cache: Path) -> None:
    """Models that are trained here are kept for one test."""


@pytest.fixture
def news(database: Database, write_conll: Write) -> Database:
    import_languages(database, write_conll, "en", "de", "es")
    return database


def test_a_model_is_trained_and_tags_a_language_it_has_not_seen(news: Database, tmp_path: Path) -> None:
    report = train(news, tmp_path)
    assert report.samples["en"] == {"sentences": 12, "words": 72, "entities": 24}
    assert report.sha256 is not None and report.measures["losses"][0] > report.measures["losses"][-1]
    (scored,) = evaluate_projections(news, zero(news).labellings, resamples=10)
    assert scored.labels["PER"][0].f1 > 0.9
    assert [check.examples for check in verify(news).checks if check.count] == []


def test_a_second_time_nothing_is_trained(news: Database, tmp_path: Path, row_counts) -> None:
    train(news, tmp_path)
    before = row_counts(news)
    again = train(news, tmp_path)
    assert again.run.run_id is None and again.sha256 is not None
    assert row_counts(news) == before


def test_new_labels_or_another_setting_make_a_model_beside_the_old_one(
    news: Database, write_conll: Write, tmp_path: Path
) -> None:
    first = train(news, tmp_path)
    assert train(news, tmp_path, 'languages = ["en", "de"]', "seed = 1").digest != first.digest
    import_languages(news, write_conll, "en", corpus="news", count=12)
    assert train(news, tmp_path).digest == first.digest
    with news.write() as connection:
        connection.execute(
            update(t.entity).where(t.entity.c.label == "LOC", t.entity.c.sentence_id == 1).values(label="PER")
        )
    assert train(news, tmp_path).digest != first.digest
    assert rows(news, t.model) == 3


def test_the_digest_is_that_of_what_is_learned_from(news: Database, tmp_path: Path, write_conll: Write) -> None:
    digest = train(news, tmp_path).digest
    with xprojdb.open(tmp_path / "other.db", create=True) as other:
        import_languages(other.store, write_conll, "fr", corpus="more")
        import_languages(other.store, write_conll, "es", "de", "en")
        text = train_toml(tmp_path, 'languages = ["en", "de"]')
        # The order of import gives other keys and other sentences to each language.
        assert other.train(TrainingRecipe.from_toml(text)).report.digest != digest
    with xprojdb.open(tmp_path / "same.db", create=True) as same:
        import_languages(same.store, write_conll, "fr", corpus="more")
        import_languages(same.store, write_conll, "en", "de", "es")
        assert same.train(TrainingRecipe.from_toml(text)).report.digest == digest


def test_a_larger_budget_holds_the_smaller_one(news: Database, tmp_path: Path) -> None:
    chosen = []
    for budget in (3, 5, 9):
        report = train(news, tmp_path, 'languages = ["en"]', f"budget = {budget}", steps=2)
        assert report.samples["en"]["sentences"] == budget
        with news.read() as connection:
            newest = connection.execute(select(func.max(t.training_item.c.sample_id))).scalar_one()
            query = select(t.training_item.c.sentence_id).where(t.training_item.c.sample_id == newest)
            chosen.append(set(connection.execute(query).scalars()))
    assert chosen[0] < chosen[1] < chosen[2]


@pytest.mark.parametrize(("unit", "sentences"), [("entities", 2), ("words", 0)])
def test_budgets_in_entities_and_words(news: Database, tmp_path: Path, unit: str, sentences: int) -> None:
    budget = ('languages = ["en"]', "budget = 5", f'unit = "{unit}"')
    if not sentences:
        with pytest.raises(UsageError) as refused:
            train(news, tmp_path, *budget)
        assert refused.value.reason == "no-labels"
        return
    report = train(news, tmp_path, *budget, steps=2)
    assert report.samples["en"] == {"sentences": 2, "words": 12, "entities": 4}


def test_a_budget_that_is_not_filled_is_told(news: Database, tmp_path: Path) -> None:
    assert any(
        "en has 12 sentences" in note for note in train(news, tmp_path, 'languages = ["en"]', "budget = 50").notes
    )


def test_the_step_is_chosen_on_the_dev_split(news: Database, tmp_path: Path) -> None:
    report = train(news, tmp_path, 'languages = ["en"]', 'dev = "validation"', "dev_every = 5", steps=40)
    curve = {int(step): value for step, value in report.measures["dev"].items()}
    assert report.steps == min(step for step, value in curve.items() if value == max(curve.values()))
    assert sorted(curve) == list(range(5, 41, 5))


def test_a_recipe_made_in_python_says_the_same_as_its_text() -> None:
    recipe = TrainingRecipe(name="x", corpora=["news"], labels=["PER"], train={"from": "other", "languages": ["swa"]})
    assert recipe.train.source == "other" and recipe.train.languages == ("sw",)
    assert TrainingRecipe.from_toml(recipe.to_toml()).digest == recipe.digest


def test_it_learns_from_what_a_recipe_has_projected(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(30), "de": german(30)})
    plan = plan_of(database, tmp_path, "")
    run_plan(database, plan)
    name = plan.recipe.name
    options = (f'from = "{name}"', 'languages = ["de"]', "splits = []", 'weight = "score"')
    report = train(database, tmp_path, *options, steps=5)
    assert load_plan(database).recipe.name == name, "a training is no recipe to evaluate"
    assert report.samples["de"]["sentences"] == 30 and report.samples["de"]["entities"] > 20
    with database.read() as connection:
        (sample,) = connection.execute(select(t.step.c.id).where(t.step.c.kind == "sample")).scalars()
        assert [spec.kind for spec in load_spec(connection, sample).inputs.values()] == ["project"]
    with database.write() as connection:
        connection.execute(update(t.label).where(t.label.c.label == "LOC").values(score=0.3))
    strict = train(database, tmp_path, *options, "min_score = 0.4", 'on_low_score = "label"', steps=5)
    assert strict.samples["de"] == {**report.samples["de"], "entities": strict.samples["de"]["entities"]}
    assert strict.samples["de"]["entities"] < report.samples["de"]["entities"]
    assert strict.digest != report.digest
    assert [check.examples for check in verify(database).checks if check.count] == []


class Known:
    """What was learned of labels: half of LOC is right, of others as many as their margin says."""

    measure = "margin"
    points: ClassVar = {"": ([0.0, 1.0], [0.0, 1.0]), "LOC": ([0.0, 1.0], [0.5, 0.5])}

    def calibration(self, _connection, _step_id: int, lang: str) -> Known | None:
        return self if lang == "de" else None


def test_projected_labels_are_as_sure_as_was_learned(database: Database, write_conll: Write, tmp_path: Path) -> None:
    import_sample(database, write_conll, {"en": english(30), "de": german(30)})
    plan = plan_of(database, tmp_path, "")
    run_plan(database, plan)
    options = (f'from = "{plan.recipe.name}"', 'languages = ["de"]', "splits = []")
    sure = train(database, tmp_path, *options, 'weight = "score"', steps=5)
    with pytest.raises(UsageError) as refused:
        train(database, tmp_path, *options, 'weight = "probability"', steps=5)
    assert (refused.value.reason, refused.value.lang) == ("not-calibrated", "de")
    text = train_toml(tmp_path, *options, 'weight = "probability"', steps=5)
    loaded = LoadedTraining(TrainingRecipe.from_toml(text), text)
    report = train_model(database, loaded, references=Known())
    soft = text + "soft = true\n"
    softly = train_model(database, LoadedTraining(TrainingRecipe.from_toml(soft), soft), references=Known())
    assert len({sure.sha256, report.sha256, softly.sha256}) == 3
    with database.read() as connection:
        samples = {row.id: load_spec(connection, row.id) for row in connection.execute(SAMPLES)}
        key, spec = next((key, spec) for key, spec in samples.items() if "probabilities" in spec.params)
        margins = dict(connection.execute(select(t.label.c.margin, t.label.c.label)).all())
        found = {
            (span.label, round(score, 9))
            for example in read_sample(connection, key, spec)
            for span, score in zip(example.spans, example.scores, strict=True)
        }
    assert found == {(label, 0.5 if label == "LOC" else round(margin, 9)) for margin, label in margins.items()}


SAMPLES = select(t.step.c.id).where(t.step.c.kind == "sample")


def test_a_model_that_is_not_there_is_told(news: Database, tmp_path: Path) -> None:
    with pytest.raises(ModelError) as refused:
        zero(news)
    assert (refused.value.reason, refused.value.known) == ("unknown", ())
    report = train(news, tmp_path)
    with pytest.raises(ModelError) as refused:
        zero(news, "tinny")
    assert refused.value.known == ("tiny",)
    zero(news, report.digest[:8])
    with news.write() as connection:
        connection.execute(delete(t.model))
    with pytest.raises(ModelError) as refused:
        zero(news)
    assert refused.value.reason == "untrained"


def test_changed_weights_tag_nothing(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    with news.write() as connection:
        connection.execute(update(t.model).values(sha256="0" * 64))
    with pytest.raises(DamagedModel) as refused:
        zero(news)
    assert refused.value.reason == "digest"


def test_a_model_of_an_earlier_version_tags_and_is_not_trained_again(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Train, "version", 1)
    first = train(news, tmp_path)
    monkeypatch.undo()
    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))
    zero(news)
    assert read_status(news).recipes
    with news.read() as connection:
        key = connection.execute(select(t.model.c.step_id)).scalar_one()
        spec = load_spec(connection, key)
        assert isinstance(stage_of(spec), TrainedBefore)
    second = train(news, tmp_path)
    assert second.digest != first.digest and rows(news, t.model) == 2
    with news.write() as connection:
        connection.execute(delete(t.model))
        stage = stage_of(spec)
        with pytest.raises(TrainingError):
            stage.process(connection, [key])


def test_a_tagger_keeps_probabilities_when_asked(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    text = ZERO.format(model="tiny").replace("[combine]", "keep_probabilities = true\n[combine]")
    run_plan(news, plan_recipe(news, parse_recipe(text)))
    assert rows(news, t.word_score) == 8
    with news.read() as connection:
        (params,) = connection.execute(select(t.step.c.params).where(t.step.c.kind == "tag")).scalars()
    assert json.loads(params)["labels"] == ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def test_models_that_nothing_names_are_freed_with_their_samples(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    train(news, tmp_path, 'languages = ["en"]')
    zero(news)
    assert len(find_garbage(news).steps) == 2
    free_garbage(news)
    assert (rows(news, t.model), rows(news, t.training_item)) == (1, 12)
    free_garbage(news, without=["tiny", "zero"])
    assert (rows(news, t.model), rows(news, t.training_item)) == (0, 0)
    assert [check.examples for check in verify(news).checks if check.count] == []


def test_a_deleted_corpus_takes_its_sentences_out_of_training_sets(news: Database, tmp_path: Path) -> None:
    train(news, tmp_path)
    delete_corpus(news, "news")
    assert (rows(news, t.training_item), rows(news, t.model)) == (0, 1)
    assert [check.examples for check in verify(news).checks if check.count] == []


def test_a_copy_has_its_models(news: Database, tmp_path: Path, address: str) -> None:
    train(news, tmp_path)
    copy_database(address, tmp_path / "copy.db")
    with xprojdb.open(tmp_path / "copy.db") as copy:
        zero(copy.store)
        assert rows(copy.store, t.model) == 1


def test_the_command(run_cli, write_conll: Write, tmp_path: Path) -> None:
    path = tmp_path / "xprojdb.db"
    with xprojdb.open(path, create=True) as database:
        import_languages(database.store, write_conll, "en", "es")
    (tmp_path / "tiny.toml").write_text(train_toml(tmp_path, 'languages = ["en"]'), encoding="utf-8")
    (tmp_path / "zero.toml").write_text(ZERO.format(model="tiny"), encoding="utf-8")
    assert encoder(tmp_path).exists()
    done = run_cli("train", "tiny.toml", "--json")
    assert done.code == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["name"], answer["samples"]["en"]["sentences"]) == ("tiny", 12)
    again = run_cli("train", "tiny.toml")
    assert "nothing to do" in again.stdout
    assert run_cli("run", "zero.toml").code == 0
    exported = run_cli("export", "conll", "out", "--recipe", "zero")
    assert exported.code == 0, exported.stderr
    wrong = run_cli("train", "none.toml")
    assert (wrong.code, len(wrong.stderr.splitlines())) == (2, 2)


def test_a_set_that_lost_a_sentence_before_it_was_learned_makes_no_model(
    database: Database, write_conll: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step names its set by a digest: another model under it would be that of no order of the two commands."""
    import_languages(database, write_conll, "en")
    first, *others = lines(0, 12)
    corrected = write_conll("corrected.conll", f"{first} today", *others)
    text = train_toml(tmp_path, 'languages = ["en"]', steps=5)
    loaded = LoadedTraining(TrainingRecipe.from_toml(text), text)
    prepare = xprojdb.study.train.prepare_words

    def replaced(*what: Any) -> None:
        monkeypatch.undo()
        monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))
        with database.read() as connection:
            part = connection.execute(select(t.source_file.c.part).where(t.source_file.c.sentences == 12)).scalar_one()
        file = corpus_file(corrected, "en", form="conll", part=part, split="train")
        assert replace_file(database, "news", file).replaced == 1
        prepare(*what)

    monkeypatch.setattr("xprojdb.study.train.prepare_words", replaced)
    with pytest.raises(GroundMoved) as caught:
        train_model(database, loaded)
    assert caught.value.lang == "en"
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(t.model)).scalar_one() == 0
        assert connection.execute(select(func.count()).select_from(t.failure)).scalar_one() == 0
    train_model(database, loaded)
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(t.model)).scalar_one() == 1
    assert verify(database).damage == 0

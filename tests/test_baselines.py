"""Self-training in rounds, the mean of several models, and the table of baselines: every part is a step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select
from training_sample import encoder, lines

import xprojdb
from xprojdb.config.errors import RecipeError
from xprojdb.config.training import TrainingRecipe
from xprojdb.db import tables as t
from xprojdb.errors import ModelError, UsageError
from xprojdb.importing.files import CorpusInfo, corpus_file, import_files
from xprojdb.steps.train.tagger import AveragedTagger, TrainedTagger
from xprojdb.training.head import Head

pytestmark = pytest.mark.slow

Write = Callable[..., Path]
PROJECT: dict[str, Any] = {
    "name": "names",
    "corpora": ["news"],
    "source": ["en"],
    "target": ["de", "es"],
    "align": {"aligner": "equal_words", "words": "all"},
    "project": {"weights": "scorers"},
}


@pytest.fixture
def news(tmp_path: Path, write_conll: Write, own_cache: Path) -> Any:  # noqa: ARG001
    """English sentences with gold labels, and two translations that have some, too."""
    with xprojdb.open(tmp_path / "news.db", create=True) as database:
        for split, first, count in (("train", 0, 10), ("test", 7, 6)):
            files = [
                corpus_file(
                    write_conll(f"{split}.{lang}.conll", *lines(first, count)),
                    lang,
                    form="conll",
                    split=split,
                    part=split,
                )
                for lang in ("en", "de", "es")
            ]
            import_files(database.store, CorpusInfo("news"), files, parallel=True)
        database.run(xprojdb.Recipe(**PROJECT))
        yield database


def recipe(folder: Path, **tables: Any) -> TrainingRecipe:
    train = {"from": "names", "encoder": str(encoder(folder)), "layer": 0, "steps": 40, "batch": 64, "hidden": 16}
    train |= {"rate": 0.05, "dropout": 0.0, **tables.pop("train", {})}
    return TrainingRecipe(**{"name": "tiny", "corpora": ["news"], "train": train, **tables})


def models(database: xprojdb.Database) -> int:
    with database.store.read() as connection:
        return int(connection.execute(select(func.count()).select_from(t.model)).scalar_one())


def test_self_training_ends_when_labels_no_longer_change(news: xprojdb.Database, tmp_path: Path) -> None:
    chosen = recipe(tmp_path, train={"languages": ["de"]}, self_train={"rounds": 4, "agreement": 0.9})
    trained = news.train(chosen)
    assert trained.rounds is not None and trained.rounds.settled is not None
    assert len(trained.rounds.rounds) < 4
    assert trained.report.digest == trained.rounds.rounds[-1].digest
    with news.store.read() as connection:
        kinds = connection.execute(select(t.step.c.kind)).scalars().all()
    assert {"train", "tag", "combine", "sample", "project"} <= set(kinds)
    count = models(news)
    again = news.train(chosen)
    assert again.report.digest == trained.report.digest and again.report.run.run_id is None
    assert again.to_json()["rounds"] == trained.to_json()["rounds"] and models(news) == count


def test_self_training_ends_after_its_rounds(news: xprojdb.Database, tmp_path: Path) -> None:
    chosen = recipe(
        tmp_path, train={"languages": ["de"], "steps": 2}, self_train={"rounds": 1, "agreement": 1, "min_support": 0.0}
    )
    trained = news.train(chosen)
    assert trained.rounds is not None and trained.rounds.settled is None
    assert [entry.labels for entry in trained.rounds.rounds] == ["names", "tiny-labels-1"]
    assert trained.rounds.rounds[1].agreement is not None and trained.rounds.rounds[1].agreement < 1


def test_all_baselines_on_the_same_sentences(news: xprojdb.Database, tmp_path: Path) -> None:
    chosen = recipe(tmp_path, baselines={}, self_train={"rounds": 1})
    result = news.baselines(chosen)
    rows = result.to_dict()
    assert {row["method"] for row in rows} == {
        "projection", "translate-train", "self-training", "transfer", "mean", "votes", "supervised"
    }  # fmt: skip
    assert {row["sentences"] for row in rows} == {6} and {row["lang"] for row in rows} == {"de", "es"}
    assert all(row["low"] <= row["f1"] <= row["high"] for row in rows)
    projection = {row["lang"]: row["f1"] for row in rows if row["method"] == "projection"}
    for row in rows:
        if row["method"] != "projection":
            assert row["less_first"] == pytest.approx(row["f1"] - projection[row["lang"]])
    assert news.evaluate("tiny-transfer").to_dict()
    count = models(news)
    assert news.baselines(chosen).to_dict() == rows and models(news) == count


def test_recipes_that_have_been_run_are_rows_too(news: xprojdb.Database, tmp_path: Path) -> None:
    news.run(xprojdb.Recipe(**{**PROJECT, "name": "translate-test"}))
    table = {"methods": ["projection", "translate-train"], "others": {"translate-test": "translate-test"}}
    report = news.baselines(recipe(tmp_path, baselines=table)).report
    assert list(report.recipes) == ["projection", "translate-train", "translate-test"]
    assert report.comparison is not None and len(report.comparison.methods) == 3
    with pytest.raises(UsageError) as refused:
        news.baselines(recipe(tmp_path, baselines={**table, "others": {"more": "nothing"}}))
    assert refused.value.name == "nothing"
    with pytest.raises(RecipeError) as taken:
        recipe(tmp_path, baselines={**table, "others": {"votes": "names"}})
    assert taken.value.key == "baselines.others"


def test_translate_test_reads_what_a_machine_made_of_the_targets(news: xprojdb.Database, tmp_path: Path) -> None:
    gold = recipe(tmp_path, name="english", train={"from": "gold", "languages": ["en"]})
    news.train(gold)
    tagged = {"tag": {"models": {"en": "trained:english"}}, "vote": {"taggers": []}}
    news.run(xprojdb.Recipe(**{**PROJECT, **tagged, "name": "tagged"}))
    out, back = tmp_path / "out.tsv", tmp_path / "back.tsv"
    news.export_text(out, corpus="news", lang="de")
    # A machine that translates all sentences but one, and adds a word: a copy would be no translation.
    head, *rows = out.read_text(encoding="utf-8").splitlines()
    back.write_text("\n".join([head, *(f"{row} today" for row in rows[:-1])]) + "\n", encoding="utf-8")
    assert news.import_translations(back, name="mt", source="de", lang="en").report.added == len(rows) - 1
    table = {"methods": ["projection", "translate-test", "supervised"], "targets": ["de"]}
    chosen = recipe(tmp_path, train={"from": "tagged"}, baselines={**table, "translator": "imported:mt"})
    result = news.baselines(chosen)
    assert result.report.recipes["translate-test"] == "tiny-translate-test"
    found = {row["method"]: row for row in result.to_dict()}
    assert found["translate-test"]["sentences"] == found["projection"]["sentences"] == 5
    assert found["translate-test"]["f1"] == pytest.approx(found["projection"]["f1"])
    explained = json.dumps(news.explain("news/de/test-1", recipe="tiny-translate-test").to_json())
    assert "machine" in explained and "machine" not in json.dumps(
        news.explain("news/de/test-1", recipe="tagged").to_json()
    )


@pytest.mark.parametrize(
    ("table", "why"),
    [({}, "no translator is named"), ({"translator": "imported:mt"}, "the recipe names has no tagger")],
)
def test_translate_test_is_left_out_without_a_translator_or_a_tagger(
    news: xprojdb.Database, tmp_path: Path, table: dict[str, Any], why: str
) -> None:
    methods = {"methods": ["projection", "translate-test", "supervised"], "targets": ["de"]}
    result = news.baselines(recipe(tmp_path, baselines={**methods, **table}))
    assert list(result.report.recipes) == ["projection", "supervised"]
    assert why in result.report.left_out["translate-test"]


def test_a_row_of_others_may_be_translate_test_where_the_table_has_none(tmp_path: Path) -> None:
    others = {"others": {"translate-test": "back"}}
    assert recipe(tmp_path, baselines=others).baselines is not None
    with pytest.raises(RecipeError) as taken:
        recipe(tmp_path, baselines={**others, "translator": "imported:mt"})
    assert taken.value.key == "baselines.others"


def test_the_target_is_not_among_those_that_transfer_learns_from(news: xprojdb.Database, tmp_path: Path) -> None:
    chosen = recipe(tmp_path, baselines={"methods": ["projection", "transfer"], "targets": ["de"]})
    result = news.baselines(chosen)
    assert set(result.report.models["tiny-transfer-de"].samples) == {"en", "es"}
    assert result.report.recipes == {"projection": "names", "transfer": "tiny-transfer"}


def test_methods_that_need_gold_are_left_out_where_there_is_none(news: xprojdb.Database, tmp_path: Path) -> None:
    chosen = recipe(
        tmp_path, train={"splits": ["train"]},
        baselines={"methods": ["projection", "translate-train", "transfer"], "targets": ["de"], "pool": ["de"]},
    )  # fmt: skip
    result = news.baselines(chosen)
    assert list(result.report.recipes) == ["projection", "translate-train"]
    assert "no other language" in result.report.left_out["transfer"]
    assert any("transfer is left out" in note for note in result.notes)


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        ({"baselines": {}, "train": {"from": "gold"}}, "no-projection"),
        ({"self_train": {}, "train": {"from": "gold"}}, "no-projection"),
        ({"baselines": {"test": "train"}}, "test-chosen"),
    ],
)
def test_what_cannot_be_compared_is_refused(tmp_path: Path, tables: dict[str, Any], reason: str) -> None:
    with pytest.raises(RecipeError) as refused:
        recipe(tmp_path, **tables)
    assert refused.value.reason == reason


def test_baselines_need_a_table_and_a_projection(news: xprojdb.Database, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        news.baselines(recipe(tmp_path))
    assert refused.value.reason == "no-baselines"
    with pytest.raises(UsageError, match="nothing"):
        news.baselines(recipe(tmp_path, train={"from": "nothing"}, baselines={}))


class _Fixed:
    """States that are the words' own numbers."""

    def read(self, sentences: Any) -> list[Any]:
        return [np.array([[float(word)] for word in words], np.float16).reshape(-1, 1) for words in sentences]


def _head(slope: float) -> Head:
    arrays = {
        "mean": np.zeros(1, np.float32),
        "scale": np.ones(1, np.float32),
        "weight2": np.array([[0.0], [slope], [0.0]], np.float32),
        "bias2": np.zeros(3, np.float32),
    }
    return Head(("O", "B-X", "I-X"), arrays, {})


def test_the_mean_of_models_is_that_of_their_probabilities() -> None:
    heads = [_head(3.0), _head(-1.0)]
    taggers = [TrainedTagger(head, _Fixed()) for head in heads]  # type: ignore[arg-type]
    sentences = [("1", "-2"), (), ("0.5",)]
    result = AveragedTagger(taggers).tag_scored(sentences)
    for words, tagged in zip(sentences, result, strict=True):
        rows = np.array([[float(word)] for word in words], np.float32).reshape(-1, 1)
        mean = np.mean([np.exp(head.log_probabilities(rows)) for head in heads], axis=0)
        assert np.allclose(tagged.probabilities, mean, atol=1e-5)
        assert tagged.probabilities.shape == (len(words), 3)


def test_models_with_other_labels_have_no_mean(news: xprojdb.Database, tmp_path: Path) -> None:
    news.train(recipe(tmp_path, name="all", train={"from": "gold", "steps": 2}))
    news.train(recipe(tmp_path, name="people", labels=["PER"], train={"from": "gold", "steps": 2}))
    with pytest.raises(ModelError) as refused:
        news.run(
            xprojdb.Recipe(
                name="both", corpora=["news"], source=[], target=["de"],
                tag={"models": {"de": "trained:all+people"}}, combine={"method": "majority", "transfer": True},
            )
        )  # fmt: skip
    assert refused.value.reason == "labels"

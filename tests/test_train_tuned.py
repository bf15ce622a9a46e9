"""Tuned encoders: some of their weights change, a killed training goes on, and the models tag like any other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from children import HANG, start, wait_until
from conftest import XPROJDB
from sqlalchemy import delete, select
from training_sample import import_languages, train_toml

import xprojdb
from xprojdb.config.errors import RecipeError
from xprojdb.config.recipe import parse_recipe
from xprojdb.config.training import LoadedTraining, TrainingRecipe
from xprojdb.db import Database
from xprojdb.db import tables as t
from xprojdb.errors import MissingExtra, ModelError, UsageError
from xprojdb.evaluation.evaluate import evaluate_projections
from xprojdb.execution.run import run_plan
from xprojdb.maintenance.tuned_encoders import unnamed_folders
from xprojdb.models.store import tuned_folder
from xprojdb.planning.planner import plan_recipe
from xprojdb.study.run import run_study
from xprojdb.study.train import TrainReport, train_model
from xprojdb.training import tuning
from xprojdb.training.head import Head
from xprojdb.training.tuned_network import TunedNetwork

pytest.importorskip("accelerate")
pytest.importorskip("peft")
pytestmark = pytest.mark.slow

Write = Callable[..., Path]
ZERO = """
name = "zero"
corpora = ["news"]
source = []
target = ["es"]
splits = ["test"]
[tag]
models = { es = "trained:tiny" }
[combine]
method = "majority"
transfer = true
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def news(sqlite_database: Database, write_conll: Write) -> Database:
    import_languages(sqlite_database, write_conll, "en", "de", "es")
    return sqlite_database


def text_of(folder: Path, tune: str, *more: str, steps: int = 10, layer: int = 2) -> str:
    text = train_toml(folder, 'languages = ["en", "de"]', f'tune = "{tune}"', "tune_rate = 0.003", *more, steps=steps)
    return text.replace("layer = 0", f"layer = {layer}").replace("dropout = 0.0", "dropout = 0.1")


def train(database: Database, text: str, *, retry_failed: bool = False) -> TrainReport:
    return train_model(database, LoadedTraining(TrainingRecipe.from_toml(text), text), retry_failed=retry_failed)


def weights(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def changed(folder: Path, digest: str) -> set[str]:
    """The names of the weights that training has changed."""
    before, after = weights(folder / "encoder"), weights(tuned_folder(digest))
    assert set(after) <= set(before)
    return {name for name, array in after.items() if not np.array_equal(array, before[name])}


def head_of(database: Database) -> Head:
    with database.read() as connection:
        return Head.from_bytes(bytes(connection.execute(select(t.model.c.weights)).scalar_one()))


def failure(database: Database) -> str:
    """What the only failure says."""
    with database.read() as connection:
        return str(connection.execute(select(t.failure.c.message)).scalar_one())


@pytest.mark.parametrize(
    ("tune", "layers", "embeddings"),
    [("all", {"0", "1"}, True), ("last:1", {"1"}, False), ("lora:2", {"0", "1"}, False)],
)
def test_only_what_is_named_changes(
    news: Database, tmp_path: Path, tune: str, layers: set[str], embeddings: bool
) -> None:
    report = train(news, text_of(tmp_path, tune))
    names = changed(tmp_path, report.digest)
    assert {name.split(".")[2] for name in names if name.startswith("encoder.layer.")} == layers
    assert any(name.startswith("embeddings.") for name in names) == embeddings
    assert report.measures["trained_weights"] > 0
    assert not list(tuned_folder(report.digest).parent.glob("*.checkpoints"))


def test_a_tuned_model_is_a_tagger(news: Database, tmp_path: Path) -> None:
    text = text_of(tmp_path, "last:1", steps=80, layer=1).replace("tune_rate = 0.003", "tune_rate = 0.001")
    report = train(news, text)
    assert report.measures["losses"][0] > report.measures["losses"][-1]
    plan = plan_recipe(news, parse_recipe(ZERO))
    run_plan(news, plan)
    (scored,) = evaluate_projections(news, plan.labellings, resamples=10)
    assert scored.labels["PER"][0].f1 > 0.7
    assert train(news, text).run.run_id is None


def test_an_interrupted_training_goes_on_and_ends_as_one_that_was_not(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(tmp_path, "last:1", steps=20)
    losses, count = TunedNetwork._losses, 0

    def dying(self: TunedNetwork, *arguments: torch.Tensor) -> torch.Tensor:
        nonlocal count
        count += 1
        if count > 11:
            raise RuntimeError("interrupted")
        return losses(self, *arguments)

    monkeypatch.setattr(TunedNetwork, "_losses", dying)
    assert train(news, text).sha256 is None
    (checkpoints,) = (tmp_path / "cache" / "tuned").glob("*.checkpoints")
    assert not list((tmp_path / "cache" / "tuned").glob("*.part"))
    # What a kill in the middle of writing leaves: a newer checkpoint without its last file.
    (checkpoints / "checkpoint-12").mkdir()
    monkeypatch.setattr(TunedNetwork, "_losses", losses)
    report = train(news, text, retry_failed=True)
    assert report.measures["resumed"] == 10
    resumed, head = weights(tuned_folder(report.digest)), head_of(news)
    with news.write() as connection:
        for table in (t.model, t.outcome):
            step = connection.execute(select(t.step.c.id).where(t.step.c.digest == report.digest)).scalar_one()
            connection.execute(delete(table).where(table.c.step_id == step))
    assert train(news, text).measures["resumed"] == 0
    for name, array in weights(tuned_folder(report.digest)).items():
        np.testing.assert_allclose(array, resumed[name], atol=1e-6)
    for name, array in head_of(news).arrays.items():
        np.testing.assert_allclose(array, head.arrays[name], atol=1e-6)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """As in the children of tests.

    The biases of keys have no gradient: last bits of sums, which depend on the number of threads, move them.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_killed_training_goes_on_from_its_last_checkpoint(
    write_conll: Write, tmp_path: Path, child_env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = text_of(tmp_path, "last:1", steps=150)
    (tmp_path / "tiny.toml").write_text(text, encoding="utf-8")
    path = tmp_path / "killed.db"
    with xprojdb.open(path, create=True) as database:
        import_languages(database.store, write_conll, "en", "de")
    command = [XPROJDB, "--db", path, "train", tmp_path / "tiny.toml"]
    environment = child_env | {"XPROJDB_CACHE": str(tmp_path / "killed")}
    child = start(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_until(lambda: list((tmp_path / "killed").glob("tuned/*.checkpoints/*/trainer_state.json")), child)
    child.kill()
    child.wait(HANG)
    assert not list((tmp_path / "killed").glob("tuned/*/model.safetensors"))
    ended = {}
    for name, cache in (("killed", tmp_path / "killed"), ("whole", tmp_path / "cache")):
        monkeypatch.setenv("XPROJDB_CACHE", str(cache))
        with xprojdb.open(tmp_path / f"{name}.db", create=True) as database:
            if name == "whole":
                import_languages(database.store, write_conll, "en", "de")
            report = train(database.store, text)
            ended[name] = report.measures["resumed"], weights(tuned_folder(report.digest))
    assert ended["killed"][0] >= 15 and ended["whole"][0] == 0
    for layer, array in ended["whole"][1].items():
        np.testing.assert_allclose(array, ended["killed"][1][layer], atol=1e-5)
    assert not list((tmp_path / "killed").glob("tuned/*.checkpoints"))


def test_an_encoder_that_is_gone_or_changed_tags_nothing(news: Database, tmp_path: Path) -> None:
    report = train(news, text_of(tmp_path, "last:1", steps=2))
    folder = tuned_folder(report.digest)
    file = folder / "model.safetensors"
    kept = file.read_bytes()
    file.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    with pytest.raises(ModelError) as refused:
        run_plan(news, plan_recipe(news, parse_recipe(ZERO)))
    assert refused.value.wanted == head_of(news).about["tuned"]
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(ModelError) as refused:
        run_plan(news, plan_recipe(news, parse_recipe(ZERO)))
    assert refused.value.reason == "no-weights"


def test_it_is_exported_with_its_tuned_encoder(news: Database, tmp_path: Path) -> None:
    train(news, text_of(tmp_path, "lora:2", steps=5))
    from xprojdb.exports.models.exporting import export_model

    done = export_model(news, "tiny", tmp_path / "tagger")
    assert done.checked > 0
    assert "trained with it (`lora:2`)" in (tmp_path / "tagger" / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("module", "tune"), [("accelerate", "all"), ("peft", "lora:2")])
def test_a_library_that_is_missing_is_named_before_anything_is_done(
    news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, tune: str
) -> None:
    for name in [loaded for loaded in sys.modules if loaded.split(".")[0] == module]:
        monkeypatch.delitem(sys.modules, name)

    class Missing:
        def find_spec(self, name: str, *_: object) -> None:
            if name == module:
                raise ModuleNotFoundError(name=name)

    monkeypatch.setattr(sys, "meta_path", [Missing(), *sys.meta_path])
    with pytest.raises(MissingExtra) as refused:
        train(news, text_of(tmp_path, tune))
    assert (refused.value.extra, refused.value.module) == ("tune", module)
    assert not (tmp_path / "cache").exists()


def test_a_full_disk_is_told(news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tuning._Tuning, "save", full)
    assert train(news, text_of(tmp_path, "last:1", steps=2)).sha256 is None
    assert "No space left" in failure(news)


def test_a_loss_that_is_no_number_is_told(news: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: TunedNetwork, scores: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        return scores.sum(-1) * right * float("nan")

    monkeypatch.setattr(TunedNetwork, "_losses", broken)
    assert train(news, text_of(tmp_path, "all", steps=20)).sha256 is None
    assert failure(news).startswith("the loss is nan")


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ('tune = "last:3"\nlayer = 2', "train.tune"),
        ('tune = "lora"', "train.tune"),
        ('tune = "all"\ntask = "nli"', "train.tune"),
        ('tune = "all"\ndev = "validation"', "train.dev"),
        ("tune_rate = 0.1", "train.tune_rate"),
    ],
)
def test_what_cannot_be_followed_is_told_with_its_key(more: str, key: str) -> None:
    with pytest.raises(RecipeError) as refused:
        TrainingRecipe.from_toml(f'name = "x"\ncorpora = ["news"]\n[train]\n{more}\n')
    assert refused.value.key == key


def test_a_study_trains_heads_only(news: Database, tmp_path: Path) -> None:
    text = text_of(tmp_path, "all").replace('languages = ["en", "de"]', "")
    text += '[study]\npool = ["en"]\ntargets = ["es"]\nk = [1]\nbudgets = { fixed = 4 }\n'
    with pytest.raises(UsageError) as refused:
        run_study(news, LoadedTraining(TrainingRecipe.from_toml(text), text))
    assert refused.value.reason == "tuned"


def test_encoders_that_nothing_names_are_told_and_freed_by_their_age(news: Database, tmp_path: Path) -> None:
    forgotten = tuned_folder(train(news, text_of(tmp_path, "last:1", steps=2)).digest)
    # The recipe names its last training.
    used = tuned_folder(train(news, text_of(tmp_path, "last:1", steps=3)).digest)
    part = used.with_name(f"{'0' * 32}.checkpoints")
    (part / "checkpoint-1").mkdir(parents=True)
    others = [used.with_name(name) for name in ("notes", "0" * 31)]
    for other in others:
        other.mkdir()
        age(other)
    age(used)
    age(forgotten)
    with xprojdb.open(news.url) as database:
        told = database.gc(dry_run=True)
        assert {one.path: round(one.days) for one in told.report.tuned} == {part: 0, forgotten: 40}
        size = {entry["folder"]: entry["bytes"] for entry in told.to_json()["tuned"]}[str(forgotten)]
        assert size >= (forgotten / "model.safetensors").stat().st_size
        assert forgotten.name in str(told)
        assert database.gc().report.freed_tuned == [] and forgotten.is_dir()
        freed = database.gc(tuned_days=30)
    assert [one.path for one in freed.report.freed_tuned] == [forgotten]
    assert set(used.parent.iterdir()) == {used, part, *others}


def test_reading_a_tuned_encoder_keeps_it_young(news: Database, tmp_path: Path) -> None:
    folder = tuned_folder(train(news, text_of(tmp_path, "last:1", steps=2)).digest)
    age(folder)
    run_plan(news, plan_recipe(news, parse_recipe(ZERO)))
    with news.read() as connection:
        every = list(connection.execute(select(t.step.c.id)).scalars())
        (found,) = unnamed_folders(connection, doomed=every)
    assert found.path == folder and found.days < 1


def age(folder: Path, days: float = 40) -> None:
    """Set the times of a folder and its files back."""
    then = time.time() - 86_400 * days
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (then, then))


def test_the_command(run_cli, write_conll: Write, tmp_path: Path) -> None:
    with xprojdb.open(tmp_path / "xprojdb.db", create=True) as database:
        import_languages(database.store, write_conll, "en", "de")
    (tmp_path / "tiny.toml").write_text(text_of(tmp_path, "last:1", steps=3), encoding="utf-8")
    done = run_cli("train", "tiny.toml", "--json")
    assert done.code == 0, done.stderr
    assert json.loads(done.stdout)["measures"]["trained_weights"] > 0

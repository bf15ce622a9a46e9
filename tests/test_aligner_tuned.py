"""An encoder that learns from the translations it aligns, and words by their first sub-words."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from children import start, wait_until
from conftest import XPROJDB
from model_checkpoints import tiny_checkpoint, word_pairs
from projection_sample import english, german, import_sample
from sqlalchemy import delete, select

from xprojdb.config.recipe import parse_recipe
from xprojdb.db import Database, open_database
from xprojdb.db import tables as t
from xprojdb.errors import ModelError, Unfinished, XprojdbError
from xprojdb.execution.progress import StopRequest
from xprojdb.execution.run import run_plan
from xprojdb.models.aligners.encoder import EncoderAligner
from xprojdb.models.aligners.encoder_params import AlignerParams
from xprojdb.models.aligners.tuning import training
from xprojdb.models.aligners.tuning.aligner import TunableAligner
from xprojdb.models.aligners.tuning.network import LinkNetwork, contrast_loss, link_loss
from xprojdb.models.aligners.tuning.params import TuningParams
from xprojdb.models.aligners.tuning.training import tune
from xprojdb.models.encoders.adapters import linear_maps
from xprojdb.models.encoders.encoder import Encoder
from xprojdb.planning.planner import plan_recipe

torch = pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("peft")
pytest.importorskip("accelerate")

Write = Callable[..., Path]
COMPARED = AlignerParams(layer=3)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("tiny") / "encoder", positions=64)


def test_the_link_loss_is_that_of_the_paper() -> None:
    random = np.random.default_rng(1)
    for _ in range(20):
        left, right = (random.normal(size=(random.integers(1, 5), 6)) for _ in range(2))
        cosine = (left @ right.T) / np.linalg.norm(left, axis=1)[:, None] / np.linalg.norm(right, axis=1)
        raised = np.exp((cosine + 1) / 2 / 0.1)
        forward, backward = raised / raised.sum(1, keepdims=True), raised / raised.sum(0)
        so = 0.0
        for i in range(len(left)):
            for j in range(len(right)):
                best = cosine[i, j] == cosine[i].max() == cosine[:, j].max()
                if best and np.sqrt(forward[i, j] * backward[i, j]) > 0.1:
                    so -= (forward[i, j] / len(left) + backward[i, j] / len(right)) / 2
        co = -(forward * backward).sum() / min(cosine.shape)
        tensors = [torch.from_numpy(side) for side in (left, right)]
        assert float(link_loss(*tensors, 0.1, ("so",))) == pytest.approx(so)
        assert float(link_loss(*tensors, 0.1, ("so", "co"))) == pytest.approx(so + co)


def test_the_contrast_is_least_where_translations_are_most_alike() -> None:
    assert float(contrast_loss(torch.eye(3) * 9)) < float(contrast_loss(torch.eye(3)))
    assert float(contrast_loss(torch.zeros(4, 4))) == pytest.approx(np.log(4))


def test_tuning_lowers_the_loss_and_leaves_the_encoder_as_it_is(checkpoint: Path, tmp_path: Path) -> None:
    encoder, params = (
        Encoder(str(checkpoint)),
        TuningParams(epochs=4, rate=0.02, batch=4, trained_layers=2, objectives=("so", "psi")),
    )
    before = encoder.word_vectors([["anna", "met"]], 3)[0].copy()
    tuned = tune(encoder, word_pairs(), COMPARED, params, tmp_path / "new")
    assert tuned.losses[-1] < tuned.losses[0] and len(tuned.losses) == 4
    assert np.array_equal(encoder.word_vectors([["anna", "met"]], 3)[0], before)
    again = tune(Encoder(str(checkpoint)), word_pairs(), COMPARED, params, tmp_path / "new")
    assert again == tuned and not (tmp_path / "new").exists()


def test_nothing_to_learn_from(checkpoint: Path, tmp_path: Path) -> None:
    assert tune(Encoder(str(checkpoint)), [([], ["a"])], COMPARED, TuningParams(), tmp_path / "new").losses == (0, 0)


class Steps:
    """Counts the steps of trainings, and asks them to stop after some."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, most: int = 1_000) -> None:
        self.count, self.most = 0, most
        forward = LinkNetwork.forward

        def counted(network: LinkNetwork, pairs: Any) -> Any:
            self.count += 1
            return forward(network, pairs)

        monkeypatch.setattr(LinkNetwork, "forward", counted)

    def enough(self) -> bool:
        return self.count >= self.most


def test_a_tuning_goes_on_where_it_was_stopped_and_learns_the_same(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = TuningParams(epochs=3, rate=0.02, batch=3, objectives=("so", "psi"))
    whole = tune(Encoder(str(checkpoint)), word_pairs(), COMPARED, params, tmp_path / "whole")
    steps = Steps(monkeypatch, most=5)
    with pytest.raises(Unfinished):
        tune(Encoder(str(checkpoint)), word_pairs(), COMPARED, params, tmp_path / "new", steps.enough)
    assert len(list(tmp_path.glob("new/*/checkpoint-5"))) == 1
    # What a kill in the middle of writing leaves: a newer checkpoint without its last file.
    next(tmp_path.glob("new/*/checkpoint-5")).with_name("checkpoint-8").mkdir()
    steps.most = 100
    assert tune(Encoder(str(checkpoint)), word_pairs(), COMPARED, params, tmp_path / "new", steps.enough) == whole
    assert steps.count == 9 and not (tmp_path / "new").exists()


def test_checkpoints_of_other_sentences_are_not_gone_on_from(
    checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encoder, params, steps = Encoder(str(checkpoint)), TuningParams(batch=3), Steps(monkeypatch, most=2)
    with pytest.raises(Unfinished):
        tune(encoder, word_pairs(), COMPARED, params, tmp_path / "new", steps.enough)
    steps.count, steps.most = 0, 100
    tune(encoder, word_pairs()[:6], COMPARED, params, tmp_path / "new", steps.enough)
    assert steps.count == 4 and not (tmp_path / "new").exists()


def test_no_room_for_checkpoints_is_told(checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training, "_train", full)
    with pytest.raises(XprojdbError) as told:
        tune(Encoder(str(checkpoint)), word_pairs(), COMPARED, TuningParams(), tmp_path / "new")
    assert told.value.reason == "no-room"


def test_an_aligner_has_what_was_learned(checkpoint: Path, tmp_path: Path) -> None:
    load = partial(Encoder, str(checkpoint))
    tunable = TunableAligner(load, COMPARED, TuningParams(epochs=2, rate=0.02, batch=4, objectives=("so", "co", "psi")))
    learned = tunable.learn(word_pairs(), tmp_path / "new")
    aligner = tunable.trained(learned)
    assert isinstance(aligner, EncoderAligner)
    arrays = safetensors.numpy.load(base64.b64decode(learned["adapters"]))
    base, now = (dict(one.modules.named_parameters()) for one in (load(), aligner.encoder))
    changed = {name for name in base if not torch.equal(base[name], now[name])}
    assert changed == {f"{name}.weight" for name in linear_maps(load().modules, range(3))}
    for name in changed:
        path = f"base_model.model.{name.removesuffix('.weight')}"
        down, up = (arrays[f"{path}.lora_{side}.weight"].astype(np.float32) for side in "AB")
        assert (now[name] - base[name]).detach().numpy() == pytest.approx(up @ down, abs=1e-6)
    plain = EncoderAligner(load(), COMPARED).align(word_pairs())
    assert any(not np.allclose(a.scores, b.scores) for a, b in zip(aligner.align(word_pairs()), plain, strict=True)
               if a.scores.shape == b.scores.shape)  # fmt: skip


@pytest.mark.parametrize("pooling", ["first", "stem"])
def test_words_by_their_first_sub_words(checkpoint: Path, pooling: str) -> None:
    encoder = Encoder(str(checkpoint))
    aligner = EncoderAligner(encoder, AlignerParams(layer=2, pooling=pooling))  # type: ignore[arg-type]
    sentences = [words for pair in word_pairs() for words in pair]
    for units, own in zip(aligner.units(sentences), encoder.subword_vectors(sentences, 2), strict=True):
        assert units.words.tolist() == sorted(set(own.words.tolist()))
        for row, word in zip(units.vectors, units.words.tolist(), strict=True):
            pieces = own.vectors[own.words == word]
            weights = 1 / np.arange(1, len(pieces) + 1) if pooling == "stem" else np.eye(len(pieces))[0]
            assert row == pytest.approx((pieces * weights[:, None]).sum(0) / weights.sum(), abs=1e-5)
    assert [link.pairs.shape[1] for link in aligner.align(word_pairs())] == [2] * len(word_pairs())


def tuned_recipe(checkpoint: Path, epochs: int) -> str:
    keys = f'model = "{checkpoint}"\nlayer = 2\nepochs = {epochs}\nbatch = 4\ntrained_layers = 1\n'
    head = 'name = "t"\ncorpora = ["news"]\nsource = ["en"]\ntarget = ["de"]\n'
    return f'{head}[align]\naligner = "tuned"\n{keys}[[scorer]]\n'


def learned(database: Database) -> list[Any]:
    with database.read() as connection:
        query = select(t.artifact.c.content).join(t.step, t.step.c.id == t.artifact.c.step_id)
        return [json.loads(one) for one in connection.execute(query.where(t.step.c.kind == "tuned-encoder")).scalars()]


def test_a_run_that_is_stopped_goes_on_with_its_tuning(
    sqlite_database: Database, write_conll: Write, checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XPROJDB_CACHE", str(tmp_path / "cache"))
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    plan = plan_recipe(sqlite_database, parse_recipe(tuned_recipe(checkpoint, 4)))
    steps = Steps(monkeypatch, most=3)
    stop = StopRequest()
    monkeypatch.setattr(StopRequest, "requested", property(lambda own: own is stop and steps.enough()))
    report = run_plan(sqlite_database, plan, stop=stop)
    assert (report.stopped, report.failed, learned(sqlite_database)) == (True, 0, [])
    assert run_plan(sqlite_database, plan).failed == 0
    assert steps.count == 8 and not list(tmp_path.glob("cache/tuned/*"))
    assert len(learned(sqlite_database)) == 1


@pytest.mark.slow
def test_a_killed_run_goes_on_with_its_tuning_and_learns_the_same(
    sqlite_database: Database,
    write_conll: Write,
    checkpoint: Path,
    tmp_path: Path,
    child_env: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cache = str(tmp_path / "cache")
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    (tmp_path / "t.toml").write_text(tuned_recipe(checkpoint, 40), encoding="utf-8")
    command = [XPROJDB, "--db", tmp_path / "test.db", "run", tmp_path / "t.toml"]
    child = start(command, env=child_env | {"XPROJDB_CACHE": cache})
    wait_until(lambda: list(tmp_path.glob("cache/tuned/*/*/checkpoint-*/trainer_state.json")), child)
    child.kill()
    child.wait()
    assert learned(sqlite_database) == []
    monkeypatch.setenv("XPROJDB_CACHE", cache)
    steps = Steps(monkeypatch)
    with open_database(tmp_path / "test.db") as database:
        plan = plan_recipe(database, parse_recipe(tuned_recipe(checkpoint, 40)))
        assert run_plan(database, plan).failed == 0
        (resumed,) = learned(database)
        assert steps.count <= 60 and not list(tmp_path.glob("cache/tuned/*"))
        with database.write() as connection:
            fit = select(t.step.c.id).where(t.step.c.kind == "tuned-encoder").scalar_subquery()
            for table in (t.artifact, t.outcome):
                connection.execute(delete(table).where(table.c.step_id == fit))
        steps.count = 0
        run_plan(database, plan)
        assert steps.count == 80 and learned(database) == [resumed]


def test_a_recipe_tunes_once_and_links_later_sentences_with_it(
    sqlite_database: Database, write_conll: Write, checkpoint: Path
) -> None:
    import_sample(sqlite_database, write_conll, {"en": english(6), "de": german(6)})
    recipe = tuned_recipe(checkpoint, 1)
    plan = plan_recipe(sqlite_database, parse_recipe(recipe))
    assert run_plan(sqlite_database, plan).failed == 0
    with sqlite_database.read() as connection:
        query = select(t.step.c.kind, t.outcome.c.reason).join(t.step, t.step.c.id == t.outcome.c.step_id)
        reasons = dict(tuple(row) for row in connection.execute(query.where(t.step.c.kind == "tuned-encoder")))
        before = connection.execute(select(t.alignment.c.links).order_by(t.alignment.c.translation_id)).scalars().all()
    assert reasons["tuned-encoder"].startswith("learned:translations=6,losses=")
    assert run_plan(sqlite_database, plan_recipe(sqlite_database, parse_recipe(recipe))).done == 0
    assert len(before) == 6


def test_shared_layers_cannot_be_tuned(checkpoint: Path) -> None:
    encoder = Encoder(str(checkpoint))
    encoder.modules.config.num_hidden_layers = 77
    with pytest.raises(ModelError):
        linear_maps(encoder.modules, range(1))
